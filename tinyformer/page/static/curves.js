// How does a number go over the steps of a run?  Curves of several runs in one picture, with axes that fit them.

import {el, replace, svg} from './dom.js';

const [WIDE, TALL, LEFT, BELOW, ABOVE] = [480, 220, 56, 24, 8];

// Returns {node, show(series)}; a series is {place, name, points: [[step, value], ...], dashed}, its colour from
// `place`.
export function curves(title, {logarithmic = false} = {}) {
  const drawn = svg('svg', {viewBox: `0 0 ${WIDE} ${TALL}`, role: 'img'});
  const said = el('p', {class: 'readout'});
  const node = el('figure', {}, el('figcaption', {}, title), drawn, said);

  function show(series) {
    const all = series.flatMap(one => one.points);
    node.hidden = !all.length;
    if (!all.length) return;
    const scale = logarithmic && all.every(([, value]) => value > 0) ? Math.log10 : value => value;
    const [x0, x1] = ends(all.map(([step]) => step));
    const [y0, y1] = ends(all.map(([, value]) => scale(value)));
    const x = step => LEFT + (step - x0) / (x1 - x0) * (WIDE - LEFT - 8);
    const y = value => TALL - BELOW - (scale(value) - y0) / (y1 - y0) * (TALL - BELOW - ABOVE);
    const ticks = [0, 0.5, 1].map(share => y0 + share * (y1 - y0));
    replace(drawn,
      svg('path', {class: 'axis', fill: 'none', d: `M${LEFT} ${ABOVE}V${TALL - BELOW}H${WIDE - 8}`}),
      ticks.map((at, n) => svg('text',
        {x: LEFT - 5, y: TALL - BELOW - n / 2 * (TALL - BELOW - ABOVE) + 4, 'text-anchor': 'end'},
        short(scale === Math.log10 ? 10 ** at : at))),
      [[x0, 'start'], [x1, 'end']].map(([step, anchor]) => svg('text', {x: x(step), y: TALL - 8, 'text-anchor': anchor},
        `step ${Math.round(step)}`)),
      series.filter(one => one.points.length).map(one => (one.points.length === 1
        ? svg('circle', {class: `dot run-${one.place}`, cx: x(one.points[0][0]), cy: y(one.points[0][1]), r: 3})
        : svg('path', {class: `curve run-${one.place}${one.dashed ? ' dashed' : ''}`,
          d: `M${one.points.map(([step, value]) => `${x(step).toFixed(1)} ${y(value).toFixed(1)}`).join('L')}`}))));
    const last = series.filter(one => one.points.length)
      .map(one => `${one.name} ${short(one.points.at(-1)[1])}`).join(', ');
    said.textContent = `now: ${last}`;
    drawn.setAttribute('aria-label', `${title}, ${said.textContent}`);
  }

  return {node, show};
}

function ends(values) {
  const [low, high] = values.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)],
    [Infinity, -Infinity]);
  const middle = (low + high) / 2;                             // what is all but constant lies in the middle
  const half = Math.abs(middle) / 2 || 0.5;
  return high - low <= 1e-3 * Math.abs(middle) ? [middle - half, middle + half] : [low, high];
}

export function short(value) {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential(1) : String(Number(value.toPrecision(4)));
}

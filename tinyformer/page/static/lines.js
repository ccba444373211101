// Which token looks at which?  Two columns of tokens, and lines between them, those of one token while it is looked at.

import {el, percent, replace, svg} from './dom.js';
import {roving} from './roving.js';

const LEAST = 0.03;                                            // weights below are not drawn

// Returns {node, show(weights, asking, seen)}; weights are rows (T, S).
export function lines() {
  const left = el('div', {class: 'tokens-beside', role: 'group', 'aria-label': 'Tokens that look'});
  const right = el('ol', {class: 'tokens-beside', 'aria-label': 'Tokens that are looked at'});
  const drawn = svg('svg', {'aria-hidden': 'true', preserveAspectRatio: 'none'});
  const said = el('output', {class: 'readout'});
  const node = el('div', {}, el('div', {class: 'lines'}, left, drawn, right), said);

  function show(weights, asking, seen) {
    const count = Math.max(asking.length, seen.length);
    drawn.setAttribute('viewBox', `0 0 100 ${count}`);
    drawn.style.height = `${count * 1.75}rem`;
    const line = (w, t, s, opacity) => svg('line', {x1: 0, y1: t + 0.5, x2: 100, y2: s + 0.5, 'stroke-opacity': opacity,
      'stroke-width': 1 + 3 * w, 'vector-effect': 'non-scaling-stroke'});
    const draw = only => replace(drawn, weights.flatMap((row, t) => (only !== null && only !== t ? []
      : row.map((w, s) => (w < LEAST ? null : line(w, t, s, only === null ? w * 0.6 : w))))));
    const marks = seen.map(token => el('li', {}, el('span', {class: 'share'}), el('span', {class: 'token'}, token)));
    const look = t => {
      draw(t);
      marks.forEach((mark, s) => {
        mark.style.setProperty('--share', t === null ? 0 : weights[t][s]);
        mark.firstChild.textContent = t === null || weights[t][s] < LEAST ? '' : percent(weights[t][s]);
      });
      replace(said, t === null ? 'Point at a token, or go to it with Tab and the arrows, to see where it looks.'
        : sentence(weights[t], asking[t], seen));
    };
    replace(right, marks);
    replace(left, asking.map((token, t) => el('button', {type: 'button', class: 'token', onmouseenter: () => look(t),
      onfocus: () => look(t), onmouseleave: () => look(null), onblur: () => look(null)}, token)));
    roving(left);
    look(null);
  }

  return {node, show};
}

function sentence(row, asking, seen) {
  const best = row.map((w, s) => [w, s]).filter(([w]) => w >= LEAST).sort((a, b) => b[0] - a[0]).slice(0, 4);
  if (!best.length) return `${asking} looks nowhere: everything is hidden from it`;
  return `${asking} looks at ${best.map(([w, s]) => `${seen[s]} (${percent(w)})`).join(', ')}`;
}

// How do all weights of a head look at once?  As a matrix: a row for each token that looks, a column for each that is
// looked at.

import {el, percent} from './dom.js';

const CELL = 18;
const FONT = '12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace';

// Returns {node, show(weights, asking, seen)}.  The cell under the pointer, or that of the arrow keys, is said below.
export function matrix(title) {
  const canvas = el('canvas', {tabindex: 0, role: 'img',
    'aria-label': `${title}; the arrow keys go from cell to cell`});
  const said = el('output', {class: 'readout'});
  const node = el('div', {}, el('div', {class: 'scroll'}, canvas), said);
  let now = null;
  let at = [0, 0];

  function show(weights, asking, seen) {
    now = {weights, asking, seen};
    at = [Math.min(at[0], asking.length - 1), Math.min(at[1], seen.length - 1)];
    draw();
  }

  function draw() {
    const {weights, asking, seen} = now;
    const pen = canvas.getContext('2d');
    pen.font = FONT;
    const widest = names => Math.min(140, Math.max(...names.map(name => pen.measureText(name).width))) + 8;
    const [left, top] = [widest(asking), widest(seen)];
    const [wide, tall] = [left + seen.length * CELL + 2, top + asking.length * CELL + 2];
    const dense = window.devicePixelRatio || 1;
    canvas.width = wide * dense;
    canvas.height = tall * dense;
    canvas.style.width = `${wide}px`;
    canvas.style.height = `${tall}px`;
    pen.scale(dense, dense);
    const colour = name => getComputedStyle(canvas).getPropertyValue(name);
    pen.font = FONT;
    pen.fillStyle = colour('--ink');
    pen.textBaseline = 'middle';
    pen.textAlign = 'right';
    asking.forEach((name, t) => pen.fillText(name, left - 5, top + (t + 0.5) * CELL, left - 6));
    pen.textAlign = 'left';
    seen.forEach((name, s) => {
      pen.save();
      pen.translate(left + (s + 0.5) * CELL, top - 5);
      pen.rotate(-Math.PI / 2);
      pen.fillText(name, 0, 0, top - 6);
      pen.restore();
    });
    pen.fillStyle = colour('--mark');
    weights.forEach((row, t) => row.forEach((weight, s) => {
      pen.globalAlpha = Math.min(1, weight);
      pen.fillRect(left + s * CELL, top + t * CELL, CELL - 1, CELL - 1);
    }));
    pen.globalAlpha = 1;
    pen.strokeStyle = colour('--line');
    pen.strokeRect(left - 0.5, top - 0.5, seen.length * CELL, asking.length * CELL);
    pen.strokeStyle = colour('--warm');
    pen.lineWidth = 2;
    pen.strokeRect(left + at[1] * CELL, top + at[0] * CELL, CELL - 1, CELL - 1);
    said.textContent = `${asking[at[0]]} (${at[0] + 1}) looks at ${seen[at[1]]} (${at[1] + 1}): `
      + percent(weights[at[0]][at[1]]);
    canvas.dataset.left = left;
    canvas.dataset.top = top;
  }

  function go(t, s) {
    if (!now) return;
    at = [Math.max(0, Math.min(now.asking.length - 1, t)), Math.max(0, Math.min(now.seen.length - 1, s))];
    draw();
  }

  canvas.addEventListener('pointermove', event => {
    const box = canvas.getBoundingClientRect();
    go(Math.floor((event.clientY - box.top - canvas.dataset.top) / CELL),
      Math.floor((event.clientX - box.left - canvas.dataset.left) / CELL));
  });
  canvas.addEventListener('keydown', event => {
    const moves = {ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1]};
    const [down, right] = moves[event.key] ?? [0, 0];
    if (!down && !right) return;
    event.preventDefault();
    go(at[0] + down, at[1] + right);
  });
  return {node, show};
}

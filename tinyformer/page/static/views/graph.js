// A formula as a graph: forwards and backwards, one step after the other, with numbers.

import {el, replace, say} from '../dom.js';
import {stopped} from '../api.js';
import {button, choice, notice, numberBox, textBox} from '../controls.js';
import {picture} from '../picture.js';

export async function view(root, api, state) {
  const told = notice();
  const {examples, functions} = await api.ask('examples', {});
  const first = examples[0];
  const formula = textBox('A formula', {state, name: 'formula', value: first.formula, rows: 3, longest: 400,
    onrun: draw, hint: 'a line for each part: h = tanh(x @ w). Ctrl+Enter draws'});
  const sizes = textBox('The sizes of its arrays', {state, name: 'sizes', value: first.sizes, rows: 1, longest: 400,
    onrun: draw, hint: 'x 2 3; w 3 2 means: x has 2 rows of 3 numbers, w 3 of 2'});
  const seed = numberBox('Seed of their numbers', {state, name: 'seed', value: 0, min: 0, max: 1000000,
    onchange: draw});
  const begin = choice('An example', {state, name: 'example', value: '', options: [['', 'choose one'],
    ...examples.map((one, n) => [String(n), one.title])], onchange: n => {
    state.set({example: null, at: null});
    if (n === '') return;
    formula.value = examples[n].formula;
    sizes.value = examples[n].sizes;
    draw();
  }});
  const shown = el('div', {class: 'view'});
  replace(root, el('section', {class: 'panel', 'aria-label': 'The formula'}, begin.node, formula.node,
    el('div', {class: 'row'}, sizes.node, seed.node), el('details', {}, el('summary', {}, 'What can be written'),
      el('p', {}, 'Names, numbers, + - * / @ **, .T, brackets, and these functions:'), el('p', {}, el('code', {},
        functions.join(', ')))),
    el('div', {class: 'row'}, button('Draw', draw, {class: 'main'})), told.node), shown);

  async function draw() {
    try {
      const found = await api.ask('steps', {formula: formula.value, sizes: sizes.value, seed: Math.round(seed.value)});
      told.clear();
      if (found.note) told.say(found.note);
      replace(shown, pictureOf(found));
    } catch (error) {
      if (stopped(error)) return;
      replace(shown);
      told.fail(error.message);
    }
  }

  function pictureOf(found) {
    const drawing = el('div', {class: 'picture', tabindex: 0, role: 'group', 'aria-label': 'The graph'},
      picture(found.picture));
    const count = found.forward.length;
    const panel = el('div', {'aria-live': 'polite'});
    const title = el('strong', {});
    const back = button('Back', () => go(at - 1));
    const next = button('Next step', () => go(at + 1));
    let at = 0;

    // Steps 0 ... count - 1 run forwards, the others backwards, the last op first.
    function go(to) {
      at = Math.max(0, Math.min(2 * count - 1, to));
      const forwards = at < count;
      const step = forwards ? found.forward[at] : found.backward[at - count];
      const key = forwards ? at : 2 * count - 1 - at;
      drawing.querySelectorAll('.now').forEach(node => node.classList.remove('now'));
      drawing.querySelector(`.step-${key}`)?.classList.add('now');
      title.textContent = forwards ? `Forwards ${at + 1} of ${count}` : `Backwards ${at - count + 1} of ${count}`;
      replace(panel, ...(forwards ? forward(step) : backward(step)));
      back.disabled = at === 0;
      next.disabled = at === 2 * count - 1;
      state.set({at: at || null});
    }

    const node = el('section', {class: 'panel', 'aria-label': 'Steps', onkeydown: event => {
      const move = {ArrowRight: 1, ArrowLeft: -1}[event.key];
      if (!move || event.target === drawing) return;
      event.preventDefault();
      go(at + move);
    }}, drawing,
    found.weighted ? el('p', {class: 'question'}, 'A gradient is that of one number. This formula gives several, so '
      + 'the last two steps add them up, each with a weight drawn by chance (dout): with ones, some gradients would be '
      + '0 whatever the formula.') : null,
    el('div', {class: 'steps-at'}, back, next, button('To the way back', () => go(count)), title), panel,
    el('h2', {}, 'The arrays that go in'),
    el('div', {class: 'arrays'}, found.arrays.map(one => el('div', {},
      labelled(`${one.name} (${one.shape.join(', ')})`, one.numbers),
      one.gradient.length ? labelled(`gradient of ${one.name}`, one.gradient, 'gradient') : null))));
    go(state.number('at', 0));
    say(`The graph has ${count} steps`);
    return node;
  }

  function forward(step) {
    return [el('p', {}, el('code', {}, `${step.name} = ${step.op}(${step.inputs.join(', ')})`)),
      el('p', {class: 'question'}, step.about),
      labelled(`${step.name}, shape (${step.shape.join(', ')})`, step.numbers)];
  }

  function backward(step) {
    return [el('p', {}, 'What arrives at ', el('code', {}, `${step.name}, from ${step.op}`), ': how much the last '
      + 'number moves when each of these does'), labelled('dout', step.dout, 'gradient'),
    el('p', {}, 'What its backward hands on'),
    el('div', {class: 'arrays'}, step.gives.map(one => el('div', {}, labelled(`to ${one.to}`, one.numbers, 'gradient'),
      same(one.numbers, one.gathered) ? null : labelled(`gathered at ${one.to} by now`, one.gathered, 'gradient'))))];
  }

  await draw();
}

function labelled(name, rows, kind) {
  const cells = row => (row.length ? row : ['\u00a0']).map(value => el('td', {}, value));
  return el('figure', {class: kind}, el('figcaption', {}, name), el('div', {class: 'scroll'},
    el('table', {class: 'numbers'}, el('tbody', {}, rows.map(row => el('tr', {}, cells(row)))))));
}

function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

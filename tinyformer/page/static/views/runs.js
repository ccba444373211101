// Runs while they train: their curves beside one another, and what the newest model of one writes.

import {el, replace} from '../dom.js';
import {stopped} from '../api.js';
import {button, choice, notice, textBox} from '../controls.js';
import {curves} from '../curves.js';

const EVERY = 2000;                                            // milliseconds from one look to the next
const MOST = 6;                                                // runs in one picture, which have a colour each
const KNOWN = [['loss', 'Loss, in training', {logarithmic: true}], ['learning_rate', 'Learning rate', {}],
  ['grad_norm', 'Norm of the gradient', {logarithmic: true}], ['tokens a second', 'Tokens a second', {}]];

export async function view(root, api, state) {
  const told = notice();
  const list = el('fieldset', {class: 'run-list'});
  const pictures = el('div', {class: 'curves'});
  const drawn = el('section', {class: 'panel', 'aria-label': 'Curves', hidden: true}, pictures);
  const made = new Map();
  const checkpoints = new Map();
  const problem = notice();
  const written = el('ol', {class: 'samples'});
  const from = choice('Samples of', {state, name: 'sample', value: '', options: [['', 'no run']], onchange: () => {
    replace(written);
    checkpoints.clear();
    look();
  }});
  const text = textBox('They go on with, or fill in, or rewrite', {state, name: 'text', value: 'The', rows: 1,
    longest: 500, onrun: write});
  const paused = button('Pause', () => {
    stop = !stop;
    paused.textContent = stop ? 'Go on' : 'Pause';
    if (!stop) look();
  });
  replace(root,
    el('section', {class: 'panel', 'aria-label': 'Runs'}, list, el('div', {class: 'row'}, paused), told.node), drawn,
    el('section', {class: 'panel', 'aria-label': 'Samples'}, el('h2', {}, 'What it writes by now'),
      el('p', {class: 'question'},
        'Whenever a run keeps a checkpoint, the model in it is asked once more, with the same chance.'),
      el('div', {class: 'row'}, from.node, text.node, button('Write now', write)), problem.node, written));

  let stop = false;
  let timer = null;
  const chosen = () => (state.get('runs') || '').split('.').filter(Boolean).map(Number).slice(0, MOST);

  async function showRuns() {
    const {runs} = await api.ask('listed', {});
    if (!runs.length) {
      told.say('There is no run yet. Begin one in another terminal, python -m tinyformer pretrain gpt --out '
        + 'runs/mine ..., or name a folder: python -m tinyformer page --run DIR');
      return false;
    }
    if (!chosen().length) state.set({runs: String(runs[0].number)});
    replace(list, el('legend', {}, 'Runs'), runs.map(run => {
      const box = el('input', {type: 'checkbox', onchange: () => {
        const left = chosen().filter(number => number !== run.number);
        state.set({runs: (box.checked ? [...left, run.number] : left).slice(-MOST).join('.') || null});
        look(true);
      }});
      box.checked = chosen().includes(run.number);
      const place = chosen().indexOf(run.number);
      return el('label', {}, box, el('span', {class: place < 0 ? 'swatch' : `swatch run-${place}`}), run.name);
    }));
    const kept = from.box.value || state.get('sample');
    replace(from.box, el('option', {value: ''}, 'no run'),
      runs.map(run => el('option', {value: run.number}, run.name)));
    from.box.value = runs.some(run => String(run.number) === kept) ? kept : '';
    return true;
  }

  async function look(anew = false) {
    clearTimeout(timer);
    try {
      if (!anew && list.childElementCount || await showRuns()) await draw();
    } catch (error) {
      if (stopped(error)) return;
      told.fail(error.message);
    }
    if (!stop && !api.signal.aborted) timer = setTimeout(look, EVERY);
  }

  async function draw() {
    const {runs} = await api.ask('curves', {runs: chosen()});
    const empty = runs.filter(run => !run.lines).map(run => run.name);
    if (empty.length) {
      told.say(`${empty.join(', ')}: nothing is written yet; the first line comes with the first steps`);
    } else told.clear();
    drawn.hidden = runs.length === empty.length;
    const names = [...new Set(runs.flatMap(run => Object.keys(run.validation)))];
    const wanted = [...KNOWN, ...names.map(name => [`validation ${name}`, `Validation: ${name}`, {}])];
    for (const [key, title, how] of wanted) {
      if (!made.has(key)) {
        made.set(key, curves(title, how));
        pictures.append(made.get(key).node);
      }
      made.get(key).show(runs.map(run => ({place: chosen().indexOf(run.number), name: run.name,
        points: (key.startsWith('validation ') ? run.validation[key.slice(11)] : run.curves[key]) ?? []})));
    }
    for (const [key, one] of made) if (!wanted.some(([name]) => name === key)) one.show([]);
    const watched = runs.find(run => String(run.number) === from.value);
    if (watched?.checkpoint && checkpoints.get(watched.number) !== watched.checkpoint) {
      checkpoints.set(watched.number, watched.checkpoint);
      await write();
    }
  }

  async function write() {
    if (from.value === '') return problem.say('Choose a run first');
    try {
      const found = await api.ask('sample', {run: Number(from.value), text: text.value}, {onPlace: problem.place});
      problem.clear();
      written.prepend(el('li', {}, el('strong', {}, found.from), el('pre', {}, found.text)));
      while (written.childElementCount > 12) written.lastChild.remove();
    } catch (error) {
      if (!stopped(error)) problem.fail(error.message);
    }
  }

  await look();
  return () => clearTimeout(timer);
}

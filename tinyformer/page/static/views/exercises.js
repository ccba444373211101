// The exercises: which are solved, and what the judge said last of those that were begun.

import {el, replace} from '../dom.js';
import {stopped} from '../api.js';
import {button, choice, notice} from '../controls.js';

const KINDS = {all: () => true, begun: one => one.begun && !one.solved, solved: one => one.solved,
  open: one => !one.solved};

export async function view(root, api, state) {
  const told = notice();
  const count = el('p', {class: 'answer'});
  const list = el('div', {});
  const which = choice('Show', {state, name: 'show', value: 'all', onchange: draw, options: [['all', 'all'],
    ['begun', 'begun and not solved'], ['open', 'not solved'], ['solved', 'solved']]});
  replace(root, el('section', {class: 'panel', 'aria-label': 'Which'}, count, el('div', {class: 'row'}, which.node,
    button('Look again', look)), el('p', {class: 'question'}, 'Nothing is run here. In a terminal, ',
    el('code', {}, 'python -m tinyformer exercise NAME'), ' writes a file to fill, and ', el('code', {}, '--check'),
    ' judges it.'), told.node), el('section', {class: 'panel', 'aria-label': 'Exercises'}, list));
  let found = null;

  async function look() {
    try {
      found = await api.ask('listed', {});
      told.clear();
      draw();
    } catch (error) {
      if (!stopped(error)) told.fail(error.message);
    }
  }

  function draw() {
    if (!found) return;
    count.textContent = `${found.solved} of ${found.count} are solved`;
    const wanted = KINDS[which.value] ?? KINDS.all;
    const chapters = found.chapters.map(chapter => [chapter, chapter.exercises.filter(wanted)])
      .filter(([, some]) => some.length);
    const open = chapters.length < 4 || which.value !== 'all';
    const solved = all => all.filter(one => one.solved).length;
    replace(list, chapters.length ? chapters.map(([{title, exercises}, some]) => el('details', {open},
      el('summary', {}, `${title}: ${solved(exercises)} of ${exercises.length}`),
      some.map(exercise))) : el('p', {}, 'There is none of this kind.'));
  }

  await look();
}

function exercise(one) {
  const state = one.solved ? 'solved' : one.begun ? 'begun' : 'not begun';
  return el('div', {class: 'exercise'}, el('p', {}, el('code', {}, one.name), ' ',
    el('span', {class: `state ${one.solved ? 'solved' : ''}`}, state), one.hints ? `, hints seen: ${one.hints}` : ''),
  el('p', {}, one.question[0].toUpperCase() + one.question.slice(1)),
  one.says && !(one.solved && one.says === 'Right.') ? el('p', {class: 'notice calm'},
    one.changed ? 'Before the file was last saved, the judge said: ' : 'The judge said: ', one.says) : null);
}

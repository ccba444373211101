// What a head says of a text: classes with bars, words with tags, a number, an answer marked in its passage.

import {el, replace, percent} from '../dom.js';
import {stopped} from '../api.js';
import {bars} from '../bars.js';
import {button, modelChoice, notice, textBox} from '../controls.js';

const FIRST = {text: 'Anna lives in Oakford .', first: 'Anna lives in Oakford.', second: 'Oakford is where Anna lives.',
  question: 'Where does Anna live?', document: 'Anna is a doctor. She lives in Oakford and works in the town hall.'};

export async function view(root, api, state) {
  const told = notice();
  const models = modelChoice(api, state, () => begin());
  const typed = el('div', {});
  const shown = el('div', {class: 'said'});
  let boxes = [];
  replace(root, el('section', {class: 'panel', 'aria-label': 'What is asked'}, models.node, typed,
    el('div', {class: 'row'}, button('Ask', ask, {class: 'main'})), told.node),
  el('section', {class: 'panel', 'aria-label': 'What the model says'}, shown));

  async function begin() {
    try {
      const {names} = await api.ask('wanted', {model: models.number}, {onPlace: told.place});
      boxes = names.map(name => textBox(name[0].toUpperCase() + name.slice(1), {state, name, value: FIRST[name] ?? '',
        rows: name === 'document' ? 6 : 2, longest: 8000, onrun: ask, hint: 'Ctrl+Enter asks'}));
      replace(typed, boxes.map(box => box.node));
    } catch (error) {
      return fail(error);
    }
    await ask();
  }

  async function ask() {
    try {
      const request = {model: models.number, parts: boxes.map(box => box.value)};
      const found = await api.ask('predict', request, {onPlace: told.place});
      told.clear();
      if (found.cut) told.say(`The text was cut to ${found.most} tokens, as many as this model was trained to read.`);
      replace(shown, SHOWN.filter(([key]) => key in found.said).flatMap(([, show]) => show(found.said, found, boxes)));
    } catch (error) {
      fail(error);
    }
  }

  function fail(error) {
    if (stopped(error)) return;
    replace(shown);
    told.fail(error.message);
  }

  await begin();
}

// By what an answer holds, not by the name of a head: one that is new is shown as soon as it answers alike.
const SHOWN = [['probabilities', classes], ['tags', tagged], ['score', number], ['candidates', marked],
  ['text', plain]];

function classes(said) {
  const chosen = new Set(said.labels ?? [said.label]);
  const shown = bars('The probability of each class');
  shown.show(Object.entries(said.probabilities).sort((a, b) => b[1] - a[1])
    .map(([label, share]) => ({label, share, chosen: chosen.has(label)})));
  return [el('p', {class: 'answer'}, [...chosen].join(', ') || 'no label'), shown.node];
}

function tagged(said) {
  return [el('div', {class: 'tagged'}, said.words.map((word, i) => {
    const tag = said.tags[i] ?? 'not read';
    return el('span', {class: tag === 'O' ? 'tagged-word outside' : 'tagged-word'}, el('span', {}, word),
      el('small', {}, tag));
  }))];
}

function number(said) {
  return [el('p', {class: 'answer'}, said.score.toFixed(2)), el('p', {class: 'question'},
    'on the scale of the scores that the model was trained on')];
}

function plain(said) {
  return [el('p', {class: 'answer'}, said.text)];
}

function marked(said, found) {
  const within = word => said.start !== null && word.from < said.end && word.to > said.start;
  const passage = found.words.map(word => el('span', {class: within(word) ? 'scored answer-word' : 'scored',
    title: `start ${percent(word.start)}, end ${percent(word.end)}`}, el('span', {}, word.text),
  share(word.start, 'start'), share(word.end, 'end')));
  const list = bars('The best answers, with their shares');
  list.show(said.candidates.slice(0, 5).map((one, i) => ({key: i, label: one.answer, share: one.probability,
    chosen: i === 0 && said.answer !== ''})));
  return [el('p', {class: 'answer'}, said.answer || 'no answer'),
    el('div', {class: 'passage'}, passage),
    el('p', {class: 'question'}, 'Under each word its share of the start (upper bar) and of the end (lower bar).'),
    el('h2', {}, 'The best answers'), list.node];
}

function share(value, kind) {
  const bar = el('span', {class: `bar ${kind}`});
  bar.style.width = `${value * 100}%`;
  return el('span', {class: 'bar-track thin', 'aria-hidden': 'true'}, bar);
}

// Guesses at every blank; and one word in two sentences, layer by layer.

import {el, replace} from '../dom.js';
import {stopped} from '../api.js';
import {bars} from '../bars.js';
import {button, modelChoice, notice, textBox} from '../controls.js';

const BLANK = /\[MASK\]|<mask>/;                              // as it is typed, and as RoBERTa calls it

export async function view(root, api, state) {
  const models = modelChoice(api, state, () => { fill(); compare(); });
  const told = notice();
  const text = textBox('A text with [MASK] in it', {state, name: 'text', value: 'The [MASK] of the list is [MASK].',
    longest: 4000, onrun: fill, hint: 'Ctrl+Enter guesses; [MASK] may stand anywhere, several times'});
  const blanks = el('div', {class: 'blanks'});
  const whole = el('p', {class: 'filled'});
  const mask = button('Put a [MASK] here', () => {
    const {selectionStart: from, selectionEnd: to} = text.box;
    text.value = `${text.value.slice(0, from)}[MASK]${text.value.slice(to)}`;
    text.box.focus();
    text.box.setSelectionRange(from + 6, from + 6);
  });
  const word = textBox('A word', {state, name: 'word', value: 'list', rows: 1, longest: 100, onrun: compare});
  const first = textBox('in one sentence', {state, name: 'first', value: 'The list is empty.', rows: 2,
    onrun: compare});
  const second = textBox('and in another', {state, name: 'second', value: 'They list all names.', rows: 2,
    onrun: compare});
  const answer = notice();
  const layers = el('div', {class: 'layers'});

  replace(root,
    el('section', {class: 'panel', 'aria-label': 'Blanks'}, models.node, text.node,
      el('div', {class: 'row'}, button('Guess', fill, {class: 'main'}), mask), told.node, blanks, whole),
    el('section', {class: 'panel', 'aria-label': 'Two senses'}, el('h2', {}, 'One word in two sentences'),
      el('p', {class: 'question'}, 'How alike are its two vectors, from what enters the first layer to what leaves the '
        + 'last? 1 is the same direction. Beside it: what two other tokens of these sentences have on average.'),
      el('div', {class: 'row'}, word.node, first.node, second.node),
      el('div', {class: 'row'}, button('Compare', compare, {class: 'main'})), answer.node, layers));

  async function fill() {
    try {
      const found = await api.ask('fill', {model: models.number, text: text.value}, {onPlace: told.place});
      told.clear();
      replace(blanks, found.blanks.map((guesses, n) => {
        const shown = bars(`Guesses at blank ${n + 1}`);
        shown.show(guesses.map((guess, i) => ({key: i, label: guess.joins ? `…${guess.token}` : guess.token,
          share: guess.share, chosen: i === 0, onpick: () => put(n, guess)})));
        return el('div', {}, el('h2', {}, `[MASK] ${n + 1}`), shown.node);
      }));
      replace(whole, el('strong', {}, 'With the best guesses: '), found.filled);
    } catch (error) {
      fail(error, told, blanks, whole);
    }
  }

  // Write a guess in the place of the n-th blank, and ask again about those that are left.
  function put(n, {token, joins}) {
    let seen = -1;
    text.value = text.value.replace(new RegExp(`(\\s*)(${BLANK.source})`, 'g'), (match, space) => {
      seen += 1;
      return seen === n ? (joins ? '' : space) + token : match;
    });
    if (BLANK.test(text.value)) fill();
    else { replace(blanks); replace(whole, text.value); }
  }

  async function compare() {
    try {
      const request = {model: models.number, word: word.value, first: first.value, second: second.value};
      const found = await api.ask('senses', request, {onPlace: answer.place});
      answer.clear();
      replace(layers, el('div', {class: 'scroll'}, el('table', {}, el('thead', {}, el('tr', {},
        ...['', 'the word', 'other tokens'].map(name => el('th', {scope: 'col'}, name)))),
      el('tbody', {}, found.layers.map((layer, n) => el('tr', {},
        el('th', {scope: 'row'}, n ? `behind layer ${n}` : 'before layer 1'),
        cosine(layer.word, 'word'), cosine(layer.others, 'others')))))));
    } catch (error) {
      fail(error, answer, layers);
    }
  }

  function fail(error, place, ...shown) {
    if (stopped(error)) return;
    shown.forEach(node => replace(node));
    place.fail(error.message);
  }

  await fill();
  await compare();
}

function cosine(value, kind) {
  if (value === null) return el('td', {}, 'none');
  const bar = el('span', {class: `bar ${kind}`});
  bar.style.width = `${Math.max(0, value) * 100}%`;
  return el('td', {}, el('span', {class: 'cosine'}, el('span', {class: 'bar-track', 'aria-hidden': 'true'}, bar),
    el('span', {class: 'bar-number'}, value.toFixed(3))));
}

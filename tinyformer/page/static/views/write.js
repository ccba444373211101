// Text that streams, the distribution behind each of its tokens, and ways to go on otherwise.

import {el, replace, eachFrame, visible, say, percent} from '../dom.js';
import {stopped} from '../api.js';
import {bars} from '../bars.js';
import {roving} from '../roving.js';
import {button, choice, modelChoice, notice, numberBox, slider, textBox} from '../controls.js';

const FULL = 'The text is as long as it can be: choose a token of it and another in its place, or begin anew.';

export async function view(root, api, state) {
  root.classList.add('wide');
  let text = {given: 0, tokens: [], ids: [], context: 0};      // what stands there, token by token
  let shares = [];                                             // of each token, as it was drawn, where that is known
  let place = state.number('at', null);                        // tokens before the one looked at; null: the end
  let work = null;                                             // stops what is being written
  let aligned = null;                                          // where a decoder looked

  const models = modelChoice(api, state, () => { forget(); state.set({layer: null}); show(); });
  const rewrites = () => models.model.rewrites;
  const prompt = textBox('Prompt', {state, name: 'prompt', value: 'It was', longest: 4000, onrun: write,
    hint: 'Ctrl+Enter writes, Escape stops', onchange: () => { forget(); later(); }});
  const knob = {state, onchange: () => later()};
  const temperature = slider('Temperature', {...knob, name: 'temperature', value: 0.8, min: 0, max: 2, step: 0.05,
    shown: n => n ? n.toFixed(2) : '0: the most probable'});
  const topK = slider('Top k', {...knob, name: 'top_k', value: 0, min: 0, max: 100, step: 1,
    shown: n => n ? String(n) : 'all'});
  const topP = slider('Top p', {...knob, name: 'top_p', value: 1, min: 0.01, max: 1, step: 0.01,
    shown: n => n < 1 ? n.toFixed(2) : 'all'});
  const penalty = slider('Repetition penalty', {...knob, name: 'penalty', value: 1, min: 0.5, max: 2, step: 0.05,
    shown: n => n === 1 ? 'none' : n.toFixed(2)});
  const tokens = numberBox('Tokens', {state, name: 'tokens', value: 100, min: 1, max: 1000});
  const seed = numberBox('Seed', {state, name: 'seed', value: 0, min: 0, max: 1e9});
  const run = button('Write', write, {class: 'main'});
  const on = button('Go on', () => stream());
  const again = button('Again, next seed', () => { seed.value = seed.value + 1; write(); });
  const stop = button('Stop', () => work?.abort(), {disabled: true});
  const told = notice();
  const page = el('div', {class: 'running tokens', 'aria-label': 'The text, token by token'});
  roving(page);                                                // Tab comes to one token, the arrows to the others
  const source = el('div', {class: 'running tokens', 'aria-label': 'The source, token by token'});
  const which = el('p', {class: 'question'});
  const offered = bars('What may stand here, with the share of each');
  const layers = el('div', {class: 'row'});
  const sourcePanel = el('section', {class: 'panel', 'aria-label': 'Alignment'}, el('h2', {}, 'Where it looks'),
    el('p', {class: 'question'}, 'Point at a written token, or reach it with Tab: the source shows where it looked.'),
    layers, source);
  sourcePanel.hidden = true;

  replace(root,
    el('div', {class: 'stack'}, el('section', {class: 'panel', 'aria-label': 'What is written'}, models.node,
      prompt.node, el('div', {class: 'row'}, run, on, again, stop, tokens.node, seed.node), told.node, page),
    sourcePanel),
    el('section', {class: 'panel', 'aria-label': 'The next token'}, el('h2', {}, 'What may come next'), which,
      offered.node, el('h2', {}, 'How boldly to choose'), temperature.node, topK.node, topP.node, penalty.node));
  tokens.node.classList.add('small');
  seed.node.classList.add('small');
  const onkey = event => { if (event.key === 'Escape') work?.abort(); };
  document.addEventListener('keydown', onkey);

  const written = () => text.ids.slice(text.given);
  const full = number => text.room === 0 && number >= text.ids.length;
  const kept = () => state.get('written').split('.').filter(Boolean).map(Number);
  const settings = () => ({model: models.number, prompt: prompt.value, temperature: temperature.value,
    top_k: topK.value, top_p: topP.value, repetition_penalty: penalty.value});

  function forget() {
    work?.abort();
    text = {given: 0, tokens: [], ids: [], context: text.context};
    shares = [];
    at(null);
    aligned = null;
    sourcePanel.hidden = true;
    state.set({written: null});
  }

  function at(number) {
    place = number;
    state.set({at: number});
  }

  // ---- the text, and the distribution at one place of it ------------------------------------------------------------

  let asking = false;
  let wanted = false;
  async function later() {                                     // knobs move faster than the server answers
    wanted = true;
    if (asking || work) return;
    asking = true;
    while (wanted && !api.signal.aborted) { wanted = false; await show(); }
    asking = false;
  }

  // Ask for the text and the choices; false where something was wrong, or a newer question has ended this one.
  async function show() {
    try {
      const ids = text.ids.length ? written() : kept();
      const found = await api.ask('choose', {...settings(), written: ids, ...(place === null ? {} : {place})},
        {onPlace: told.place});
      told.clear();
      text = found;
      drawText();
      drawChoices(found.choices, found.place);
      if (rewrites() && ids.length && !aligned) await align();
      return true;
    } catch (error) {
      if (!stopped(error)) { told.fail(error.message); drawChoices([], 0); }
      return false;
    }
  }

  function drawText() {
    const first = rewrites() ? text.given : 0;                 // the start token of a decoder is no text
    const focused = page.contains(document.activeElement);
    replace(page, text.tokens.slice(first).flatMap((token, i) => tokenNodes(token, first + i)));
    const current = page.querySelector('[aria-current]') ?? page.querySelector('.token:last-of-type');
    current?.removeAttribute('tabindex');
    if (focused) current?.focus();
  }

  // A token, and the end of its line where it has one.
  function tokenNodes(token, number) {
    const share = shares[number];
    const node = el('button', {type: 'button', class: number < text.given ? 'token given' : 'token',
      title: share === undefined ? 'what else might have come?' : `${percent(share)}: what else might have come?`,
      'aria-label': visible(token), 'aria-current': number === place && 'true', tabindex: -1,
      onclick: () => look(number)},
    token === '' ? '·' : token.replaceAll('\n', '⏎'));
    if (share !== undefined) node.dataset.rare = share < 0.05 ? '3' : share < 0.2 ? '2' : share < 0.5 ? '1' : '0';
    if (rewrites()) {
      const shown = () => drawSource(number - text.given);
      node.addEventListener('pointerenter', shown);
      node.addEventListener('focus', shown);
    }
    return token.includes('\n') ? [node, el('br')] : [node];
  }

  function drawChoices(items, number) {
    const there = text.ids[number];
    const before = text.tokens.slice(0, number).join('').slice(-24);
    replace(which, full(number) ? FULL
      : number >= text.ids.length ? 'Behind the text as it stands; choose one, and it goes on from there. '
        + 'A line across a bar is the share before the settings below.'
      : [`In the place of “${visible(text.tokens[number] ?? '')}”, behind “${before}”: choose one, and it goes on from `
          + 'there; ',
        button('back to the end', () => look(null))]);
    offered.show(items.map(item => ({key: item.id, label: item.token, share: item.share, chosen: item.id === there,
      mark: item.share === item.plain ? undefined : item.plain, onpick: () => take(number, item.id)})));
  }

  async function look(number) {
    work?.abort();
    at(number === null || number < 1 ? null : number);
    await show();
  }

  // Go on with another token at a place; if that lies within the prompt, the prompt ends there.
  async function take(number, id) {
    if (full(number)) return told.say(FULL);
    work?.abort();
    const ids = text.ids.slice(0, number);
    if (number < text.given) {
      prompt.value = text.tokens.slice(0, number).join('');
      text = {...text, ids: [], tokens: []};
      state.set({written: String(id)});
    } else {
      text = {...text, ids: [...ids, id], tokens: text.tokens.slice(0, number)};
      state.set({written: written().join('.')});
    }
    shares = shares.slice(0, number);
    at(null);
    aligned = null;
    if (await show()) await stream();
  }

  // ---- writing ------------------------------------------------------------------------------------------------------

  async function write() {
    forget();
    if (await show()) await stream();
  }

  async function stream() {
    work?.abort();
    const mine = work = new AbortController();
    const began = performance.now();
    let count = 0;
    let fresh = [];
    at(null);
    aligned = null;
    stop.disabled = false;
    const draw = eachFrame(piece => {
      page.append(...fresh);
      fresh = [];
      drawChoices(piece.choices, text.ids.length);
    });
    try {
      await api.stream('write', {...settings(), written: written(), tokens: tokens.value, seed: seed.value}, piece => {
        if (mine !== work) return;
        if (piece.end) { draw(piece); return told.say('The model ended the text here.'); }
        count += 1;
        shares[text.ids.length] = piece.share;
        text.ids.push(piece.id);
        text.tokens.push(piece.token);
        fresh.push(...tokenNodes(piece.token, text.ids.length - 1));
        draw(piece);
      }, {signal: mine.signal, onPlace: told.place});
    } catch (error) {
      if (!stopped(error)) told.fail(error.message);
    }
    if (mine !== work) return;
    work = null;
    stop.disabled = true;
    state.set({written: written().join('.') || null});
    if (count && told.node.hidden) {
      told.say(`${count} tokens, ${Math.round(1000 * count / (performance.now() - began))} a second`);
      say(`${count} tokens are written`);
    }
    const message = told.node.textContent;
    const failed = told.node.classList.contains('wrong');
    await show();
    if (message && told.node.hidden) (failed ? told.fail : told.say)(message);
  }

  // ---- where a decoder looks ----------------------------------------------------------------------------------------

  async function align() {
    const layer = state.number('layer', null);                 // the last, where none was chosen
    aligned = await api.ask('align', {...settings(), written: written(), ...(layer === null ? {} : {layer})});
    sourcePanel.hidden = false;
    replace(layers, choice('Layer of the decoder', {state, name: 'layer', value: aligned.layer,
      options: Array.from({length: aligned.layers}, (_, n) => [n, String(n + 1)]),
      onchange: () => align().catch(error => { if (!stopped(error)) told.fail(error.message); })}).node);
    drawSource(aligned.weights.length - 1);
  }

  function drawSource(row) {
    if (!aligned?.weights[row]) return;
    const largest = Math.max(...aligned.weights[row]);
    replace(source, aligned.source.map((token, i) => {
      const weight = aligned.weights[row][i];
      const node = el('span', {class: 'token looked', title: percent(weight)}, visible(token));
      node.style.setProperty('--share', String(weight / largest));
      return node;
    }));
  }

  await show();
  return () => document.removeEventListener('keydown', onkey);
}

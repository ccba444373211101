// With what does one set something?  Controls that have a label, know their state, and tell when they were moved.

import {el, replace} from './dom.js';

let count = 0;

// A label above any control.
export function labelled(label, control, hint) {
  control.id ||= `control-${++count}`;
  const note = hint && el('small', {id: `${control.id}-hint`}, hint);
  if (note) control.setAttribute('aria-describedby', note.id);
  return el('div', {class: 'control'}, el('label', {for: control.id}, label), control, note);
}

// Each of the following takes {state, name, value}: where it is kept, under which name, and what it is at first.
// `onchange` is called with the value whenever it has changed.

export function textBox(label, {state, name, value = '', rows = 3, longest = 2000, hint, onchange = () => {}, onrun}) {
  const box = el(rows > 1 ? 'textarea' : 'input', {rows: rows > 1 && rows, maxlength: longest, spellcheck: 'false',
    autocomplete: 'off'});
  box.value = state.get(name, value);
  box.addEventListener('input', () => { state.set({[name]: box.value}); onchange(box.value); });
  if (onrun) {
    box.addEventListener('keydown', event => {
      if (event.key === 'Enter' && (rows <= 1 || event.ctrlKey || event.metaKey)) { event.preventDefault(); onrun(); }
    });
  }
  const node = labelled(label, box, hint);
  return {node, box, get value() { return box.value; },
    set value(text) { box.value = text; state.set({[name]: text}); }};
}

export function slider(label, {state, name, value, min, max, step, shown = String, onchange = () => {}}) {
  const knob = el('input', {type: 'range', min, max, step});
  const said = el('output', {});
  const show = () => { said.textContent = shown(Number(knob.value)); };
  knob.value = state.number(name, value);
  knob.addEventListener('input', () => { show(); state.set({[name]: knob.value}); onchange(Number(knob.value)); });
  show();
  const node = labelled(label, knob);
  node.firstChild.append(' ', said);
  said.htmlFor.add(knob.id);
  return {node, get value() { return Number(knob.value); }};
}

export function numberBox(label, {state, name, value, min, max, step = 1, hint, onchange = () => {}}) {
  const box = el('input', {type: 'number', min, max, step, inputmode: 'decimal'});
  box.value = state.number(name, value);
  box.addEventListener('input', () => { state.set({[name]: box.value}); onchange(Number(box.value)); });
  const node = labelled(label, box, hint);
  return {node, box, get value() { return box.value === '' ? value : Number(box.value); },
    set value(number) { box.value = number; state.set({[name]: number}); }};
}

// options: [[value, text], ...]
export function choice(label, {state, name, value, options, onchange = () => {}}) {
  const box = el('select', {}, ...options.map(([key, text]) => el('option', {value: key}, text)));
  const wanted = state.get(name, value);
  if (options.some(([key]) => String(key) === String(wanted))) box.value = wanted;
  box.addEventListener('change', () => { state.set({[name]: box.value}); onchange(box.value); });
  return {node: labelled(label, box), box, get value() { return box.value; }};
}

// Which of the models that suit this view.
export function modelChoice(api, state, onchange) {
  const options = api.models.map(one => [one.number,
    `${one.name} (${one.task ?? one.kind}, ${one.layers} x ${one.heads})`]);
  const found = choice('Model', {state, name: 'model', value: options[0]?.[0], options, onchange});
  return {node: found.node, get number() { return Number(found.value); },
    get model() { return api.models.find(one => one.number === Number(found.value)); }};
}

export function button(text, onclick, attributes = {}) {
  return el('button', {type: 'button', onclick, ...attributes}, text);
}

// A place for one sentence: what is going on, or what is wrong and what to do about it.
export function notice() {
  const node = el('p', {class: 'notice', role: 'status'});
  node.hidden = true;
  const show = (text, kind) => { node.hidden = !text; node.className = `notice ${kind}`; replace(node, text); };
  return {node, say: text => show(text, 'calm'), fail: text => show(text, 'wrong'), clear: () => show('', 'calm'),
    place: n => show(n ? `Waiting for the model: ${n} before you` : '', 'calm')};
}

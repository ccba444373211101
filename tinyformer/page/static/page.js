// What holds the views together?  The list of them, the address of the page, and the colours.

import {described, Api} from './api.js';
import {el, replace, say} from './dom.js';
import {here, link} from './state.js';
import {button} from './controls.js';

const main = document.querySelector('main');
const nav = document.querySelector('nav');
let about;
let shown;                                                     // the state of the view that is seen
let leave = () => {};

async function start() {
  showTools();
  try {
    about = await described();
  } catch (error) {
    return failed(error);
  }
  window.addEventListener('hashchange', () => open(true));
  await open(false);
}

// Show the view that the address names, or the first that has a model.
async function open(focus) {
  const [name, asked] = here();
  const view = about.views.find(one => one.name === name) ?? about.views.find(one => !one.needs || one.models.length)
    ?? about.views[0];
  if (view.name !== name) history.replaceState(null, '', link(view.name));
  shown = view.name === name ? asked : here()[1];
  leave();
  const ends = new AbortController();
  leave = () => ends.abort();
  showNavigation(view);
  document.title = `${view.title} · tinyformer`;
  const root = el('div', {class: `view ${view.name}`});
  replace(main, el('h1', {}, view.title), el('p', {class: 'question'}, sentence(view.question)), root);
  if (focus) main.focus();
  if (view.needs && !view.models.length) return replace(root, nothingToShow(view));
  try {
    const {view: show} = await import(`./views/${view.name}.js`);
    if (ends.signal.aborted) return;
    const models = view.models.map(number => about.models[number]);
    const done = await show(root, new Api(view.name, models, ends.signal), shown);
    performance.mark('shown');
    if (typeof done === 'function') ends.signal.addEventListener('abort', done, {once: true});
  } catch (error) {
    failed(error, root);
  }
}

function showNavigation(current) {
  replace(nav, el('ul', {}, about.views.map(view => el('li', {}, el('a', {
    href: link(view.name), 'aria-current': view === current && 'page',
    class: view.needs && !view.models.length && 'empty'}, view.title)))));
}

function nothingToShow(view) {
  const there = about.models.map(one => `${one.name} (${one.kind})`).join(', ') || 'none';
  return el('div', {class: 'notice calm'},
    el('p', {}, `No model that ${view.title} can show lies behind the page. There: ${there}.`),
    el('p', {}, 'Name one: ', el('code', {}, 'python -m tinyformer page --model DIR'), '; the tour, ',
      el('code', {}, 'python -m tinyformer'), ', trains a BERT and a GPT in a few minutes.'));
}

function failed(error, root = main) {
  console.error(error);
  replace(root, el('p', {class: 'notice wrong', role: 'alert'}, error.message));
}

function sentence(question) {
  return question ? question[0].toUpperCase() + question.slice(1) : '';
}

// ---- tools: the link to what is seen, and light or dark ----------------------------------------------------------

function showTools() {
  const root = document.documentElement;
  const dark = () => root.dataset.theme === 'dark'
    || !root.dataset.theme && matchMedia('(prefers-color-scheme: dark)').matches;
  if (localStorage.theme) root.dataset.theme = localStorage.theme;
  const colours = button(dark() ? 'Light' : 'Dark', () => {
    root.dataset.theme = localStorage.theme = dark() ? 'light' : 'dark';
    colours.textContent = dark() ? 'Light' : 'Dark';
  });
  const copy = button('Copy link', async () => {
    const address = new URL(link(shown.view, shown.values), location.href).href;       // as it will be in a moment
    try {
      await navigator.clipboard.writeText(address);
    } catch {
      return byHand(address, copy);
    }
    say('The link to what you see is copied');
    copy.textContent = 'Copied';
    setTimeout(() => { copy.textContent = 'Copy link'; }, 1500);
  });
  replace(document.querySelector('.tools'), copy, colours);
}

// The link, marked, to be copied by hand: browsers give a page that others reach without https no clipboard.
function byHand(address, copy) {
  document.querySelector('.by-hand')?.remove();
  const box = el('input', {class: 'by-hand', readonly: true, 'aria-label': 'The link to what you see; Ctrl+C copies it',
    onblur: () => box.remove(), onkeydown: event => { if (event.key === 'Escape') copy.focus(); }});
  box.value = address;
  copy.before(box);
  box.select();
  say('The link to what you see is marked; Ctrl+C copies it');
}

start();

// What happens between the first layer and the last: attention, the best guess by layer, and gradients at the words.

import {el, percent, replace, say} from '../dom.js';
import {stopped} from '../api.js';
import {button, choice, modelChoice, notice, textBox} from '../controls.js';
import {lines} from '../lines.js';
import {matrix} from '../matrix.js';
import {roving} from '../roving.js';

const FIGURES = {focus: 'how sharply it looks', before: 'at the token before', itself: 'at itself',
  first: 'at the first token', distance: 'how far, in tokens'};
const FEW = 6;                                                 // layers that are all shown at once

export async function view(root, api, state) {
  const told = notice();
  const models = modelChoice(api, state, () => look());
  const text = textBox('A text', {state, name: 'text', value: 'The list is empty, and the file is not.', rows: 2,
    onrun: () => look(), hint: 'Ctrl+Enter looks inside'});
  const second = textBox('A second text', {state, name: 'second', rows: 2, onrun: () => look(),
    hint: 'for models of two texts; for an encoder and decoder what it is to have written, or nothing'});
  const shown = el('div', {class: 'view'});
  replace(root, el('section', {class: 'panel', 'aria-label': 'What is read'}, models.node,
    el('div', {class: 'row'}, text.node, second.node),
    el('div', {class: 'row'}, button('Look inside', () => look(), {class: 'main'})), told.node), shown);

  const what = () => ({model: models.number, text: text.value, second: second.value});

  async function look() {
    try {
      const found = await api.ask('read', what(), {onPlace: told.place});
      told.clear();
      replace(shown, tokens(found), attentionPanel(found), lensPanel(found), gradientPanel(found),
        found.lacks && el('p', {class: 'notice calm'}, found.lacks));
    } catch (error) {
      fail(error, told);
      if (!stopped(error)) replace(shown);
    }
  }

  function fail(error, place) {
    if (!stopped(error)) place.fail(error.message);
  }

  // ---- tokens ------------------------------------------------------------------------------------------------------

  function tokens(found) {
    return el('section', {class: 'panel', 'aria-label': 'Tokens'}, el('h2', {}, 'Tokens'),
      Object.entries(found.texts).map(([whose, names]) => el('div', {}, whose && el('p', {}, `The ${whose} reads`),
        el('ol', {class: 'token-list'}, names.map(name => el('li', {class: 'token'}, name))))),
      el('p', {class: 'question'}, Object.values(found.texts).map(names => `${names.length} tokens`).join(' and ')));
  }

  // ---- attention ---------------------------------------------------------------------------------------------------

  function attentionPanel(found) {
    if (!found.attentions.length) return null;
    const problem = notice();
    const across = lines();
    const square = matrix('The weights of this head');
    const grid = el('div', {});
    const kinds = choice('Attention', {state, name: 'attention', value: found.attentions[0].name, onchange: pick,
      options: found.attentions.map(one => [one.name, one.says])});
    const figure = choice('Shade the heads by', {state, name: 'figure', value: 'focus', onchange: heads,
      options: Object.entries(FIGURES)});
    const layer = el('select', {onchange: () => turn(Number(layer.value), head())});
    const number = el('select', {onchange: () => turn(Number(layer.value), head())});
    const all = el('details', {class: 'heads-all'}, el('summary', {}, ''), figure.node, grid);
    const kind = () => found.attentions.find(one => one.name === kinds.value) ?? found.attentions[0];
    const head = () => Number(number.value);
    let weights = null;
    let which = '';

    function pick() {
      const numbers = count => Array.from({length: count}, (_, n) => el('option', {value: n + 1}, String(n + 1)));
      replace(layer, numbers(kind().layers));
      replace(number, numbers(kind().heads));
      layer.value = Math.min(state.number('layer', 1), kind().layers);
      number.value = Math.min(state.number('head', 1), kind().heads);
      all.open = kind().layers <= FEW;
      replace(all.firstChild, `All ${kind().layers} x ${kind().heads} heads`);
      heads();
      turn(Number(layer.value), head());
    }

    // A button for each head, a row for each layer, shaded by a figure.
    function heads() {
      const rows = kind().figures[figure.value] ?? kind().figures.focus;
      const largest = Math.max(...rows.flat(), 1e-9);
      const cells = rows.flatMap((row, l) => row.map((value, h) => {
        const chosen = l + 1 === Number(layer.value) && h + 1 === head();
        const cell = el('button', {type: 'button', 'aria-pressed': String(chosen), onclick: () => turn(l + 1, h + 1),
          'aria-label': `layer ${l + 1}, head ${h + 1}: ${value.toFixed(2)}`, title: `layer ${l + 1}, head ${h + 1}`},
        figure.value === 'distance' ? value.toFixed(1) : value.toFixed(2).replace(/^0/, ''));
        cell.style.setProperty('--share', value / largest);
        return cell;
      }));
      const node = el('div', {class: 'heads-grid', role: 'group', 'aria-label': 'Heads, a row for each layer'}, cells);
      node.style.setProperty('--across', kind().heads);
      replace(grid, el('div', {class: 'scroll'}, roving(node, kind().heads)));
    }

    async function turn(l, h) {
      layer.value = l;
      number.value = h;
      state.set({layer: l, head: h});
      grid.querySelectorAll('button').forEach((cell, n) => cell.setAttribute('aria-pressed',
        String(n === (l - 1) * kind().heads + h - 1)));
      try {
        const wanted = `${kind().name} ${l}`;
        if (which !== wanted) {
          const asked = {...what(), attention: kind().name, layer: l};
          weights = (await api.ask('attention', asked, {onPlace: problem.place})).weights;
          which = wanted;
        }
        if (which !== `${kind().name} ${layer.value}`) return;           // another was chosen in the meantime
        problem.clear();
        const asking = found.texts[kind().asking];
        const seen = found.texts[kind().seen];
        across.show(weights[head() - 1], asking, seen);
        square.show(weights[head() - 1], asking, seen);
      } catch (error) {
        fail(error, problem);
      }
    }

    const select = (label, box) => el('label', {class: 'control small'}, label, box);
    pick();
    return el('section', {class: 'panel', 'aria-label': 'Attention'}, el('h2', {}, 'Where each token looks'),
      el('div', {class: 'row'}, kinds.node, select('Layer', layer), select('Head', number)), all, problem.node,
      el('div', {class: 'beside'}, across.node, square.node));
  }

  // ---- layer by layer ----------------------------------------------------------------------------------------------

  function lensPanel(found) {
    if (!found.stacks.length) return null;
    const problem = notice();
    const body = el('tbody', {});
    const said = el('output', {class: 'readout'},
      'Point at a guess, or go to it with Tab and the arrows, to see the next ones.');
    const table = el('table', {class: 'lens'}, el('thead', {}, el('tr', {}, el('th', {scope: 'col'}, 'layer'),
      found.rows.map(row => el('th', {scope: 'col'}, row.name)))), body);
    const stack = choice('Behind the layers of', {state, name: 'stack', value: found.stacks.at(-1).name, onchange: fill,
      options: found.stacks.map(one => [one.name, one.says])});
    const folds = button('', () => { state.set({layers: folded() ? 'all' : null}); fold(); });
    const layers = () => (found.stacks.find(one => one.name === stack.value) ?? found.stacks[0]).layers;
    const folded = () => layers() > FEW && state.get('layers') !== 'all';

    async function fill() {
      replace(body);
      try {
        await api.stream('lens', {...what(), stack: stack.value}, ({layer, rows}) => {
          body.append(el('tr', {}, el('th', {scope: 'row'}, layer ? `after ${layer}` : 'before 1'), rows.map(cell)));
          fold();
        }, {onPlace: problem.place});
        problem.clear();
        roving(table, found.rows.length);
      } catch (error) {
        fail(error, problem);
      }
    }

    function cell(row) {
      const [best, share] = row.best[0] ?? ['', 0];
      const right = row.truth && row.truth[0] === best;
      const more = () => replace(said, `${row.name}: ${row.best.map(([name, p]) => `${name} ${number(p)}`).join(', ')}`
        + (row.truth ? `; what stands there, ${row.truth[0]}, ${number(row.truth[1])}` : ''));
      const node = el('button', {type: 'button', class: right ? 'token right' : 'token', onmouseenter: more,
        onfocus: more, 'aria-label': `${row.name}: ${best} ${number(share)}`},
      found.how === 'a number' ? share.toFixed(3) : best);
      node.style.setProperty('--share', found.how === 'a number' ? 0 : share);
      return el('td', {}, node);
    }

    const number = p => (found.how === 'a number' ? p.toFixed(3) : percent(p));

    // Of many layers every third is shown, and the last, until all are wanted.
    function fold() {
      [...body.children].forEach((row, n) => { row.hidden = folded() && n % 3 !== 0 && n !== layers(); });
      folds.hidden = layers() <= FEW;
      folds.textContent = folded() ? `Show all ${layers()} layers` : 'Show fewer layers';
      folds.setAttribute('aria-expanded', String(!folded()));
    }

    fill();
    return el('section', {class: 'panel', 'aria-label': 'The best guess by layer'},
      el('h2', {}, 'The best guess by layer'),
      el('p', {class: 'question'}, 'What the model would say if it ended here: its own last norm and head, applied to '
        + 'what stands between two layers (the logit lens). The last row is what it really says; what is right is '
        + 'underlined.'),
      el('div', {class: 'row'}, found.stacks.length > 1 ? stack.node : null, folds), problem.node,
      el('div', {class: 'scroll'}, table), said);
  }

  // ---- gradients ---------------------------------------------------------------------------------------------------

  function gradientPanel(found) {
    if (found.how === 'nothing') return null;
    const problem = notice();
    const whole = found.rows.some(row => row.truth) ? [['0', 'the whole text']] : [];
    const rows = choice('The loss of', {state, name: 'row', value: whole.length ? '0' : '1', onchange: () => ask(),
      options: [...whole, ...found.rows.map((row, n) => [String(n + 1), row.name])]});
    const answer = found.how === 'a number' ? {node: null, value: ''} : found.answers.length
      ? choice('where right would be', {state, name: 'answer', value: '', onchange: () => ask(),
        options: [['', 'the best guess'], ...found.answers.map(one => [one, one])]})
      : textBox('where right would be', {state, name: 'answer', rows: 1, longest: 100, onrun: () => ask(),
        hint: 'one token; nothing: what stands there, or the best guess'});
    const pulls = el('div', {});
    const changes = el('div', {});
    const said = el('p', {});

    async function ask(whose = state.get('whose'), token = state.number('token', 0)) {
      if (found.texts[whose]?.[token - 1] === undefined) token = 0;            // it was one of another text
      try {
        const request = {...what(), row: Number(rows.value), answer: answer.value, whose, token};
        const told = await api.ask('gradient', request, {onPlace: problem.place});
        problem.clear();
        state.set({whose: whose || null, token: token || null});
        const loss = told.loss.toFixed(4);
        replace(said, told.number ? `The score itself: ${loss}` : `${told.says}: ${loss} nats`);
        replace(pulls, Object.entries(told.pulls).map(([one, pull]) => strip(one, pull, whose, token)));
        replace(changes, token ? table(told, found.texts[whose][token - 1]) : null);
        if (token) say('Other words for this token are shown below');
      } catch (error) {
        fail(error, problem);
      }
    }

    // The tokens of one text, shaded by the length of their gradient.
    function strip(whose, pull, chosenWhose, chosen) {
      const largest = Math.max(...pull.strength, 1e-12);
      const title = `Gradients at the tokens${whose && ` of the ${whose}`}`;
      const node = el('div', {class: 'pulls', role: 'group', 'aria-label': title},
        pull.strength.map((strength, t) => {
          const pressed = whose === chosenWhose && t + 1 === chosen;
          const one = el('button', {type: 'button', 'aria-pressed': String(pressed), onclick: async () => {
            await ask(whose, pressed ? 0 : t + 1);
            pulls.querySelectorAll('button')[t]?.focus();
          }}, el('span', {class: 'token'}, found.texts[whose][t]), el('small', {}, strength.toPrecision(2)));
          one.style.setProperty('--share', strength / largest);
          return one;
        }));
      return el('div', {}, whose && el('p', {}, `At what the ${whose} reads`), roving(node));
    }

    function table(told, token) {
      const signed = value => (value > 0 ? '+' : '') + value.toPrecision(3);
      return el('div', {class: 'scroll'}, el('table', {}, el('caption', {}, `In the place of ${token}`),
        el('thead', {}, el('tr', {}, ['word', 'change of the loss by the gradient', 'change when it stands there'].map(
          name => el('th', {scope: 'col'}, name)))),
        el('tbody', {}, told.changes.map(one => el('tr', {}, el('td', {class: 'token'}, one.word),
          el('td', {class: 'number'}, signed(one.promised)), el('td', {class: 'number'}, signed(one.change)))))));
    }

    ask();
    return el('section', {class: 'panel', 'aria-label': 'Gradients'}, el('h2', {}, 'Which word would have to change?'),
      el('p', {class: 'question'}, 'The length of the exact gradient at each token\'s vector: how much the loss moves '
        + 'when that vector does. Choose a token to see which other words would lower the loss most, to the first '
        + 'order, and what they really do; what was to be said stays as it was.'),
      el('div', {class: 'row'}, rows.node, answer.node, button('Compute', () => ask())), problem.node, said, pulls,
      changes);
  }

  await look();
}

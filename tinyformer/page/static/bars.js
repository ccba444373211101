// How large are shares, beside one another?  Rows with a name, a bar and a number, which move when the shares do.

import {el, percent, visible} from './dom.js';

// Returns {node, show(items)}; an item is {key, label, share, note, mark, chosen, onpick}, shares from 0 to 1.
// `note` stands in the place of the number, `mark` is a second share, a line across the bar; with `onpick` a row is a
// button.
export function bars(title) {
  const rows = new Map();
  const list = el('ul', {class: 'bars', 'aria-label': title});

  function row(item) {
    const name = el('span', {class: 'bar-label'});
    const bar = el('span', {class: 'bar'});
    const number = el('span', {class: 'bar-number'});
    const mark = el('span', {class: 'bar-mark'});
    const parts = [name, el('span', {class: 'bar-track', 'aria-hidden': 'true'}, bar, mark), number];
    const made = {name, bar, mark, number, pick: null};
    const inner = item.onpick ? el('button', {type: 'button', onclick: () => made.pick()}, ...parts)
      : el('span', {class: 'bar-row'}, ...parts);
    made.node = el('li', {}, inner);
    return made;
  }

  function show(items) {
    const wanted = new Set(items.map(item => String(item.key ?? item.label)));
    for (const [key, made] of rows) if (!wanted.has(key)) { made.node.remove(); rows.delete(key); }
    items.forEach((item, place) => {
      const key = String(item.key ?? item.label);
      if (!rows.has(key)) rows.set(key, row(item));
      const made = rows.get(key);
      made.pick = item.onpick;
      made.name.textContent = visible(item.label);
      made.number.textContent = item.note ?? percent(item.share);
      made.bar.style.width = within(item.share);
      made.mark.hidden = item.mark === undefined;
      made.mark.style.left = within(item.mark ?? 0);
      made.node.classList.toggle('chosen', Boolean(item.chosen));
      if (list.children[place] !== made.node) list.insertBefore(made.node, list.children[place] ?? null);
    });
  }

  return {node: list, show};
}

function within(share) {
  return `${Math.max(0, Math.min(1, share)) * 100}%`;
}

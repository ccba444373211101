// How is a group of many buttons reached by keyboard?  As one stop of the Tab key, within which the arrows move.

// `across`: how many stand in a row; 1 is a column.  Home and End go to the first and the last.
export function roving(node, across = 1) {
  const buttons = () => [...node.querySelectorAll('button')];
  const keep = one => buttons().forEach(button => { button.tabIndex = button === one ? 0 : -1; });
  const moves = {ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across};
  node.addEventListener('keydown', event => {
    const all = buttons().filter(button => button.checkVisibility());            // not those that are folded away
    const at = all.indexOf(document.activeElement);
    const to = {Home: 0, End: all.length - 1}[event.key] ?? (event.key in moves ? at + moves[event.key] : -1);
    if (at < 0 || !all[to]) return;
    event.preventDefault();
    all[to].focus();
  });
  node.addEventListener('focusin', event => { if (event.target.tagName === 'BUTTON') keep(event.target); });
  keep(buttons().find(button => button.getAttribute('aria-pressed') === 'true') ?? buttons()[0]);
  return node;
}

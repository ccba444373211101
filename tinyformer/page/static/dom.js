// How do elements come to be?  By these functions alone: whatever a text holds, it is shown as text, never as markup.

const SVG = 'http://www.w3.org/2000/svg';

// el('button', {class: 'quiet', type: 'button', onclick: f, disabled: true}, 'Stop')
// An attribute that starts with "on" is a function; true stands alone, false, null and undefined are left out.
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

// The same within an <svg>.
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

// Put these children, elements or texts, in the place of those that an element has.
export function replace(node, ...children) {
  node.replaceChildren(...children.flat().filter(child => child !== null && child !== undefined));
  return node;
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  return replace(node, ...children);
}

// Tell whoever listens to a screen reader, without moving the focus.
export function say(text) {
  document.getElementById('said').textContent = text;
}

// A token as it can be seen: its spaces and line breaks have signs.
export function visible(token) {
  return token.replaceAll('\n', '⏎').replaceAll('\t', '⇥').replace(/^ | $/g, '␣') || '∅';
}

// 0.0312 -> "3.1 %"
export function percent(share) {
  if (share >= 0.9995) return '100 %';
  return share === 0 ? '0 %' : `${(100 * share).toFixed(share < 0.001 ? 2 : 1)} %`;
}

// Call `draw` with the newest value, once a frame of the screen at most.
export function eachFrame(draw) {
  let waiting = false;
  let newest;
  return value => {
    newest = value;
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(newest); });
  };
}

// How is a picture shown that came as data?  Element by element, of a few kinds, as drawing.py sends them.

import {svg} from './dom.js';

const KINDS = new Set(['svg', 'title', 'defs', 'g', 'marker', 'path', 'rect', 'text', 'tspan']);

// [element, {attribute: value}, [children and texts]] -> an element of an <svg>
export function picture([kind, attributes, children]) {
  if (!KINDS.has(kind)) throw new Error(`a picture has no ${kind}`);
  return svg(kind, attributes, ...children.map(child => (typeof child === 'string' ? child : picture(child))));
}

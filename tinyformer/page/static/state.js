// What does a link bring back?  The view and everything that was set in it: #/write?model=0&prompt=It+was

const APART = 400;                                             // milliseconds between two changes of the address

export class State {
  constructor(view, values = new URLSearchParams()) {
    this.view = view;
    this.values = values;
    this.last = -Infinity;
  }

  get(name, fallback = '') {
    return this.values.get(name) ?? fallback;
  }

  number(name, fallback) {
    const value = Number.parseFloat(this.values.get(name));
    return Number.isFinite(value) ? value : fallback;
  }

  // Keep these values in the address of the page; null takes one out.
  set(changes) {
    for (const [name, value] of Object.entries(changes)) {
      if (value === null || value === undefined) this.values.delete(name);
      else this.values.set(name, value);
    }
    this.write();
  }

  // Put them into the address: at once, or a moment after the last time, since browsers refuse a hundred in half a
  // minute.
  write() {
    clearTimeout(this.later);
    const wait = this.last + APART - performance.now();
    if (wait > 0) this.later = setTimeout(() => this.write(), wait);
    else {
      this.last = performance.now();
      if (here()[0] === this.view) history.replaceState(null, '', link(this.view, this.values));
    }
  }
}

// The name of the view and its state, as the address says them.
export function here() {
  const [path, values = ''] = location.hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  return [path, new State(path, new URLSearchParams(values))];
}

export function link(name, values = new URLSearchParams()) {
  const text = values.toString();
  return `#/${name}${text ? `?${text}` : ''}`;
}

// How is the server asked?  In JSON, always by POST; the answer comes as lines of JSON, each as soon as it is there.

// What the server says of a request that it cannot answer, in a sentence for whoever sits here.
export class Failure extends Error {}

// What a view asks by: its own functions alone.  When the view is left, `signal` ends everything that still goes on.
export class Api {
  constructor(view, models, signal) {
    this.name = view;
    this.models = models;                                      // those that this view can show
    this.signal = signal;
    this.open = new Map();                                     // name of a function -> what ends its question
  }

  // The answer of a function, an object.  onPlace(n) hears how many are before this request.
  async ask(name, request, {signal, onPlace} = {}) {
    let found;
    await this.stream(name, request, piece => { found = piece; }, {signal, onPlace});
    return found;
  }

  // onPiece(piece) for each piece of the answer of a function that yields; the promise ends with the last.
  // An AbortSignal ends it early, and frees the model; so does the next question to the same function, whose answer is
  // the one that is wanted: models do not wait for one another, and the older answer might come later.
  async stream(name, request, onPiece, {signal, onPlace = () => {}} = {}) {
    this.open.get(name)?.abort();
    const mine = new AbortController();
    this.open.set(name, mine);
    const ends = AbortSignal.any([mine.signal, this.signal, ...(signal ? [signal] : [])]);
    for await (const line of lines(`/api/${this.name}/${name}`, request, ends)) {
      ends.throwIfAborted();
      if ('error' in line) throw new Failure(line.error);
      if ('place' in line) onPlace(line.place);
      else onPiece(line.piece);
    }
  }
}

// The answer to the very first question: which views and models there are.
export async function described() {
  for await (const line of lines('/api/page', {})) return line;
}

// Was something stopped on purpose?
export function stopped(error) {
  return error.name === 'AbortError';
}

async function* lines(url, request, signal) {
  const response = await answered(url, request, signal);
  if (!response.ok) {
    const said = await response.json().catch(() => ({error: `the server answered with ${response.status}`}));
    throw new Failure(said.error);
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const {done, value} = await reader.read();
    const parts = (rest + (value ?? '')).split('\n');
    rest = parts.pop();
    for (const part of parts) yield JSON.parse(part);
    if (done) break;
  }
  if (rest) yield JSON.parse(rest);
}

async function answered(url, request, signal) {
  try {
    return await fetch(url, {
      method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(request), signal});
  } catch (error) {
    if (stopped(error)) throw error;
    throw new Failure('the server does not answer; does `python -m tinyformer page` still run?');
  }
}

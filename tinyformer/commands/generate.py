"""How does a model go on with a text, or answer one?  The command around `tinyformer.generate`.

A GPT goes on, or with --chat answers, where it has learned that; an encoder and decoder read the prompt and write a
text of their own.  Each piece is shown at once.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tinyformer import generate, models
from tinyformer.errors import InputError
from tinyformer.options import DEVICES, REQUIRED, option
from tinyformer.places import END, read_text, say

WEIGHTS = ("float32", "int8")
WELCOME = f"""Each line is a prompt, and each text starts from its prompt alone: nothing is remembered.
Ctrl-C stops a text; /quit or {END} ends."""
NEW = "/new"
CHAT = f"""Each line is answered, and what was said before is remembered; {NEW} begins another conversation.
Ctrl-C stops an answer; /quit or {END} ends."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which model writes, about what, and how boldly; None stands for what follows from the others."""

    model: str = option(REQUIRED, "folder of a GPT, for example runs/tour/gpt, or of an encoder and decoder",
                        metavar="DIR")
    prompt: str | None = option(None, "text to go on from, or to repair; without it, what comes through the standard "
                                "input", metavar="TEXT")
    chat: bool = option(False, "answer the prompt, as finetune follow has taught it; with --interactive a conversation")
    system: str | None = option(None, "with --chat: the message of the role system that stands in front",
                                metavar="TEXT")
    stop: tuple[str, ...] = option((), "end before this text; can be given again", metavar="TEXT")
    tokens: int = option(200, "tokens to write at most", least=1)
    temperature: float | None = option(None, "0 takes the most probable token (greedy, the default), 1 draws from the "
                                       "model's own distribution; 1 where --top-k or --top-p is given", least=0)
    top_k: int = option(0, "draw among so many of the most probable tokens; 0 is all", least=0)
    top_p: float = option(1.0, "draw among the fewest tokens that reach this probability together; 1 is all", above=0,
                          most=1)
    repetition_penalty: float = option(1.0, "above 1: make less probable what stands in the text already", above=0)
    beams: int | None = option(None, "search for the most probable text: follow so many at once", least=1)
    length_penalty: float | None = option(None, "with --beams: compare log p / tokens**PENALTY (1 where none is "
                                          "given)")
    samples: int = option(1, "texts to draw", least=1)
    seed: int = option(0, "the same seed writes the same text", least=0)
    cache: bool = option(True, "--no-cache reads the whole text again for each token, which only takes longer")
    interactive: bool = option(False, "read prompts line by line and answer each; Ctrl-C stops a text")
    weights: str = option("float32", "how the weights are kept: int8 takes a quarter of the memory, is off by 0.4 %% "
                          "of the largest weight of a row at most, and needs more time for small models", WEIGHTS)
    device: str = option("auto", "where to compute", DEVICES)

    @property
    def sampling(self) -> "generate.Sampling":
        """How to choose: whoever names tokens to draw among wants to draw."""
        usual = 1.0 if self.top_k or self.top_p < 1 else 0.0
        return generate.Sampling(usual if self.temperature is None else self.temperature, self.top_k, self.top_p,
                                 self.repetition_penalty)

    @property
    def penalty(self) -> float:
        """How much a search favours long texts."""
        return 1.0 if self.length_penalty is None else self.length_penalty


def run(options: Options) -> int:
    """Print the prompt, and behind it what the model makes of it.

    Without a prompt it is what comes through the standard input, and nothing where that is a terminal.
    """
    from tinyformer.nn.int8_layers import keep_in_bytes
    from tinyformer.tasks.folders import open_model
    check_together(options)
    model, tokenizer = open_model(options.model, models.GPT | models.Seq2Seq, options.device)
    rewrites = isinstance(model, models.Seq2Seq)
    if options.weights == "int8":
        before = sum(p.data.nbytes for p in model.parameters())
        say(f"weights in int8: {keep_in_bytes(model) / 1e6:,.1f} MB in place of {before / 1e6:,.1f} MB")
    if rewrites and not options.cache:
        raise InputError(f"--no-cache reads again what a GPT has written, and {options.model} holds an encoder and "
                         "decoder; leave it out")

    if options.chat and rewrites:
        raise InputError(f"--chat asks a GPT or a Llama that has learned to answer, and {options.model} holds an "
                         "encoder and decoder; leave it out")

    def show(prompt: str, turn: int) -> None:
        (_show_answers if rewrites else _show)(model, tokenizer, prompt, options, options.seed + turn)

    shown = conversing(model, tokenizer, options) if options.chat else show
    if options.interactive:
        return talk(shown, CHAT if options.chat else WELCOME)
    shown(read_text() if options.prompt is None else options.prompt, 0)
    return 0


def talk(show: Callable[[str, int], None], welcome: str = WELCOME) -> int:
    """Read prompts from the standard input until it ends, and show(prompt, turn) for each; turns count from 0."""
    print(welcome)
    turn = 0
    while True:
        try:
            prompt = input("> ")
        except EOFError:
            print()
            return 0
        except KeyboardInterrupt:
            print(f"\n(/quit or {END} ends)")
            continue
        if prompt.strip() == "/quit":
            return 0
        if not prompt.strip():
            continue
        try:
            show(prompt, turn)
        except KeyboardInterrupt:
            print(" [stopped]")
        except InputError as error:                            # a letter that is not in the vocabulary, say
            say(f"tinyformer: {error}")
        turn += 1


def conversing(model, tokenizer, options: Options) -> Callable[[str, int], None]:
    """show(prompt, turn): what the model answers; with --interactive what was said before is remembered."""
    try:
        dialogue = generate.Dialogue(model, tokenizer, options.system)
    except InputError as error:
        raise InputError(f"{options.model}: {error}, and without --chat it goes on writing") from None

    def show(prompt: str, turn: int = 0) -> None:
        if options.interactive and prompt.strip() == NEW:
            dialogue.forget()
            print("(a new conversation)")
        elif options.samples > 1:
            texts = dialogue.several(prompt, options.samples, options.tokens, options.sampling, options.seed)
            for number, text in enumerate(texts, 1):
                print(f"--- {number} of {options.samples}\n{text}")
        else:
            _print_as_it_comes("", dialogue.ask(prompt, options.tokens, options.sampling, options.seed + turn,
                                                options.stop))

    return show


def _show(model, tokenizer, prompt: str, options: Options, seed: int) -> None:
    """What a GPT writes behind the prompt."""
    tokens, context = len(tokenizer.encode(prompt)), model.config.context
    if tokens > context:
        say(f"the prompt has {tokens:,} tokens, and this model reads {context:,}: it goes on from the last {context:,}")
    if options.beams is not None:
        ids = generate.beginning(tokenizer, prompt)
        best = generate.write_beams(model, ids, options.tokens, options.beams, options.penalty, tokenizer.eos_id,
                                    options.repetition_penalty, cached=options.cache,
                                    known=len(tokenizer))[0].ids
        print(prompt + tokenizer.decode(best[:-1] if best[-1] == tokenizer.eos_id else best))
    elif options.samples > 1:
        texts = generate.write_texts(model, tokenizer, [prompt] * options.samples, options.tokens, options.sampling,
                                     seed, options.stop, options.cache)
        for number, text in enumerate(texts, 1):
            print(f"--- {number} of {options.samples}\n{prompt}{text}")
    else:
        pieces = generate.write_text(model, tokenizer, prompt, options.tokens, options.sampling, seed, options.stop,
                                     None if options.cache else generate.next_logits)
        _print_as_it_comes(prompt, pieces)


def _show_answers(model, tokenizer, prompt: str, options: Options, seed: int) -> None:
    """What an encoder and decoder make of the prompt."""
    if options.beams is None and options.samples == 1:
        return _print_as_it_comes("", generate.rewrite_text(model, tokenizer, prompt, options.tokens, options.sampling,
                                                            seed, options.stop))
    texts = generate.rewrite_texts(model, tokenizer, [prompt] * options.samples, options.tokens, options.sampling, seed,
                                   options.beams, options.penalty)
    for number, text in enumerate(texts, 1):
        stops = generate.StopStrings(options.stop)
        print(f"--- {number} of {options.samples}\n" * (options.samples > 1) + stops.feed(text) + stops.finish())


def _print_as_it_comes(before: str, pieces: Iterator[str]) -> None:
    first = next(pieces)                                       # an error of the prompt comes before any text
    print(before + first, end="", flush=True)
    for piece in pieces:
        print(piece, end="", flush=True)
    print()


def check_together(options: Options) -> None:
    """Refuse options of which one makes the other meaningless, and say which to leave out."""
    draws = {"--temperature": options.temperature is not None, "--top-k": options.top_k > 0,
             "--top-p": options.top_p < 1, "--samples": options.samples > 1}
    if options.beams is not None:
        drawn = next((name for name, there in draws.items() if there), None)
        if drawn:
            raise InputError(f"--beams looks for the most probable text and draws nothing, so {drawn} has no meaning "
                             f"beside it; leave out {drawn} to search, or --beams to draw")
        if options.stop:
            raise InputError("--beams compares whole texts and knows them only at the end, so --stop cannot end them; "
                             "leave out one of the two, or limit the text with --tokens")
    elif options.length_penalty is not None:
        raise InputError("--length-penalty compares the texts of a search; add --beams 4, or leave it out")
    if options.temperature == 0 and (options.top_k or options.top_p < 1):
        raise InputError("--temperature 0 always takes the most probable token, so --top-k and --top-p have no meaning "
                         "beside it; leave out the temperature, or raise it")
    if options.system is not None and not options.chat:
        raise InputError("--system stands in front of a conversation; add --chat, or leave it out")
    alone = {"--beams": options.beams is not None, "--no-cache": not options.cache,
             "--samples": options.samples > 1 and options.interactive,
             "--stop": options.samples > 1 and bool(options.stop)}
    idle = next((name for name, there in alone.items() if there), None)
    if options.chat and idle:
        raise InputError(f"--chat answers token by token, and in a conversation once; leave out {idle}, or --chat")
    if options.samples > 1 and options.sampling.temperature == 0:
        raise InputError(f"--samples {options.samples} without chance would be {options.samples} times the same "
                         "text; add --temperature 1, or --top-p 0.9")
    if options.interactive and options.prompt is not None:
        raise InputError("--interactive asks for its prompts; leave out --prompt, or --interactive")
    if "" in options.stop:
        raise InputError("--stop is empty; give the text at which to stop")

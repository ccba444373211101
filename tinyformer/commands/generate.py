"""How does a model go on with a text, or answer one?  The command around `tinyformer.generate`.

A GPT goes on; an encoder and decoder read the prompt and write a text of their own.  Each piece is shown at once.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tinyformer.errors import InputError
from tinyformer.generate import (
    Sampling,
    StopStrings,
    beginning,
    next_logits,
    rewrite_text,
    rewrite_texts,
    write_beams,
    write_text,
    write_texts,
)
from tinyformer.models import GPT, Seq2Seq
from tinyformer.options import check_values, option
from tinyformer.tasks.folders import open_model

WELCOME = """Each line is a prompt, and each text starts from its prompt alone: nothing is remembered.
Ctrl-C stops a text; /quit or Ctrl-D ends."""


@dataclass(frozen=True)
class Generation:
    """The settings of `generate`; None stands for what follows from the others."""

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

    @property
    def sampling(self) -> Sampling:
        """How to choose: whoever names tokens to draw among wants to draw."""
        usual = 1.0 if self.top_k or self.top_p < 1 else 0.0
        return Sampling(usual if self.temperature is None else self.temperature, self.top_k, self.top_p,
                        self.repetition_penalty)


def run(folder: str, given: dict, prompt: str | None = None, stop: list[str] | None = None, device: str = "cpu") -> int:
    """Print the prompt, and behind it what the model in `folder` makes of it; `given` are fields of `Generation`.

    Without a prompt it is what comes through the standard input, and nothing where that is a terminal.
    """
    settings = Generation(**given)
    check_values(settings)
    _check_together(settings, prompt, stop or [])
    model, tokenizer = open_model(folder, GPT | Seq2Seq, device)
    answers = isinstance(model, Seq2Seq)
    if answers and not settings.cache:
        raise InputError(f"--no-cache reads again what a GPT has written, and {folder} holds an encoder and decoder; "
                         "leave it out")

    def show(prompt: str, turn: int = 0) -> None:
        (_show_answers if answers else _show)(model, tokenizer, prompt, settings, stop or [], settings.seed + turn)

    if settings.interactive:
        return talk(show)
    show(_piped() if prompt is None else prompt)
    return 0


def talk(show: Callable[[str, int], None]) -> int:
    """Read prompts from the standard input until it ends, and show(prompt, turn) for each; turns count from 0."""
    print(WELCOME)
    turn = 0
    while True:
        try:
            prompt = input("> ")
        except EOFError:
            print()
            return 0
        except KeyboardInterrupt:
            print("\n(/quit or Ctrl-D ends)")
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
            print(f"tinyformer: {error}", file=sys.stderr, flush=True)
        turn += 1


def _show(model: GPT, tokenizer, prompt: str, settings: Generation, stop: list[str], seed: int) -> None:
    if settings.beams is not None:
        ids = tokenizer.encode(prompt) or beginning(tokenizer)
        penalty = 1.0 if settings.length_penalty is None else settings.length_penalty
        best = write_beams(model, ids, settings.tokens, settings.beams, penalty, tokenizer.eos_id,
                           settings.repetition_penalty, cached=settings.cache)[0].ids
        print(prompt + tokenizer.decode(best[:-1] if best[-1] == tokenizer.eos_id else best))
    elif settings.samples > 1:
        texts = write_texts(model, tokenizer, [prompt] * settings.samples, settings.tokens, settings.sampling, seed,
                            stop, settings.cache)
        for number, text in enumerate(texts, 1):
            print(f"--- {number} of {settings.samples}\n{prompt}{text}")
    else:
        pieces = write_text(model, tokenizer, prompt, settings.tokens, settings.sampling, seed, stop,
                            None if settings.cache else next_logits)
        _print_as_it_comes(prompt, pieces)


def _show_answers(model: Seq2Seq, tokenizer, prompt: str, settings: Generation, stop: list[str], seed: int) -> None:
    if settings.beams is None and settings.samples == 1:
        return _print_as_it_comes("", rewrite_text(model, tokenizer, prompt, settings.tokens, settings.sampling, seed,
                                                   stop))
    penalty = 1.0 if settings.length_penalty is None else settings.length_penalty
    texts = rewrite_texts(model, tokenizer, [prompt] * settings.samples, settings.tokens, settings.sampling, seed,
                          settings.beams, penalty)
    for number, text in enumerate(texts, 1):
        stops = StopStrings(stop)
        print(f"--- {number} of {settings.samples}\n" * (settings.samples > 1) + stops.feed(text) + stops.finish())


def _print_as_it_comes(before: str, pieces: Iterator[str]) -> None:
    first = next(pieces)                                       # an error of the prompt comes before any text
    print(before + first, end="", flush=True)
    for piece in pieces:
        print(piece, end="", flush=True)
    print()


def _check_together(settings: Generation, prompt: str | None, stop: list[str]) -> None:
    """Refuse options of which one makes the other meaningless, and say which to leave out."""
    draws = {"--temperature": settings.temperature is not None, "--top-k": settings.top_k > 0,
             "--top-p": settings.top_p < 1, "--samples": settings.samples > 1}
    if settings.beams is not None:
        drawn = next((name for name, there in draws.items() if there), None)
        if drawn:
            raise InputError(f"--beams looks for the most probable text and draws nothing, so {drawn} has no meaning "
                             f"beside it; leave out {drawn} to search, or --beams to draw")
        if stop:
            raise InputError("--beams compares whole texts and knows them only at the end, so --stop cannot end them; "
                             "leave out one of the two, or limit the text with --tokens")
    elif settings.length_penalty is not None:
        raise InputError("--length-penalty compares the texts of a search; add --beams 4, or leave it out")
    if settings.temperature == 0 and (settings.top_k or settings.top_p < 1):
        raise InputError("--temperature 0 always takes the most probable token, so --top-k and --top-p have no meaning "
                         "beside it; leave out the temperature, or raise it")
    if settings.samples > 1 and settings.sampling.temperature == 0:
        raise InputError(f"--samples {settings.samples} without chance would be {settings.samples} times the same "
                         "text; add --temperature 1, or --top-p 0.9")
    if settings.interactive and prompt is not None:
        raise InputError("--interactive asks for its prompts; leave out --prompt, or --interactive")
    if "" in stop:
        raise InputError("--stop is empty; give the text at which to stop")


def _piped() -> str:
    """The text that comes through the standard input, without its last line break; '' where that is a terminal."""
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    if hasattr(sys.stdin, "reconfigure"):                      # a byte that is no text is an error in every locale
        sys.stdin.reconfigure(encoding="utf-8", errors="strict")
    try:
        return sys.stdin.read().removesuffix("\n")
    except UnicodeDecodeError as error:
        raise InputError(f"the standard input is not UTF-8 (byte 0x{error.object[error.start]:02x}: {error.reason}); "
                         "convert it first, for instance: iconv -f WINDOWS-1252 -t UTF-8") from None

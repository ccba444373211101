"""How is a corpus made ready that is larger than memory?  Once, as ids in a file, from which every run reads."""

from dataclasses import dataclass
from typing import Any

from tinyformer.errors import InputError
from tinyformer.options import REQUIRED, argument, option, settings_of
from tinyformer.places import check_folder, say, show
from tinyformer.pretraining.pretraining_settings import every_option, resolve

USAGE = "gpt --corpus PATH --out DIR [--setting value ...]"
SETTINGS = ("corpus", "held_out", "validation", "documents", "tokenizer", "vocabulary")


@dataclass(frozen=True, kw_only=True)
class Options:
    """For which model, where to, and what of the settings of `pretrain` says how a text becomes ids."""

    model: str = argument("gpt reads a text as one line of ids, from any place on; the rows of others are made of "
                          "sentences, in memory", choices=("gpt",))
    out: str = option(REQUIRED, "folder for the ids and the vocabulary, which must not be there yet; give it to "
                      "`pretrain gpt` as --corpus", metavar="DIR")
    given: dict = settings_of(every_option(), only=SETTINGS)


def run(options: Options) -> int:
    """Read the corpus twice or three times, piece by piece: to count it, to train the vocabulary, to encode it.

    InputError for a corpus that is no text, or that is generated here, and for an --out that is there already.
    """
    from tinyformer.data.text_in_pieces import TextInPieces
    from tinyformer.pretraining import prepared_text
    settings: Any = resolve(options.model, options.given)
    out = check_folder(options.out)
    if out.exists():
        raise InputError(f"{out} is there already; choose another --out, or remove it first")
    if settings.corpus is None or settings.corpus == "tinyland" or prepared_text.described(settings.corpus):
        raise InputError(f"--corpus is {settings.corpus}; prepare takes a file or a folder of text, or pydocs "
                         "(tinyland is told anew for each run, in memory)")
    whole = TextInPieces(settings.corpus, settings.documents)
    _, characters = whole.counted()
    cut = characters if settings.held_out is not None else int(characters * (1 - settings.validation))
    parts = {"training": TextInPieces(settings.corpus, settings.documents, 0, cut)}
    if settings.held_out is not None:
        parts["held out"] = TextInPieces(settings.held_out, settings.documents)
    elif cut < characters:
        parts["held out"] = TextInPieces(settings.corpus, settings.documents, cut)
    say(f"{characters:,} characters; training or reading the vocabulary")
    tokenizer = settings.make_tokenizer(parts["training"], parts.get("held out", []))
    say(f"{tokenizer}; encoding")
    kept = {name: getattr(settings, name) for name in ("model", *SETTINGS)}
    said = prepared_text.write(out, kept, parts, tokenizer)
    amounts = [f"{name} {said[name]['tokens']:,} tokens of {said[name]['characters']:,} characters" for name in parts]
    show(f"{out}: {tokenizer}; {'; '.join(amounts)}")
    return 0

"""How do the hidden vectors of a BERT leave the house?  As one file, with the text and the token that each is of."""

from dataclasses import dataclass
from typing import Any

from tinyformer.errors import InputError, NumericError
from tinyformer.options import DEVICES, REQUIRED, option, switch
from tinyformer.places import check_file, read_lines, say


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which texts, and which of their vectors."""

    model: str = option(REQUIRED, "folder of a BERT, with or without a head", metavar="DIR")
    data: str | None = option(None, "text file, one text a line (default: the standard input)", metavar="FILE")
    layers: str = option("last", "layers to take, side by side: 0 is what enters the first, 1 what leaves it, last "
                         "what leaves the last", metavar="N,N")
    tokens: str = option("first", "vectors of the first position, their mean, the first piece of each word, or every "
                         "piece", ("first", "mean", "words", "pieces"))
    width: int | None = option(None, "numbers kept of each vector: the directions in which these texts differ most "
                               "(default all)", metavar="N")
    max_length: int = option(128, "tokens of a text")
    out: str = option(REQUIRED, "file to write", metavar="FILE.npz")
    device: str = option("auto", "where to compute", DEVICES)
    overwrite: bool = switch("replace the file that stands at --out")

    @property
    def numbers(self) -> list[int]:
        """The layers as numbers, the last one as -1; InputError for what is none."""
        try:
            return [-1 if layer == "last" else int(layer) for layer in self.layers.split(",")]
        except ValueError:
            raise InputError(f"--layers is {self.layers!r}; it must be last, or numbers such as 0,6") from None


def run(options: Options) -> int:
    """Write `vectors` (N, C), and for each of them `text` (the number of its text) and `token` (what it is of)."""
    import numpy as np

    from tinyformer.backend import choose_device
    from tinyformer.models import encoder_of
    from tinyformer.tasks.features import features, principal
    from tinyformer.tasks.folders import open_folder
    path, layers = check_file(options.out, options.overwrite), options.numbers
    model, tokenizer = open_folder(options.model)
    texts = read_texts(options.data)
    if is_table(options.data, texts):
        say(f"{options.data or 'the standard input'}: it looks like a table, and each line is read as one text, with "
            "its labels and a header; give the texts alone, one a line")
    encoder: Any = encoder_of(model).to(choose_device(options.device)[0])
    vectors, numbers, names = features(encoder, tokenizer, texts, layers, options.tokens, options.max_length)
    if options.width is not None:
        vectors = principal(vectors, options.width)
    if not np.isfinite(vectors).all():
        raise NumericError(f"{options.model}: the model computes vectors that are not finite; take an earlier "
                           "checkpoint")
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        np.savez(file, vectors=vectors, text=numbers, token=np.array(names))
    print(f"{path}: {len(vectors):,} vectors of {vectors.shape[1]:,} numbers from {len(texts):,} texts; "
          f"numpy.load gives vectors, text and token")
    return 0


def is_table(data: str | None, texts: list[str]) -> bool:
    """Whether lines are rows: by the name of their file, or since all of the first have equally many tabs."""
    from tinyformer.data.readers.cells import PEEKED, by_ending
    tabs = {text.count("\t") for text in texts[:PEEKED]}
    return data is not None and by_ending(data) != "tsv" or len(tabs) == 1 and tabs != {0}


def read_texts(data: str | None) -> list[str]:
    """The lines of a file, or of the standard input, that hold something."""
    from tinyformer.data.readers.lines import file_lines
    missing = f"{data or 'standard input'}: no texts in it; give one text a line"
    texts = [line for line in file_lines(data) if line.strip()] if data else list(read_lines(missing))
    if not texts:
        raise InputError(missing)
    return texts

"""What stands around a text that an encoder reads, and around one that a decoder writes?  The vocabulary says so.

BART's way: [CLS] source [SEP], and the decoder begins with [CLS] and ends with [SEP].  T5's: source </s>, and the
decoder begins with the padding token and ends with </s>.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tinyformer.errors import InputError


@dataclass(frozen=True)
class Frame:
    """Ids around a source and a target."""

    before: tuple[int, ...]                      # in front of a source
    end: int                                     # behind a source, and behind a target
    start: int                                   # what the decoder begins with
    pad: int
    hidden: int                                  # what the decoder is shown where nothing is asked

    def source(self, ids: Sequence[int]) -> list[int]:
        """The ids of a text as the encoder reads them."""
        return [*self.before, *ids, self.end]

    @property
    def of_config(self) -> dict[str, int]:
        """The same in the words of a `Seq2SeqConfig`."""
        return {"pad_id": self.pad, "start_id": self.start, "end_id": self.end}


def frame_of(tokenizer) -> Frame:
    """The frame of texts in this vocabulary; InputError where it has the special tokens of neither way."""
    pad, cls, sep, mask, eos = (getattr(tokenizer, f"{role}_id") for role in ("pad", "cls", "sep", "mask", "eos"))
    if None not in (pad, cls, sep, mask):
        return Frame((cls,), sep, cls, pad, mask)
    if cls is None and None not in (pad, eos):
        return Frame((), eos, pad, pad, pad)
    missing = [role for role in ("pad", "cls", "sep", "mask") if getattr(tokenizer, f"{role}_id") is None]
    raise InputError(f"an encoder and a decoder need the special tokens {', '.join(missing)}, which this "
                     f"{type(tokenizer).__name__} has not; train a WordPiece vocabulary for it, or a unigram one, "
                     "which has T5's")

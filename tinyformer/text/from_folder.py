"""Which kind of tokenizer lies in a folder?  Its files tell."""

from pathlib import Path

from tinyformer.errors import InputError
from tinyformer.text.base import Tokenizer


def load_tokenizer(folder: str | Path) -> Tokenizer:
    """The tokenizer in `folder`, its kind told by its files.

    tokenizer.json, the one-file form, says everything and decides where it is there.  Otherwise vocab.txt: WordPiece;
    vocab.json with merges.txt: byte-level BPE; vocab.json alone: characters.  InputError where there is none of them.
    """
    from tinyformer.text import ByteLevelBPE, CharTokenizer, WordPieceTokenizer
    from tinyformer.text.hub import read_tokenizer_json
    folder = Path(folder)
    if (folder / "tokenizer.json").exists():
        return read_tokenizer_json(folder / "tokenizer.json")
    if (folder / "vocab.txt").exists():
        return WordPieceTokenizer.load(folder)
    if (folder / "merges.txt").exists():
        return ByteLevelBPE.load(folder)
    if (folder / "vocab.json").exists():
        return CharTokenizer.load(folder)
    state = "holds none of the files of a tokenizer" if folder.is_dir() else "is not a folder"
    raise InputError(f"{folder}: {state}; needed is vocab.txt (WordPiece), vocab.json with merges.txt "
                     "(byte-level BPE), vocab.json alone (characters) or tokenizer.json")

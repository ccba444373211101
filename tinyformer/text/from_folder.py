"""Which kind of tokenizer lies in a folder?  Its files tell."""

from pathlib import Path

from tinyformer.errors import InputError
from tinyformer.text.base import Tokenizer
from tinyformer.text.files import SETTINGS_FILE, read_json, read_text

TEMPLATE_FILE = "chat_template.jinja"

# Classes of the usual libraries that cut texts as ours do; many others have the same files and another way.
ANY = ("PreTrainedTokenizer", "TokenizersBackend")
LIKE_BERT = (*ANY, *(f"{name}Tokenizer" for name in (
    "Bert", "DistilBert", "Electra", "MobileBert", "ConvBert", "SqueezeBert", "LayoutLM", "Lxmert")))
LIKE_GPT2 = (*ANY, *(f"{name}Tokenizer" for name in ("GPT2", "Bart", "Roberta", "Longformer", "LED", "CodeGen")))


def load_tokenizer(folder: str | Path) -> Tokenizer:
    """The tokenizer in `folder`, its kind told by its files.

    tokenizer.json, the one-file form, says everything and decides where it is there.  Otherwise vocab.txt: WordPiece;
    vocab.json with merges.txt: byte-level BPE; vocab.json alone: characters; spiece.model: a unigram vocabulary.
    InputError where there is none of them, and where tokenizer_config.json names a class that cuts texts otherwise.
    """
    tokenizer = _without_template(Path(folder))
    tokenizer.chat_template = _template(Path(folder))
    return tokenizer


def _template(folder: Path) -> str | None:
    """What makes a text of a conversation: chat_template.jinja, or "chat_template" of tokenizer_config.json."""
    beside, settings = folder / TEMPLATE_FILE, folder / SETTINGS_FILE
    if beside.is_file():
        return read_text(beside)
    found = read_json(settings).get("chat_template") if settings.exists() else None
    if isinstance(found, list):                            # several by name, of which one is meant where none is named
        found = next((each.get("template") for each in found if isinstance(each, dict) and
                      each.get("name") == "default"), None)
    if found is not None and not isinstance(found, str):
        raise InputError(f"{settings}: chat_template is a JSON {type(found).__name__}; it must be a text")
    return found


def _without_template(folder: Path) -> Tokenizer:
    from tinyformer.text import ByteLevelBPE, CharTokenizer, WordPieceTokenizer
    from tinyformer.text.hub import read_tokenizer_json
    if (folder / "tokenizer.json").exists():
        return read_tokenizer_json(folder / "tokenizer.json")
    if (folder / "vocab.txt").exists():
        check_class(folder, LIKE_BERT)
        return WordPieceTokenizer.load(folder)
    if (folder / "merges.txt").exists():
        check_class(folder, LIKE_GPT2)
        return ByteLevelBPE.load(folder)
    if (folder / "vocab.json").exists():
        check_class(folder, ("CharTokenizer",))
        return CharTokenizer.load(folder)
    if (folder / "spiece.model").exists():
        from tinyformer.text.spiece import read_spiece
        return read_spiece(folder)
    state = "holds none of the files of a tokenizer" if folder.is_dir() else "is not a folder"
    raise InputError(f"{folder}: {state}; needed is vocab.txt (WordPiece), vocab.json with merges.txt "
                     "(byte-level BPE), vocab.json alone (characters), spiece.model (unigram) or tokenizer.json")


def check_class(folder: Path, known: tuple[str, ...]) -> None:
    """InputError where the settings beside a vocabulary, or else those of the model, name a class not among these."""
    for path in (folder / SETTINGS_FILE, folder / "config.json"):
        name = read_json(path).get("tokenizer_class") if path.exists() else None
        if name is not None and (not isinstance(name, str) or name.removesuffix("Fast") not in known):
            raise InputError(f"{path}: tokenizer_class is {name!r}, with which a text would get other ids than here; "
                             f"only {', '.join(known)} can be read")
        if name is not None:
            return

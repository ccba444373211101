"""How do we open the one-file form, tokenizer.json, that recent libraries write in place of the older files?

It spells out a whole pipeline.  Those of BERT, of GPT-2 and of Llama and Qwen2 are ours, and those of unigram
vocabularies as far as their parts are known; anything else, and every setting that would give other ids than ours, is
refused by name rather than read as something it is not.
"""

from pathlib import Path
from typing import Any

from tinyformer.errors import InputError

from . import spaced_bpe, split_bpe, unigram_files
from .added import AddedToken
from .base import Tokenizer
from .bpe import ByteLevelBPE
from .files import SETTINGS_FILE, hold_to, read_json, tokens_in_order
from .wordpiece import CONTINUES, LONGEST, LONGEST_WORD, WordPieceTokenizer

# Settings with which their pipeline would give other ids than ours, and the values with which it does not.
Rules = dict[str, dict[str, tuple]]                        # part of the pipeline -> setting -> its values
WORDPIECE: Rules = {"model": {"unk_token": ("[UNK]",), "continuing_subword_prefix": (CONTINUES,)},
                    "normalizer": {"clean_text": (True,)}}
BYTE_LEVEL: Rules = {"model": {"dropout": (None, 0), "ignore_merges": (False, None),
                               "continuing_subword_prefix": ("", None), "end_of_word_suffix": ("", None)},
                     "pre_tokenizer": {"add_prefix_space": (False,), "use_regex": (True,)}}
SPLIT: Rules = {"model": {name: BYTE_LEVEL["model"][name] for name in BYTE_LEVEL["model"] if name != "ignore_merges"}
                | {"byte_fallback": (False, None)}}

SPACED: Rules = {"model": {**BYTE_LEVEL["model"], "byte_fallback": (True,)}}

BESIDE = {"do_lower_case": "lowercase", "strip_accents": "strip_accents",     # names in tokenizer_config.json, and here
          "tokenize_chinese_chars": "handle_chinese_chars"}


def read_tokenizer_json(path: Path) -> Tokenizer:
    """The WordPiece, byte-level BPE or unigram tokenizer in a tokenizer.json; InputError for any other."""
    whole = read_json(path)
    parts = {key: whole.get(key) or {} for key in ("model", "normalizer", "pre_tokenizer")}
    beside = path.with_name(SETTINGS_FILE)
    settings = read_json(beside) if beside.exists() else {}
    try:
        kinds = tuple(part.get("type") for part in parts.values())
        added = [(AddedToken.read(token), token["id"]) for token in whole.get("added_tokens") or []]
        model, normalizer, found = parts["model"], parts["normalizer"], [token for token, _ in added]
        if kinds[0] == "Unigram":
            tokens = _numbered([token for token, _ in unigram_files.pieces_of(model)], added)
            return _said(found, unigram_files.from_parts(parts, tokens, found, settings))
        tokens = _numbered(tokens_in_order(model.get("vocab", {}), path), added)
        if kinds == ("WordPiece", "BertNormalizer", "BertPreTokenizer"):
            hold_to(WORDPIECE, parts)
            _agree(settings, {ours: normalizer[theirs] for ours, theirs in BESIDE.items()})
            return _said(found, WordPieceTokenizer(
                tokens, lower_case=_flag(normalizer, "lowercase"),
                strip_accents=_flag(normalizer, "strip_accents", or_none=True),
                split_chinese=_flag(normalizer, "handle_chinese_chars"), longest_word=_length(model), added=found))
        if kinds == ("BPE", None, "ByteLevel"):
            hold_to(BYTE_LEVEL, parts)
            _agree(settings, {"add_prefix_space": False})
            return _said(found, ByteLevelBPE(tokens, _pairs(model), found))
        if kinds[0] == "BPE" and spaced_bpe.is_spaced(whole):
            hold_to(SPACED, parts)
            return _said(found, spaced_bpe.SpacedBPE(
                tokens, _pairs(model), found, eos=_content(settings.get("eos_token")), unknown=model["unk_token"],
                starts=split_bpe.starts_of(whole.get("post_processor") or {})))
        if kinds[0] == "BPE" and (options := split_bpe.pipeline(whole)) is not None:
            hold_to(SPLIT, parts)
            return split_bpe.SplitBPE(tokens, _pairs(model), found, eos=_content(settings.get("eos_token")), **options)
    except InputError as error:
        raise error if str(path) in str(error) else InputError(f"{path}: {error}") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: the description of the tokenizer is incomplete ({error!r}); "
                         "save it again from the library that wrote it") from None
    raise InputError(f"{path}: model, normalizer and pre_tokenizer are {kinds}; only BERT's (WordPiece, "
                     "BertNormalizer, BertPreTokenizer), GPT-2's (BPE, None, ByteLevel), Llama 3's (BPE, None or NFC, "
                     "Split and ByteLevel), Llama 2's (BPE with bytes, Prepend and Replace, None) and a Unigram can be "
                     "read")


def _pairs(model: dict) -> list[Any]:
    """The merges, which older files write with a space between the two and newer ones as lists."""
    return [pair.split(" ") if isinstance(pair, str) else pair for pair in model["merges"]]


def _content(token: Any) -> str | None:
    """A special token as tokenizer_config.json names it: the text, or an object with it."""
    return token.get("content") if isinstance(token, dict) else token


def _agree(settings: dict, here: dict) -> None:
    """InputError where tokenizer_config.json says something else than tokenizer.json: some libraries take the one."""
    for name, value in here.items():
        if settings.get(name) not in (None, value):
            raise InputError(f"{name} of {SETTINGS_FILE} is {settings[name]!r}, and this file says {value!r}; "
                             "libraries differ in which they take: make them agree")


def _said(added: list[AddedToken], tokenizer: Tokenizer) -> Tokenizer:
    """The tokenizer; InputError where it finds a special token in a text that the file does not say is one."""
    unsaid = next((name for name in tokenizer.added if name not in {token.content for token in added}), None)
    if unsaid is not None:
        raise InputError(f"{unsaid!r} is in the vocabulary and not among added_tokens, so that in a text it would be "
                         "cut to pieces, and here it is a special token; add it there")
    return tokenizer


def _flag(part: dict, name: str, or_none: bool = False) -> Any:
    """A setting that is true or false, or None where it may be; InputError for anything else."""
    if not (isinstance(part[name], bool) or or_none and part[name] is None):
        raise InputError(f"{name} is {part[name]!r}; it must be true or false" + " or null" * or_none)
    return part[name]


def _length(model: dict) -> int:
    """How many characters a word may have that is cut; InputError for what is no such number."""
    value = model.get(LONGEST, LONGEST_WORD)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InputError(f"{LONGEST} is {value!r}; it must be a whole number")
    return value


def _numbered(tokens: list[str], added: list[tuple[AddedToken, Any]]) -> list[str]:
    """The tokens of the model with the added ones behind them, in the order in which their library numbers them.

    InputError where an id in the file is another: the library would not take it.
    """
    ids = {token: id for id, token in enumerate(tokens)}
    twice = next((token for number, (token, _) in enumerate(added)
                  if token.content in {other.content for other, _ in added[:number]}), None)
    if twice is not None:
        raise InputError(f"the added token {twice.content!r} stands there twice; remove one")
    for token, id in added:
        due = ids.setdefault(token.content, len(ids))
        if isinstance(id, bool) or id != due:
            raise InputError(f"the added token {token.content!r} has id {id!r} where {due} is due: it is that of the "
                             "vocabulary, or the next one behind it")
    return list(ids)

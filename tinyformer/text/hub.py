"""How do we open the one-file form, tokenizer.json, that recent libraries write in place of the older files?

It spells out a whole pipeline.  Two pipelines are ours, BERT's and GPT-2's; anything else, and every setting that would
give other ids than ours, is refused by name rather than read as something it is not.
"""

from pathlib import Path
from typing import Any

from tinyformer.errors import InputError

from .added import AddedToken
from .base import Tokenizer
from .bpe import ByteLevelBPE
from .files import hold_to, read_json, tokens_in_order
from .wordpiece import CONTINUES, LONGEST_WORD, WordPieceTokenizer

# Settings with which their pipeline would give other ids than ours, and the values with which it does not.
Rules = dict[str, dict[str, tuple]]                        # part of the pipeline -> setting -> its values
WORDPIECE: Rules = {"model": {"unk_token": ("[UNK]",), "continuing_subword_prefix": (CONTINUES,)},
                    "normalizer": {"clean_text": (True,)}}
BYTE_LEVEL: Rules = {"model": {"dropout": (None, 0), "ignore_merges": (False, None),
                               "continuing_subword_prefix": ("", None), "end_of_word_suffix": ("", None)},
                     "pre_tokenizer": {"add_prefix_space": (False,), "use_regex": (True,)}}


def read_tokenizer_json(path: Path) -> Tokenizer:
    """The WordPiece or byte-level BPE tokenizer in a tokenizer.json; an InputError for any other kind or setting."""
    whole = read_json(path)
    parts = {key: whole.get(key) or {} for key in ("model", "normalizer", "pre_tokenizer")}
    try:
        kinds = tuple(part.get("type") for part in parts.values())
        added = [(AddedToken.read(token), token["id"]) for token in whole.get("added_tokens") or []]
        model, normalizer = parts["model"], parts["normalizer"]
        tokens = tokens_in_order(model.get("vocab", {}) | {token.content: id for token, id in added}, path)
        found = [token for token, _ in added]
        if kinds == ("WordPiece", "BertNormalizer", "BertPreTokenizer"):
            hold_to(WORDPIECE, parts)
            return WordPieceTokenizer(tokens, lower_case=normalizer["lowercase"],
                                      strip_accents=normalizer["strip_accents"],
                                      split_chinese=normalizer["handle_chinese_chars"],
                                      longest_word=model.get("max_input_chars_per_word", LONGEST_WORD), added=found)
        if kinds == ("BPE", None, "ByteLevel"):
            hold_to(BYTE_LEVEL, parts)
            merges: list[Any] = [pair.split(" ") if isinstance(pair, str) else pair for pair in model["merges"]]
            return ByteLevelBPE(tokens, merges, found)
    except InputError as error:
        raise error if str(path) in str(error) else InputError(f"{path}: {error}") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: the description of the tokenizer is incomplete ({error!r}); "
                         "save it again from the library that wrote it") from None
    raise InputError(f"{path}: model, normalizer and pre_tokenizer are {kinds}; only BERT's (WordPiece, "
                     "BertNormalizer, BertPreTokenizer) and GPT-2's (BPE, None, ByteLevel) can be read")

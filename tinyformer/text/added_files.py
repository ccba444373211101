"""Which tokens were added to a vocabulary, by the files that lie beside it?

A folder of the older form has up to three files more than the list of its tokens.  What they say is applied, or refused
by name rather than read as another thing.
"""

from pathlib import Path

from tinyformer.errors import InputError

from .added import AddedToken
from .files import SETTINGS_FILE, hold_to, read_json

ADDED_FILE, MAP_FILE = "added_tokens.json", "special_tokens_map.json"
# Settings with which texts would get other ids than here, and the values with which they do not.
OLDER: dict[str, tuple] = {"do_basic_tokenize": (True, None), "never_split": (None, []), "clean_text": (True, None),
                           "add_prefix_space": (False, None), "wordpieces_prefix": ("##", None),
                           "split_special_tokens": (False, None)}


def read_added(folder: Path, tokens: list[str], roles: dict[str, str], rules: dict[str, tuple] | None = None
               ) -> tuple[list[str], list[AddedToken]]:
    """(all tokens, those added) of a folder with vocab.txt, vocab.json or spiece.model, whose `tokens` these are.

    Tokens are added in added_tokens.json (ids alone), special_tokens_map.json (which are special) and
    tokenizer_config.json (everything).  InputError where the three contradict one another or the vocabulary, and for a
    setting that would give other ids than ours: `rules`, or those of the older files.
    """
    settings, special = _json(folder / SETTINGS_FILE), _json(folder / MAP_FILE)
    rules = OLDER if rules is None else rules
    try:
        hold_to({SETTINGS_FILE: rules, MAP_FILE: rules}, {SETTINGS_FILE: settings, MAP_FILE: special})
        _none_is_missing(special | settings, tokens, roles)
        ids = _json(folder / ADDED_FILE)
        found = {name: AddedToken(name, normalized=True, special=False) for name in ids}
        for role, value in [*_named(special), *_named(settings)]:
            token = AddedToken.read(value if isinstance(value, dict) else {"content": value})
            _same_role(role, token.content, roles)
            if isinstance(value, dict) or token.content not in roles.values():         # a bare name says no more
                found[token.content] = token
        for id, described in (settings.get("added_tokens_decoder") or {}).items():
            token = AddedToken.read(described)
            ids[token.content], found[token.content] = int(id), token
        return _numbered(tokens, ids), [token for token in found.values() if token.content in {*tokens, *ids}]
    except InputError as error:
        raise InputError(f"{folder}: {error}") from None
    except (AttributeError, TypeError, ValueError) as error:
        raise InputError(f"{folder}: the added tokens are not described as usual ({error}); save the tokenizer again "
                         "from the library that wrote it") from None


def _named(described: dict) -> list[tuple[str | None, str | dict]]:
    """(role, token) of every special token that a file names; those without a role have None."""
    found = [(key.removesuffix("_token"), value) for key, value in described.items() if key.endswith("_token")]
    for key in ("additional_special_tokens", "extra_special_tokens"):
        more = described.get(key) or []
        found += [(None, value) for value in (more.values() if isinstance(more, dict) else more)]
    return [(role, value) for role, value in found if value is not None]


def _numbered(tokens: list[str], ids: dict[str, int]) -> list[str]:
    """The tokens with the added ones behind them; each must have the id that is due."""
    all_of_them = {token: id for id, token in enumerate(tokens)}
    for name, id in sorted(ids.items(), key=lambda item: item[1]):
        due = all_of_them.setdefault(name, len(all_of_them))
        if id != due:
            raise InputError(f"the added token {name!r} has id {id!r} where {due} is due; ids go on from those of the "
                             "vocabulary without a gap")
    return list(all_of_them)


def _none_is_missing(described: dict, tokens: list[str], roles: dict[str, str]) -> None:
    """InputError where a role of ours is said to have no token, and ours is in the vocabulary."""
    for role, name in roles.items():
        if described.get(f"{role}_token", name) is None and name in tokens:
            raise InputError(f"{role}_token is null, and {name!r}, which is in the vocabulary, would be cut to pieces "
                             "in a text; here it is a special token: name it there")


def _same_role(role: str | None, content: str, roles: dict[str, str]) -> None:
    """InputError where a role that ours has is given to another token."""
    if role in roles and roles[role] != content:
        raise InputError(f"{role}_token is {content!r}; in this kind of vocabulary it is {roles[role]!r}, and another "
                         "one cannot be read")


def _json(path: Path) -> dict:
    return read_json(path) if path.exists() else {}

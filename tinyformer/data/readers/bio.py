"""How do tags mark a piece of several words?  BIO: B-PER begins a name, I-PER goes on with it, O is outside.

The older IOB1, in which CoNLL-2003 was published, writes B- only where a piece touches another of its type.
Ramshaw & Marcus 1995; Tjong Kim Sang & Veenstra 1999 for the two variants.
"""

from collections.abc import Collection, Iterable, Sequence

from tinyformer.data.readers.lines import BadRow


def split_tag(tag: str) -> tuple[str, str]:
    """("B", "PER") from "B-PER", ("O", "") from "O"; a BadRow for any other form."""
    if tag == "O":
        return "O", ""
    prefix, dash, kind = tag.partition("-")
    if prefix not in ("B", "I") or not dash or not kind:
        raise BadRow(f"tag {tag!r} is not BIO; it must be O, B-TYPE or I-TYPE; correct it, or is this another column "
                     "(--tags)?")
    return prefix, kind


def check_bio(tags: Sequence[str], kinds: Collection[str] | None = None) -> None:
    """BadRow with the place of the first tag that is not BIO: I- after something else, or a type not in `kinds`.

    Its `line` is the number of the tag, from 0.
    """
    before = "O"
    for place, tag in enumerate(tags):
        try:
            prefix, kind = split_tag(tag)
            if kind and kinds is not None and kind not in kinds:
                raise BadRow(f"tag {tag!r}: type {kind!r} is not among {', '.join(kinds)}; correct it")
            if prefix == "I" and before not in (f"B-{kind}", f"I-{kind}"):
                raise BadRow(f"tag {tag!r} after {before!r}; it must follow B-{kind} or I-{kind}: write B-{kind} "
                             "(the older scheme, IOB1, would do without, but other tags are against that)")
        except BadRow as fault:
            raise BadRow(str(fault), place) from None
        before = tag


def iob1_to_bio(tags: Sequence[str]) -> list[str]:
    """The same pieces in BIO: the first word of every one gets B-."""
    found, before = [], ""
    for tag in tags:
        prefix, kind = split_tag(tag)
        found.append(f"B-{kind}" if prefix == "I" and kind != before else tag)
        before = kind
    return found


def bio_to_iob1(tags: Sequence[str]) -> list[str]:
    """The same pieces in IOB1: B- stays only behind a piece of the same type."""
    found, before = [], ""
    for tag in tags:
        prefix, kind = split_tag(tag)
        found.append(f"I-{kind}" if prefix == "B" and kind != before else tag)
        before = kind
    return found


def looks_like_bio(sentences: Iterable[Sequence[str]]) -> bool:
    """Whether some tag marks a piece: without B- and I- they are of another kind, such as parts of speech."""
    return any(tag.startswith(("B-", "I-")) for tags in sentences for tag in tags)


def looks_like_iob1(sentences: Iterable[Sequence[str]]) -> bool:
    """Whether some piece begins with I-, and no B- stands where IOB1 would not write it."""
    begins_with_i = False
    for tags in sentences:
        before = ""
        for tag in tags:
            prefix, _, kind = tag.partition("-")
            if prefix == "B" and kind != before:
                return False
            begins_with_i |= prefix == "I" and kind != before
            before = kind
    return begins_with_i

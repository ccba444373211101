"""Which two languages did a user bring?  Texts, lines that are translations, perhaps a dictionary and treebanks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tinyformer.data.readers import TaggedSentence, read_conllu, read_parallel
from tinyformer.data.readers.lines import file_lines, filled_lines
from tinyformer.errors import InputError
from tinyformer.phenomena.kit.brought import given_twice
from tinyformer.phenomena.parts.found_across import FAMILIAR, belonging, familiar
from tinyformer.phenomena.parts.two_texts import Lines, TwoTexts, in_other_script, is_word, partners, plain_words

DICTIONARY, TREEBANK = ".tsv", ".conllu"      # what the names of such files end in, .gz apart
WANTED = ("--data FILE four times: a text in each language, and in each the lines to judge by, line n of one the "
          "translation of line n of the other")

Treebanks = tuple[list[TaggedSentence], list[TaggedSentence]]


@dataclass(frozen=True, eq=False)
class Brought:
    """Two languages of a user, with a treebank of each if there are any, its words as those of the texts."""

    texts: TwoTexts
    treebanks: Treebanks | None = None

    @classmethod
    def of(cls, paths: Sequence[str], size: int, looked_at: int, seed: int) -> "Brought":
        """From files in the order of the languages.

        InputError where one is missing, given twice or cannot be read, and where they leave nothing to ask of so many
        lines of each text that are looked at.
        """
        dictionaries, treebanks = ([path for path in paths if path.removesuffix(".gz").endswith(ending)]
                                   for ending in (DICTIONARY, TREEBANK))
        texts = [path for path in paths if path not in (*dictionaries, *treebanks)]
        for found, name, may in ((texts, "text", (4,)), (dictionaries, f"dictionary ({DICTIONARY})", (0, 1)),
                                 (treebanks, f"treebank ({TREEBANK})", (0, 2))):
            if len(found) not in may:
                raise InputError(f"real-languages: --data gives {len(found)} times a {name}, and {may[-1]} are looked "
                                 f"at; give {WANTED}; then, if there are, one dictionary and two treebanks")
        if again := given_twice(paths):
            raise InputError(f"real-languages: --data {again} was given twice, and no two of the files are the same; "
                             f"give {WANTED}")
        read = tuple([words for line in file_lines(path) if (words := plain_words(line))] for path in texts[:2])
        one, other = zip(*read_parallel(*texts[2:]), strict=True)
        judged = [*map(plain_words, one)], [*map(plain_words, other)]
        pairs = read_dictionary(dictionaries[0]) if dictionaries else partners(judged)
        for path, lines in zip(texts, read, strict=False):
            if not lines:
                raise InputError(f"{path}: there is no word in it")
        if not pairs:
            raise InputError(f"{' and '.join(texts[2:])}: no two words belong together; line n of the one must be the "
                             "translation of line n of the other, in hundreds of lines, or give a dictionary")
        banks = tuple(map(plain_trees, treebanks)) if treebanks else None
        found = TwoTexts(read, judged, pairs, size, seed)
        check_judged(found, texts)
        check_words(found, looked_at, texts, dictionaries or texts[2:])
        return cls(found, banks)

    def separate(self) -> "Brought":
        """The same with the second language in another script."""
        if self.treebanks is None:
            return Brought(self.texts.separate())
        one, other = self.treebanks
        return Brought(self.texts.separate(), (one, [replace(each, words=tuple(
            " ".join(in_other_script(word.split())) for word in each.words)) for each in other]))


def check_judged(texts: TwoTexts, files: Sequence[str]) -> None:
    """InputError for lines to judge by without a word of the text that was given for their language."""
    unknown = texts.tokenizer.unk_id
    for path, text, read, lines in zip(files[2:], files[:2], texts.read, texts.judged, strict=True):
        common = _words(read) & _words(lines)
        if not any(unknown not in texts.tokenizer.encode(word) for word in common):
            raise InputError(f"{path}: no word of these lines stands in {text}, whose language they should have; are "
                             f"the files in the right order?  Give {WANTED}")


def check_words(texts: TwoTexts, looked_at: int, files: Sequence[str], pairs_from: Sequence[str]) -> None:
    """InputError for a text with fewer than two familiar words, and where no such words belong together."""
    looks = [familiar(texts, language, looked_at) for language in (0, 1)]
    for path, (lines, words) in zip(files[:2], looks, strict=True):
        if len(words) < 2:
            raise InputError(f"{path}: {len(words)} of its words stand {FAMILIAR} times or more in the {len(lines):,} "
                             "lines that are looked at, and 2 are needed to ask which is nearer; give a longer text, "
                             "and leave out --quick, which looks at few lines")
    if not belonging(texts, [words for _, words in looks]).any():
        raise InputError(f"{' and '.join(pairs_from)}: of no pair of words that belong together both stand {FAMILIAR} "
                         f"times or more in the lines of {files[0]} and {files[1]} that are looked at; give longer "
                         "texts, or a dictionary of their words, and leave out --quick, which looks at few lines")


def _words(lines: Lines) -> set[str]:
    """Those that are no signs or numbers."""
    return {word for line in lines for word in line if is_word(word)}


def read_dictionary(path: str) -> list[tuple[str, str]]:
    """Words that belong together: a word, a tab and its translation in each line, in small letters without accents.

    What is more than one word on either side is passed over.  InputError, with the line, for another number of columns,
    and where no line has one word on either side.
    """
    found, passed = [], 0
    for number, line in filled_lines(path):
        cells = [plain_words(cell) for cell in line.split("\t")]
        if len(cells) != 2:
            raise InputError(f"{path}:{number}: {len(cells)} columns; a word, a tab and its translation are two")
        if len(cells[0]) == len(cells[1]) == 1:
            found.append((cells[0][0], cells[1][0]))
        else:
            passed += 1
    if not found:
        raise InputError(f"{path}: no line with one word, a tab and one word; {passed} of more words or of none were "
                         "passed over; give a dictionary of single words, or none")
    return found


def plain_trees(path: str) -> list[TaggedSentence]:
    """The sentences of a treebank, their words in small letters without accents, or as they are if nothing is left.

    InputError for fewer than four: a quarter is judged by, and the others are learned from.
    """
    found = [replace(each, words=tuple(" ".join(plain_words(word)) or word for word in each.words))
             for each in read_conllu(path)]
    if len(found) < 4:
        raise InputError(f"{path}: {len(found)} sentences; give 4 or more, three quarters to learn from and the others "
                         "to judge by")
    return found

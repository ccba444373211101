"""Which tag does each word of a sentence have?  Its part of speech, or whether it belongs to a name.

A word's tag is read at its first piece (Devlin et al. 2019, section 5.3).  Names of several words are judged whole, as
CoNLL-2003 does.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from tinyformer.data import readers
from tinyformer.data.labelled import tagged_rows
from tinyformer.metrics.entities import entity_scores
from tinyformer.models import TokenTagger
from tinyformer.options import option
from tinyformer.tasks.collapse import same_of_everything
from tinyformer.tasks.finetuning_settings import Finetuning
from tinyformer.tasks.task import TYPED, Task
from tinyformer.tasks.terminal_lines import clipped, heading, many, screen_columns, terminal_width, wrapped


@dataclass(frozen=True)
class TagSettings(Finetuning):
    """Which tags are read."""

    tags: str | None = option(None, "the column with the tags: upos or xpos (CoNLL-U); ner, chunk, pos or a number "
                              "(CoNLL-2003)")


class Tag(Task):
    """One tag for each word of a sentence."""

    name, head, figures, settings = "tag", TokenTagger, ("accuracy", "precision", "recall", "f1"), TagSettings
    shown, takes, unseen = (), (1, "one sentence"), True       # a rare tag may be met in the development file alone
    picture, unit = "tagged.png", "nats per tag"

    def read(self, path, options, training=False, labelled=True):
        if _looks_like_conllu(path):
            return readers.read_conllu(path, options.tags or "upos", labelled, options.skip_bad_rows)
        column = options.tags or "ner"
        return readers.read_conll2003(path, int(column) if re.fullmatch("-?[0-9]{1,9}", column) else column,
                                      labelled=labelled, skip_bad_rows=options.skip_bad_rows)

    def example(self, sentence, *, number):
        return readers.TaggedSentence(tuple(sentence.split()), (), TYPED, number)

    def texts_of(self, example):
        return [" ".join(example.words)]

    def rows(self, examples, tokenizer, labels, options):
        return tagged_rows(examples, tokenizer, labels, options.max_length)

    def predict(self, model, examples, rows, tokenizer, options):
        found = []
        for example, row, tags in zip(examples, rows, self.outputs(model, rows), strict=True):
            said = [model.labels[tag] for tag in tags[row.firsts]]
            unread = len(example.words) - len(said)            # words cut off behind max_length get no tag
            found.append({"words": list(example.words), "tags": said + [None] * unread})
        return found

    def scores(self, examples, predictions):
        truth, said = [list(e.tags) for e in examples], [p["tags"] for p in predictions]
        right = [a == b for a, b in zip(chain(*truth), chain(*said), strict=True)]
        found = {"accuracy": sum(right) / len(right)}
        if unread := _unread(predictions):
            found["unread"] = unread
        said = [[tag or "O" for tag in tags] for tags in said]
        if is_bio({*chain(*truth), *chain(*said)}):
            pieces = entity_scores(truth, said)
            found |= {"precision": pieces.precision, "recall": pieces.recall, "f1": pieces.f1}
        return found

    def constant(self, train, examples):
        """The commonest tag that training shows for the word, or the commonest of all for a new word."""
        seen, overall = defaultdict(Counter), Counter()
        for example in train:
            overall.update(example.tags)
            for word, tag in zip(example.words, example.tags, strict=True):
                seen[word.lower()][tag] += 1
        return [{"words": list(e.words), "tags": [(seen.get(word.lower()) or overall).most_common(1)[0][0]
                                                  for word in e.words]} for e in examples]

    def collapsed(self, examples, predictions):
        same = same_of_everything(chain(*(_read(p) for p in predictions)), chain(*(e.tags for e in examples)))
        return None if same is None else repr(same)

    def mistakes(self, examples, predictions, most=5):
        wrong = wrong_tags([(e.words, e.tags, _read(p)) for e, p in zip(examples, predictions, strict=True)], most=most)
        unread = _unread(predictions)
        return wrong + (f"\n\n{many(unread, 'word')} more behind --max-length, not read, and counted as wrong"
                        if unread else "")

    def draw(self, examples, predictions, path):
        from tinyformer import plot
        plot.tagged_sentences([(e.words, e.tags, _read(p)) for e, p in zip(examples, predictions, strict=True)], path)


def wrong_tags(sentences: Iterable[tuple[Sequence[str], Sequence[str], Sequence[str]]], *, most: int = 5,
               width: int | None = None) -> str:
    """Sentences with wrong tags, (words, true tags, predicted tags), and a column each for the wrong words.

    Those with the most wrong words come first.  Words beyond the end of the predicted tags were not read, and are
    neither right nor wrong.
    """
    sentences, width = list(sentences), terminal_width(width)
    checked = [(words, [(number, *tags) for number, tags in enumerate(zip(true, predicted, strict=False))])
               for words, true, predicted in sentences]
    wrong = [(words, [row for row in rows if row[1] != row[2]]) for words, rows in checked]
    wrong = sorted((pair for pair in wrong if pair[1]), key=lambda pair: -len(pair[1]))
    total = sum(len(rows) for _, rows in checked)
    out = [heading(len(wrong), len(sentences), "sentence", most, ", the worst first")]
    if wrong:
        out.insert(0, f"{sum(len(rows) for _, rows in wrong):,} of {many(total, 'word')} wrong")
    for words, rows in wrong[:most]:
        table = [("word", "true", "predicted"), *((words[n], true, predicted) for n, true, predicted in rows)]
        room = max(8, width // 3 - 4)
        cells = [[clipped(cell, room) for cell in row] for row in table]
        wide = [max(screen_columns(row[k]) for row in cells) for k in range(3)]
        out += ["", *wrapped(" ".join(words), width, 2)]
        padded = [[cell + " " * (w - screen_columns(cell)) for cell, w in zip(row, wide, strict=True)]
                  for row in cells]
        out += ["    " + "  ".join(row).rstrip() for row in padded]
    return "\n".join(out)


def is_bio(tags: Collection[str]) -> bool:
    """Whether these tags mark pieces of several words (B-PER, I-PER, O) and are not of another kind (NOUN, VERB)."""
    return any(tag.startswith(("B-", "I-")) for tag in tags) and all(
        tag == "O" or tag.startswith(("B-", "I-")) for tag in tags)


def _read(prediction: dict) -> list[str]:
    """The tags of the words that were read; those behind them have none."""
    return [tag for tag in prediction["tags"] if tag is not None]


def _unread(predictions: Sequence[dict]) -> int:
    """How many words have no tag, since they were cut off."""
    return sum(tag is None for p in predictions for tag in p["tags"])


def _looks_like_conllu(path: str) -> bool:
    """By its name, or else because a line has ten columns."""
    if str(path).lower().endswith((".conllu", ".conllu.gz")):
        return True
    if Path(path).is_file() and not str(path).endswith(".gz"):
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.strip() and not line.startswith("#"):
                    return line.count("\t") == 9
    return False

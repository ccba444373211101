"""How is tinyland handed to other programs?  As files in the published formats, and a table of how hard each set is."""

from dataclasses import dataclass

from tinyformer import tinyland
from tinyformer.errors import InputError
from tinyformer.options import REQUIRED, option
from tinyformer.places import check_folder

HEADS = {"text": "classify", "pair": "pair", "score": "score", "tags": "tag", "question": "answer"}


@dataclass(frozen=True, kw_only=True)
class Options:
    """How much is written, of which world, and where."""

    out: str = option(REQUIRED, "folder for corpus.txt and the labelled sets", metavar="DIR")
    seed: int = option(0, "the world that is told", least=0)
    documents: int = option(2000, "documents of the corpus", least=1)
    labels: int = option(2000, "training examples of each set; a fifth as many for development, and for the test",
                         least=10)


def run(options: Options) -> int:
    """Write the corpus and every labelled set below --out, and print how hard each is.

    That is what a constant answer, a bag of words and a perfect reader reach.  InputError where the folder cannot be
    made, or where a set has not so many different examples.
    """
    from tinyformer.tinyland.bag_of_words import table
    folder, labels = check_folder(options.out), options.labels
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "corpus.txt").is_file():
        raise InputError(f"{folder} is there already and holds something else; choose another --out")
    fifth = labels // 5
    tinyland.write(folder, options.seed, options.documents, {"train": labels, "dev": fifth, "test": fifth})
    print(f"{folder}: corpus.txt with {options.documents:,} documents (corpus-b.txt in the second language, "
          f"parallel.tsv), and {labels:,} + {fifth:,} + {fifth:,} examples of each set")
    print(f"{'set':<8}  {'finetune':<8}  {'figure':<11}  majority  bag of words  ceiling")
    for row in table(labels, fifth, seed=options.seed):
        print(f"{row['task']:<8}  {HEADS[row['kind']]:<8}  {row['metric']:<11}  {row['majority']:8.3f}  "
              f"{row['bag of words']:12.3f}  {row['ceiling']:7.3f}")
    return 0

"""How is tinyland handed to other programs?  As files in the published formats, and a table of how hard each set is."""

from pathlib import Path

from tinyformer.errors import InputError

HEADS = {"text": "classify", "pair": "pair", "score": "pair", "tags": "tag", "question": "answer"}


def run(out: str, seed: int = 0, documents: int = 2000, labels: int = 2000) -> int:
    """Write the corpus and every labelled set below `out`, `labels` examples to train on and a fifth for dev and test.

    Prints for each set what a constant answer, a bag of words and a perfect reader reach.  InputError where the
    folder cannot be made, or where a set has not so many different examples.
    """
    from tinyformer.tinyland import write
    from tinyformer.tinyland.bag_of_words import table
    for flag, value, least in (("--documents", documents, 1), ("--labels", labels, 10), ("--seed", seed, 0)):
        if value < least:
            raise InputError(f"{flag} is {value}; it must be {least} or larger")
    folder = Path(out)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir()) and not (folder / "corpus.txt").is_file()):
        raise InputError(f"{folder} is there already and holds something else; choose another --out")
    sizes = {"train": labels, "dev": labels // 5, "test": labels // 5}
    write(folder, seed, documents, sizes)
    print(f"{folder}: corpus.txt with {documents:,} documents (corpus-b.txt in the second language, parallel.tsv), and "
          f"{labels:,} + {labels // 5:,} + {labels // 5:,} examples of each set")
    print(f"{'set':<8}  {'finetune':<8}  {'figure':<11}  majority  bag of words  ceiling")
    for row in table(labels, labels // 5, seed=seed):
        print(f"{row['task']:<8}  {HEADS[row['kind']]:<8}  {row['metric']:<11}  {row['majority']:8.3f}  "
              f"{row['bag of words']:12.3f}  {row['ceiling']:7.3f}")
    return 0

"""Which words are alike?  The nearest ones by their vectors, and what is to one word as another is to a third."""

from dataclasses import dataclass

from tinyformer.errors import InputError
from tinyformer.options import REQUIRED, argument, option, switch


@dataclass(frozen=True, kw_only=True)
class Options:
    """Whose vectors, and which words."""

    words: tuple[str, ...] = argument("words to look for; with --analogy three: man king woman asks what is to woman "
                                      "as king is to man", default=())
    model: str = option(REQUIRED, "folder of a model, such as the --out of pretrain words, or a file of vectors in the "
                        "word2vec text format", metavar="DIR|FILE")
    analogy: bool = switch("what is to the third word as the second is to the first")
    top: int = option(10, "words shown for each", least=1)


def run(options: Options) -> int:
    """Print the nearest words, each with its cosine."""
    from tinyformer.tasks.neighbours import open_neighbours
    if not options.words or options.analogy and len(options.words) != 3:
        raise InputError(f"{len(options.words)} words are given; name one word at least, and with --analogy three, as "
                         "in: man king woman --analogy")
    vectors = open_neighbours(options.model)
    if options.analogy:
        a, b, c = options.words
        found = {f"{c} + {b} - {a}": vectors.analogy(a, b, c, options.top)}
    else:
        found = {word: vectors.nearest(word, options.top) for word in options.words}
    for asked, near in found.items():
        print(f"{asked:<15} " + "   ".join(f"{word} {cosine:.2f}" for word, cosine in near))
    return 0

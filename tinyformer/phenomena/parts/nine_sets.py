"""What does a model reach on the nine sets of TinyGLUE?  It learns each by itself, from where its reading left it.

(Radford et al. 2018, section 4.2; Devlin et al. 2019, section 4.1.)
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tinyformer import tinyland
from tinyformer.nn import Module
from tinyformer.phenomena.parts import few_examples
from tinyformer.tasks import TASKS
from tinyformer.text import Tokenizer
from tinyformer.tinyland.bag_of_words import bag_of_words, figure

HEADS = {"text": "classify", "pair": "pair", "score": "score"}
Shown = Mapping[str, tuple[Sequence, Sequence]]                # of every set, (training, development) examples


def examples(labels: int, dev: int, seed: int) -> Shown:
    """The nine sets of this seed, so many examples to learn from and to be judged by."""
    return {name: (tinyland.task(name, "train", labels, seed), tinyland.task(name, "dev", dev, seed))
            for name in tinyland.TINYGLUE}


def learned(start: Module, tokenizer: Tokenizer, shown: Shown, seed: int, **how: Any) -> dict[str, float]:
    """Teach a copy of `start` each set: its first official figure on the development examples.

    `how` says steps, rate, batch and the like, as `FewLabels` names them.
    """
    found = {}
    for name, both in shown.items():
        task = tinyland.TINYGLUE[name]
        spec = few_examples.FewLabels(HEADS[task.kind], name, len(both[0]), title=name, figure=task.metrics[0], **how)
        below = TASKS[spec.head].part_of(start, seed)
        found[name] = few_examples.learned(spec, below, tokenizer, both, seed).figures[spec.figure]
    return found


def of_single_words(shown: Shown) -> dict[str, float]:
    """The same figures of who knows which words there are and nothing of their order: one regression for each set."""
    return {name: figure(name, *bag_of_words(*both)) for name, both in shown.items()}


def perfect(dev: int, seed: int) -> dict[str, float]:
    """The same figures of a perfect reader of these very development examples."""
    return {name: tinyland.ceiling(name, "dev", dev, seed) for name in tinyland.TINYGLUE}


def scored(figures: Mapping[str, float], tops: Mapping[str, float]) -> dict[str, float]:
    """Every figure between 0 (the majority) and 100 (a perfect reader, whose figures are `tops`)."""
    return {name: tinyland.on_scale(name, value, tops[name]) for name, value in figures.items()}

"""Which parts make a Llama of a GPT-2, and what is each worth?  One after the other, with the same text and steps.

For each seed the same GPT reads the same windows of tinyland: as GPT-2; without biases; with a norm that takes no mean
off; with places as turns of queries and keys in place of vectors; with a gate, of two thirds of the inner width; and
with keys that two queries share, which is Llama with one table of word vectors.  So each model has one part more of
Llama than the one above it, and, but for the last, as many numbers in its layers.  All are held to the same text that
none has read.  How long a step takes is the median over steps for which each model takes turns with a GPT-2, optimizer
included, and says what these parts cost here: a GPT-2's attention and feed are one operation each, a Llama's several.

Published: an RMS norm learns as well and is faster (Zhang and Sennrich 2019), turns learn faster than vectors (Su et
al. 2021, section 4), a gate is better at equal size (Shazeer 2020, table 1), shared keys cost little (Ainslie et al.
2023, table 1).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from statistics import mean

import numpy as np

from tinyformer.data.batches import TextWindows
from tinyformer.data.corpus import read_text, split_documents
from tinyformer.data.encode import text_ids
from tinyformer.metrics.over_seeds import interval, spread
from tinyformer.models import GPTConfig
from tinyformer.nn.first_numbers import deviation_at
from tinyformer.phenomena.kit import Experiment, Files, Found, Sizes, Table, Verdict, above, at_most, judged, watch
from tinyformer.phenomena.parts.between import GATE, NO_BIASES, NORM, PARTS, SHARED_KEYS, TURNS, Between
from tinyformer.phenomena.parts.taking_turns import paces
from tinyformer.rng import stream
from tinyformer.text import ByteLevelBPE
from tinyformer.tinyland.world_texts import read_world
from tinyformer.train import Settings

GPT2, *_ = ARMS = ("GPT-2", *PARTS)
EXPERIMENT = Experiment(
    chapter="reading", minutes=2, optimizer="muon",
    full=Sizes(arms=ARMS, documents=2000, characters=500_000, vocabulary=800, layers=2, width=48, length=64,
               batch_size=8, steps=300, looks=3, timed=20),
    quick=Sizes(arms=ARMS, documents=150, characters=60_000, vocabulary=300, layers=2, width=32, length=32,
                batch_size=8, steps=6, looks=2, timed=3),
    control="The model above, which differs in one part, with the same text, steps and learning rates.",
    not_found="What the parts are worth after long reading: each model has seen 150,000 tokens, and all have the rates "
              "that were chosen for GPT-2.  A Llama with word vectors of its own going out was not tried.",
    takes={"data": "a plain text, such as a novel; given again, another: the last tenth of all is held out"})
HEADS, RATE, MATRIX_RATE = 4, 1e-3, 0.02      # as `pretrain gpt` has them
SAME = 0.05                                   # nats per token that count as the same


@dataclass(frozen=True, eq=False)
class Text:
    """What is read, and what is held out, as ids."""

    training: np.ndarray
    held_out: np.ndarray
    vocabulary: int
    per_token: float                          # characters of a token that is held out

    @classmethod
    def of(cls, training: Sequence[str], held_out: Sequence[str], vocabulary: int) -> "Text":
        """These documents, with a vocabulary of the first."""
        tokenizer = ByteLevelBPE.train(training, vocabulary)
        ids, held = text_ids(training, tokenizer), text_ids(held_out, tokenizer)
        return cls(ids, held, len(tokenizer), sum(map(len, held_out)) / len(held))


def one(sizes: Sizes, seed: int, arm: str) -> dict:
    """What a GPT with the parts of this arm makes of the world of this seed."""
    return learned(told(seed, sizes.documents, sizes.vocabulary), sizes, seed, arm)


def one_given(sizes: Sizes, seed: int, files: Files) -> dict:
    """The same of the user's texts, all arms: as many characters as the sizes say, from the front."""
    text = brought(files.data, sizes.characters, sizes.vocabulary)
    return {"arms": {arm: learned(text, sizes, seed, arm) for arm in ARMS}}


@lru_cache(maxsize=1)
def told(seed: int, documents: int, vocabulary: int) -> Text:
    """The world of this seed."""
    return Text.of(*read_world(documents, seed), vocabulary)


@lru_cache(maxsize=1)
def brought(paths: tuple[str, ...], characters: int, vocabulary: int) -> Text:
    """The texts of these files."""
    training, held_out = split_documents([read_text(Path(path)) for path in paths])
    room = characters * 9 // 10
    return Text.of(["".join(training)[:room]], ["".join(held_out)[:characters - room]], vocabulary)


def learned(text: Text, sizes: Sizes, seed: int, arm: str) -> dict:
    """Read, and look at what is held out; then a step of this model and one of a GPT-2 in turns."""
    config = GPTConfig(vocabulary=text.vocabulary, layers=sizes.layers, heads=HEADS, width=sizes.width,
                       context=sizes.length, dropout=0.0, init_std=deviation_at(sizes.width))
    model, plain = (Between(config, parts, stream(seed, "weights")) for parts in (PARTS[:ARMS.index(arm)], ()))
    batches, held_out = (TextWindows(ids, batch_size=sizes.batch_size, block=sizes.length, seed=seed)
                         for ids in (text.training, text.held_out))
    settings = Settings(steps=sizes.steps, learning_rate=RATE, matrix_rate=MATRIX_RATE, schedule="cosine",
                        warmup=sizes.steps // 10, weight_decay=0.1, betas=(0.9, 0.99), seed=seed,
                        optimizer=EXPERIMENT.optimizer, evaluate_every=sizes.steps // sizes.looks)
    curve = watch(model, batches, settings, list(held_out.in_order(64)))
    loss = curve[-1]["lm loss"]
    pace, beside = paces([model, plain], [batches, batches], settings, sizes.timed)
    return {"loss": loss, "bits": loss / math.log(2) / text.per_token, "parameters": model.count(), "pace": pace,
            "to GPT-2": pace / beside, "curve": [{"step": row["step"], "loss": row["lm loss"]} for row in curve]}


def said(outcome: dict) -> str:
    """One outcome in a line."""
    return (f"seed {outcome['seed']}, {outcome['arm']}: held-out loss {outcome['loss']:.4f}, {outcome['pace']:.1f} "
            f"steps a second ({outcome['to GPT-2']:.2f} of GPT-2's)")


def gained(outcomes: Sequence[dict], arm: str) -> list[float]:
    """By how much the loss of an arm is below that of the one above, in thousandths of a nat per token, by seeds."""
    before = ARMS[ARMS.index(arm) - 1]
    losses = [[each["loss"] for each in outcomes if each["arm"] == which] for which in (before, arm)]
    return [1000 * (a - b) for a, b in zip(*losses, strict=True)]


def verdict(found: Found) -> Verdict:
    """Turns and the gate each lower the held-out loss, by the interval; biases, norm and shared keys change it little.

    Little: by 50 thousandths of a nat per token at most, either way, in every seed.
    """
    little = 1000 * SAME
    return judged(*(above(0, f"thousandths of a nat that {arm} are worth", gained(found.outcomes, arm))
                    for arm in (TURNS, GATE)),
                  *(at_most(little, f"thousandths of a nat between {arm} and the model above",
                            [*map(abs, gained(found.outcomes, arm))]) for arm in (NO_BIASES, NORM, SHARED_KEYS)))


def table(found: Found) -> list[Table]:
    """A line for each part that was exchanged; and the same for the texts of the user."""
    tables = [losses_of(found.outcomes)]
    if found.given:
        flat = [{**each, "arm": arm} for outcome in found.given for arm, each in outcome["arms"].items()]
        tables.append(losses_of(flat, f"On {', '.join(Path(path).name for path in found.files.data)}:"))
    return tables


def losses_of(outcomes: Sequence[dict], title: str = "") -> Table:
    """The losses of one text."""
    rows = []
    for arm in ARMS:
        own = [each for each in outcomes if each["arm"] == arm]
        rows.append((arm, own[0]["parameters"], spread([each["loss"] for each in own], 3),
                     spread([each["bits"] for each in own], 3), "" if arm == GPT2 else interval(gained(outcomes, arm)),
                     f"{mean(each['pace'] for each in own):.1f}", f"{mean(each['to GPT-2'] for each in own):.2f}"))
    return Table(("with", "parameters", "held-out loss", "bits a character", "gained", "steps a second", "of GPT-2's"),
                 rows, title, "each line: one part more than the line above; loss in nats per token, mean ± deviation "
                 "over the seeds; gained on the line above: thousandths of a nat, with the 95 % interval; steps in a "
                 "second of one core")


def draw(found: Found, folder: Path) -> None:
    """gpt-to-llama.png: what each part is worth, and the steps a second of each model beside GPT-2's."""
    from tinyformer import plot
    worth = {arm: () if arm == GPT2 else gained(found.outcomes, arm) for arm in ARMS}
    panels = [plot.Bars("Held-out loss", "gained on the model above, nats per token / 1000", worth),
              plot.Bars("Steps a second", "% of GPT-2's", {arm: found.values("to GPT-2", arm, 100) for arm in ARMS},
                        ("GPT-2", 100))]
    plot.grouped(panels, {"GPT-2": (GPT2,), "parts of Llama, added up": PARTS}, folder / "gpt-to-llama.png",
                 title="From GPT-2 to Llama, one part at a time")

"""What can be read off a model that has only listened?  Seven tasks over what is said, by whom and how; few labels.

A small SUPERB (Yang et al. 2021).  For each seed a dozen speakers say made-up words in four moods, without a label, and
four small models of three layers listen to them: a speech BERT that guesses hidden frames (Mockingjay), one that
guesses their clusters (HuBERT), one that guesses clusters of the former's middle layer (its second round), and a speech
GPT that guesses the frame 60 ms further on (APC).  Then they are frozen, and linear probes learn seven tasks from ten
labels of each class on other words of the same speakers: from each layer alone, and from a mixture of all of
them whose shares are learned with the probe, as in the paper.  A probe reads the mean over the sound; for the phone it
reads one moment, and for a pair how far apart two means lie.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

import numpy as np

from tinyformer.errors import InputError
from tinyformer.metrics.over_seeds import spread
from tinyformer.models.parts.every_layer import layers_of
from tinyformer.phenomena.kit import Experiment, Files, Found, Sizes, Table, Verdict, at_least, at_most, judged
from tinyformer.phenomena.parts import small_listeners, speech_tasks
from tinyformer.phenomena.parts.mixed_layers import layer_by_layer, mixture
from tinyformer.phenomena.parts.probes import on_scale
from tinyformer.phenomena.parts.small_listeners import Heard
from tinyformer.phenomena.parts.speech_tasks import CONTENT, MANNER, SPEAKER, UNHEARD, SpeechTask
from tinyformer.rng import stream
from tinyformer.sound import Voices, read_spoken_digits
from tinyformer.tinyland import Chance

EXPERIMENT = Experiment(
    chapter="beyond", minutes=4, optimizer="adamw",
    full=Sizes(learned=1000, asked=900, tested=350, labels=10, steps=300, given_steps=300, layers=3, width=64),
    quick=Sizes(learned=60, asked=260, tested=60, labels=3, steps=8, given_steps=8, layers=2, width=32),
    control="The spectrogram itself, and the same encoders with the numbers they began with, which mix frames at "
            "random; the probes, the labels and the sounds are the same.",
    not_found="Of what is said only the speech GPT knows clearly more than the spectrogram.  After so few steps the "
              "models of hidden frames and of clusters are no better than encoders that have learned nothing, and lose "
              "words towards their top.  Who speaks no model tells reliably better than the spectrogram, and pairs of "
              "speakers swing so much that it cannot be told whether layers gain less there than in content.",
    takes={"data": "a folder of spoken digits named as in the Free Spoken Digit Dataset (7_jackson_12.wav)"})
LOG_MEL, RANDOM_BERT, RANDOM_GPT = "log-mel", "random BERT", "random GPT"
MASKED, CLUSTERS, AGAIN, NEXT = "hidden frames", "clusters", "clusters, round two", "frames to come"
TRAINED, CONTROLS = (MASKED, CLUSTERS, AGAIN, NEXT), (LOG_MEL, RANDOM_BERT, RANDOM_GPT)
ARMS = (*CONTROLS, *TRAINED)
MIXED = "mixed"
ASKED = {CONTENT: "What is said", SPEAKER: "Who says it", MANNER: "How it is said"}
SHOWN = 3                                      # sounds in the picture of what was hidden and guessed


def one(sizes: Sizes, seed: int) -> dict:
    """One seed: who speaks, what is learned from it, and what the probes read off every layer of every model."""
    said = list(Voices(seed).utterances(sizes.learned + sizes.asked))
    heard, asked = Heard.of(said[:sizes.learned]), said[sizes.learned:]
    vectors = [heard.extractor(each.samples) for each in asked]
    tasks = speech_tasks.of_voices(asked, [len(each) for each in vectors], sizes.labels, sizes.tested,
                                   Chance(stream(seed, "tasks")))
    return all_asked(sizes, seed, heard, vectors, tasks, sizes.steps)


def one_given(sizes: Sizes, seed: int, files: Files) -> dict:
    """The same with a folder of spoken digits: learned from the takes that are not judged, without their labels."""
    (folder, *more) = files.data
    if more:
        raise InputError(f"--data is given {len(files.data)} times, and one folder of spoken digits is looked at; give "
                         "one")
    said = read_spoken_digits(folder)
    tasks = speech_tasks.of_digits(said, sizes.labels, Chance(stream(seed, "tasks")))
    held = {*tasks[0].test}
    heard = Heard.of([each for number, each in enumerate(said) if number not in held])
    return all_asked(sizes, seed, heard, [heard.extractor(each.samples) for each in said], tasks, sizes.given_steps)


def all_asked(sizes: Sizes, seed: int, heard: Heard, vectors: Sequence[np.ndarray], tasks: Sequence[SpeechTask],
              steps: int) -> dict:
    """What each arm knows of each task, on the scale on which guessing is at 0 and knowing all at 100."""
    shape = dict(layers=sizes.layers, width=sizes.width)
    learn = dict(steps=steps, optimizer=EXPERIMENT.optimizer, **shape)
    found = {LOG_MEL: probed(tasks, [each[None] for each in vectors], seed)}
    for arm, causal in ((RANDOM_BERT, False), (RANDOM_GPT, True)):
        found[arm] = probed(tasks, layers_of(small_listeners.deaf(heard, seed, causal=causal, **shape), vectors), seed)
    masked = small_listeners.listener(small_listeners.masked(heard, seed), heard, seed, **learn)
    clusters = small_listeners.listener(small_listeners.clusters(heard, seed), heard, seed, **learn)
    again = small_listeners.clusters(heard, seed, teacher=clusters.encoder)
    models = {MASKED: masked, CLUSTERS: clusters, AGAIN: small_listeners.listener(again, heard, seed, **learn),
              NEXT: small_listeners.listener(small_listeners.ahead(heard, seed), heard, seed, **learn)}
    for arm, model in models.items():
        found[arm] = probed(tasks, layers_of(model.encoder, vectors), seed)
    return {"tasks": {task.name: {"kind": task.kind, "chance": task.chance, "labels": len(task.train),
                                  **{arm: found[arm][number] for arm in ARMS}} for number, task in enumerate(tasks)},
            "heard": small_listeners.looked_at(masked, heard, vectors[:SHOWN], seed)}


def probed(tasks: Sequence[SpeechTask], states: Sequence[np.ndarray], seed: int) -> list[dict]:
    """For each task what is read off every layer and off their mixture, and the shares of that."""
    found = []
    for task in tasks:
        given = task.examples(states)
        share, shares = mixture(*given, stream(seed, "mixture"))
        alone = layer_by_layer(*given, stream(seed, "layers"))
        found.append({"layers": [on_scale(right, task.chance) for right in alone],
                      MIXED: on_scale(share, task.chance), "shares": shares})
    return found


# ---- figures ---------------------------------------------------------------------------------------------------------


def figures(outcomes: Sequence[dict], name: str, arm: str) -> list[float]:
    """What the mixture of an arm's layers knows of a task, seed by seed."""
    return [each["tasks"][name][arm][MIXED] for each in outcomes]


def averages(outcomes: Sequence[dict], arm: str, kind: str | None = None) -> list[float]:
    """The mean over all tasks, or over those of one kind, seed by seed."""
    return [mean(task[arm][MIXED] for task in each["tasks"].values() if kind in (None, task["kind"]))
            for each in outcomes]


def verdict(found: Found) -> Verdict:
    """Who has listened knows more of what is said than the spectrogram tells, and the layers above know it best.

    Over the four tasks of content the speech GPT is on average at least 5 points above the spectrogram, and at least 5
    above the better of the two random encoders, in every seed; on words of unheard speakers at least 10 above the
    spectrogram.  Of content its best layer has at least 5 points more than what enters the first, and at least 5 more
    than it gains so in the speaker's tasks: what is said is worked out, who says it is not.  The better random encoder
    is at most 10 above the spectrogram in content.  The rule was written after a look at seed 100.
    """
    outcomes = found[None]
    content = {arm: averages(outcomes, arm, CONTENT) for arm in ARMS}
    random = [max(pair) for pair in zip(content[RANDOM_BERT], content[RANDOM_GPT], strict=True)]
    gains = {kind: gained(outcomes, NEXT, kind) for kind in (CONTENT, SPEAKER)}
    return judged(
        at_least(5, f"content, points of {NEXT} above the spectrogram", less(content[NEXT], content[LOG_MEL])),
        at_least(5, f"content, points of {NEXT} above the better random encoder", less(content[NEXT], random)),
        at_least(10, f"{UNHEARD}, points of {NEXT} above the spectrogram",
                 less(*(figures(outcomes, UNHEARD, arm) for arm in (NEXT, LOG_MEL)))),
        at_least(5, f"content, points of the best layer of {NEXT} above what enters", gains[CONTENT]),
        at_least(5, "how much more that is than for the speaker", less(gains[CONTENT], gains[SPEAKER])),
        controls=[at_most(10, "content, points of the better random encoder above the spectrogram",
                          less(random, content[LOG_MEL]))])


def gained(outcomes: Sequence[dict], arm: str, kind: str) -> list[float]:
    """By how much the best layer, on average over the tasks of a kind, is above what enters the first, seed by seed."""
    return [max(curve) - curve[0] for curve in (by_layer(each, arm, kind) for each in outcomes)]


def by_layer(outcome: dict, arm: str, kind: str) -> list[float]:
    """What each layer alone knows, on average over the tasks of a kind."""
    return np.mean([task[arm]["layers"] for task in outcome["tasks"].values() if task["kind"] == kind], 0).tolist()


def less(some: Sequence[float], others: Sequence[float]) -> list[float]:
    """The differences, seed by seed."""
    return [a - b for a, b in zip(some, others, strict=True)]


def table(found: Found) -> list[Table]:
    """Tasks by arms with their average, from the mixture; each layer alone; and the same for a folder of the user."""
    tables = [of_arms(found[None]), of_layers(found[None])]
    if found.given:
        tables += [of_arms(found.given, f"On {', '.join(found.files.data)}:"), of_layers(found.given)]
    return tables


def of_arms(outcomes: Sequence[dict], title: str = "") -> Table:
    """A line for each task, and the average."""
    first = outcomes[0]["tasks"]
    rows = [(name, task["kind"], *(spread(figures(outcomes, name, arm)) for arm in ARMS))
            for name, task in first.items()]
    rows.append(("average", "", *(spread(averages(outcomes, arm)) for arm in ARMS)))
    return Table(("task", "of", *ARMS), rows, title, "from the learned mixture of all layers; guessing is at 0 and "
                 "knowing all at 100, mean ± deviation over the seeds")


def of_layers(outcomes: Sequence[dict]) -> Table:
    """A line for each task and trained arm: what each layer alone knows."""
    rows = [(name, arm, *(spread(each) for each in zip(*(
        outcome["tasks"][name][arm]["layers"] for outcome in outcomes), strict=True)))
        for name in outcomes[0]["tasks"] for arm in TRAINED]
    return Table(("task", "model", *(f"layer {layer}" for layer in range(len(rows[0]) - 2))), rows,
                 note="from each layer alone, on the same scale; layer 0 is what enters the first layer")


def draw(found: Found, folder: Path) -> None:
    """superb.png: a panel for each kind of task, every layer of every arm; superb-heard.png: hidden, and guessed."""
    from tinyformer import plot
    panels = of_kinds(found[None]) + (of_kinds(found.given, ", your files") if found.given else [])
    plot.compared(panels, folder / "superb.png", title="What each layer knows, from few labels")
    heard = {name: [np.array(each, float) for each in rows] for name, rows in found[None][0]["heard"].items()}
    plot.heard(heard["truth"], heard["got"], heard["guessed"], folder / "superb-heard.png", seconds=0.01,
               title="Words nobody had said to it: what was hidden, and what a speech BERT guessed")


def of_kinds(outcomes: Sequence[dict], where: str = "") -> list:
    """A panel for each kind, the mean of its tasks: trained models, what has not learned dashed, the spectrogram level.
    """
    from tinyformer import plot

    def runs(kind: str, arm: str) -> list:
        return [list(enumerate(by_layer(each, arm, kind))) for each in outcomes]

    counts = Counter(task["kind"] for task in outcomes[0]["tasks"].values())
    return [plot.Panel(f"{ASKED[kind]} ({count} task{'s' * (count > 1)}){where}", "guessing 0, knowing all 100",
                       {arm: runs(kind, arm) for arm in TRAINED}, "layer",
                       levels={LOG_MEL: mean(by_layer(each, LOG_MEL, kind)[0] for each in outcomes)},
                       controls={arm: runs(kind, arm) for arm in (RANDOM_BERT, RANDOM_GPT)})
            for kind, count in counts.items()]

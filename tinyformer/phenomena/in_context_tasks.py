"""What do no, one and sixteen examples bring over 42 tasks, from a small model to a large one?

Brown et al. 2020, figures 1.2 and 1.3, in small.  Models of two layers and five sizes read the same lists of worked
examples, of 37 tasks: words for words by heart, places, orders, digits, frames, tables of letters, and two of these
joined.  Half of the lists begin with words that say their task, "reverse : dog cat => cat dog . owl hen => ...".  And
half of all, named or not, follow a rule made up for one list: which words frame the answer, which noun stands for which
letter.

Then nothing is trained any more.  A prompt says the task, shows 0, 1, 4, 8 or 16 examples and asks for one more, and an
answer counts if it is right to the last word.  All 42 tasks count alike.  What is asked for is new, but for what has to
be known by heart: words that stood together in no list, in whatever order; frames of words that never framed anything;
letters whose meaning holds for this prompt alone.  And five tasks are in no list: to rotate three words, and three ways
to join two things that were only read apart.

Two controls go without the words that say the task, as do the sixteen examples that they are held against: sixteen
whose outputs are exchanged, and sixteen right ones of another task.
"""

from pathlib import Path
from statistics import mean

from tinyformer.metrics.over_seeds import spread
from tinyformer.models import GPT
from tinyformer.phenomena.kit import Experiment, Found, Sizes, Table, Verdict, at_least, at_most, judged
from tinyformer.phenomena.parts.forty_two_tasks import tasks, vocabulary
from tinyformer.phenomena.parts.list_readers import list_reader
from tinyformer.phenomena.parts.named_lists import LENGTH, NamedLists, as_rows, questions
from tinyformer.phenomena.parts.whole_answers import percent
from tinyformer.train import Settings, train

RATES = {64: 2.5e-3, 40: 3e-3, 24: 3e-3, 16: 4e-3, 8: 4e-3}           # peak learning rates by width
EXPERIMENT = Experiment(
    chapter="prompts", minutes=5, optimizer="adamw",
    full=Sizes(arms=(64, 40, 24, 16, 8), steps=1600, rows=4, asked=12),                # arms: the widths of the models
    quick=Sizes(arms=(16, 8), steps=10, rows=4, asked=1),
    control="Sixteen examples whose outputs are exchanged, and sixteen right ones of another task.",
    not_found="More examples are worth hardly more than one, over all tasks and where the rule is made up for the "
              "prompt.  Copies, orders and rotations are not found, whatever is shown, and sums and sorting seldom.  "
              "Exchanged outputs cost next to nothing: what is read off the examples is above all which task it is. "
              "In tables and labels any of the outputs that were shown is answered.")
SHOTS = (0, 1, 4, 8, 16)
UNNAMED, EXCHANGED, FOREIGN = "16, task not said", "16 exchanged", "16 of another task"
ASKED = (*map(str, SHOTS), UNNAMED, EXCHANGED, FOREIGN)                # the columns of the table
ALL, READ, MADE_UP, NEW = "all 42", "known tasks", "made up for the prompt", "tasks of no list"


def one(sizes: Sizes, seed: int, width: int) -> dict:
    """One size with one seed: {"accuracy": {task: {examples: % right}}}."""
    model = list_reader(len(vocabulary()), width, LENGTH, seed, layers=2, in_pairs=True)
    settings = Settings(steps=sizes.steps, learning_rate=RATES[width], schedule="constant-then-down",
                        warmup=sizes.steps // 20, betas=(0.9, 0.98), weight_decay=0.1, seed=seed,
                        optimizer=EXPERIMENT.optimizer, log_every=sizes.steps)
    train(model, NamedLists(sizes.rows, seed), settings, progress=False)
    return {"parameters": model.count(), "accuracy": measured(model, seed, sizes.asked)}


def measured(model: GPT, seed: int, count: int) -> dict[str, dict[str, float]]:
    """{task: {examples: % right}}, so many questions of each, the same behind any number of examples."""
    asked, found = [questions(task, count, SHOTS[-1], seed) for task in tasks().values()], {}
    half = len(asked) // 2                                     # the other task is one of another family
    for name, own, others in zip(tasks(), asked, asked[half:] + asked[:half], strict=True):
        prompts = {str(shots): [each.behind(shots) for each in own] for shots in SHOTS}
        prompts[UNNAMED] = [each.unnamed() for each in own]
        prompts[EXCHANGED] = [each.exchanged().unnamed() for each in own]
        prompts[FOREIGN] = [each.behind_those(other).unnamed() for each, other in zip(own, others, strict=True)]
        found[name] = {how: percent(model, as_rows(each)) for how, each in prompts.items()}
    return found


def groups() -> dict[str, list[str]]:
    """Which tasks are taken together."""
    found = {ALL: [*tasks()], READ: [], MADE_UP: [], NEW: []}
    for name, task in tasks().items():
        found[NEW if not task.trained else MADE_UP if task.made_up else READ].append(name)
    return found


def right(outcome: dict, how: str, names: list[str] | None = None) -> float:
    """The mean of a model over these tasks, or over all, each counting alike."""
    return mean(outcome["accuracy"][name][how] for name in names or tasks())


def said(outcome: dict) -> str:
    """What one model reaches, in a line."""
    return "seed {seed}, {parameters:,} parameters, % right behind no, one and sixteen examples: ".format(
        **outcome) + ", ".join(f"{right(outcome, how):.0f}" for how in ("0", "1", "16"))


def verdict(found: Found) -> Verdict:
    """The largest model is right more often behind one example than behind none, and behind sixteen; and size helps.

    Over all 42 tasks one example brings it 1 point and more, and sixteen 3; where the rule is made up for the prompt
    they bring 15, of which 2 and more are beyond one example.  With sixteen it is 10 points above the smallest.  So in
    every seed.  And examples of another task are of no use.
    """
    large, small = found[max(found.sizes.arms)], found[min(found.sizes.arms)]
    of = groups()

    def brought(more: str, less: str, group: str) -> list[float]:
        return [right(each, more, of[group]) - right(each, less, of[group]) for each in large]

    return judged(
        at_least(1, f"{ALL}, points that one example brings the largest", brought("1", "0", ALL)),
        at_least(3, f"{ALL}, points that sixteen bring it", brought("16", "0", ALL)),
        at_least(15, f"{MADE_UP}, points that sixteen bring it", brought("16", "0", MADE_UP)),
        at_least(2, f"{MADE_UP}, points that sixteen bring beyond one", brought("16", "1", MADE_UP)),
        at_least(10, f"{ALL}, points that the largest is above the smallest behind sixteen", [
            right(a, "16") - right(b, "16") for a, b in zip(large, small, strict=True)]),
        controls=[at_most(10, f"{ALL}, % right of the largest, {FOREIGN}", [right(each, FOREIGN) for each in large])])


def table(found: Found) -> list[Table]:
    """The mean over the tasks, a line for each size; then the largest size, a line for each family."""
    families = {}
    for name, task in tasks().items():
        families.setdefault(task.family, []).append(name)
    large = found[max(found.sizes.arms)]

    def row(outcomes: list[dict], names: list[str] | None = None) -> list[str]:
        return [spread([right(each, how, names) for each in outcomes]) for how in ASKED]

    return [Table(("parameters", *ASKED), [(f"{found[width][0]['parameters']:,}", *row(found[width]))
                                           for width in sorted(found.sizes.arms)],
                  title="All 42 tasks: % right behind so many examples"),
            Table(("the largest model", "tasks", *ASKED), [
                (family, str(len(names)), *row(large, names)) for family, names in families.items()])]


def draw(found: Found, folder: Path) -> None:
    """in-context-tasks.png: lines for 0, 1 and 16 examples over the parameters, of all tasks and of their groups."""
    from tinyformer import plot

    def runs(names: list[str], how: str) -> list:
        return [sorted((found[width][place]["parameters"], right(found[width][place], how, names))
                       for width in found.sizes.arms) for place in range(len(found.seeds))]

    panels = [plot.Panel(title if title == ALL else f"{title}: {len(names)}", "right answers, %", {
        label: runs(names, how) for label, how in (("16 examples", "16"), ("1 example", "1"), ("no example", "0"))},
        "parameters", controls={FOREIGN: runs(names, FOREIGN)}, percent=True, logarithmic=True)
        for title, names in groups().items()]
    plot.compared(panels, folder / "in-context-tasks.png", title="Zero, one and few examples over 42 tasks")

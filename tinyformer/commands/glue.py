"""How good is a model in general?  Nine tasks, one table, one average: TinyGLUE, or the real GLUE from a folder.

TinyGLUE's tasks are generated, so the figure of a perfect reader is known: a task counts 0 where the model is as good
as always saying the commonest, and 100 where it is as good as that reader.  The real tasks count their official
figures, times 100.  (Wang et al. 2019.)
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyformer import tinyland
from tinyformer.data import readers
from tinyformer.errors import InputError
from tinyformer.metrics import over_seeds
from tinyformer.options import option, settings_of, suggestion, switch
from tinyformer.places import make_folder, refuse_used, say
from tinyformer.tasks import TASKS
from tinyformer.tasks.finetuning_settings import SCRATCH, SETTINGS, SIZES, TRAINING, Finetuning, refuse_sizes

USAGE = "--model DIR|scratch --out DIR [--data DIR] [--setting value ...]"
TABLE = "glue.json"


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which tasks, and the settings of fine-tuning that all of them share."""

    data: str | None = option(None, "folder of the real GLUE, with CoLA, SST-2 ... in it (default: TinyGLUE, nine "
                              "generated tasks)", metavar="DIR")
    tasks: str | None = option(None, "only these (default all nine)", metavar="NAME,NAME")
    examples: int = option(1000, "TinyGLUE: training examples of each task", least=10,      # in 10 every class is met
                           metavar="N")
    given: dict = settings_of(Finetuning, only=("model", "out", "labels", *SIZES, *TRAINING))
    overwrite: bool = switch("replace the results that stand in --out")


def run(options: Options) -> int:
    """Fine-tune on each task and print the table; everything is kept below --out, the table as glue.json."""
    from tinyformer.tasks.folders import open_folder
    from tinyformer.train.durable import write_json
    from tinyformer.train.run import check_out
    settings, data, overwrite = Finetuning(**options.given), options.data, options.overwrite
    if settings.model is None:
        raise InputError("--model is missing; give the folder of a pre-trained model, or scratch")
    refuse_sizes(options.given, settings.model)
    tasks, out = chosen(options.tasks), check_out(settings.out, False, overwrite, (SETTINGS,))
    if not overwrite:
        refuse_used(out, [TABLE], "a table")
    places = {name: [out / name / f"seed-{settings.seed + n}" if settings.seeds > 1 else out / name
                     for n in range(settings.seeds)] for name in tasks}
    for folder in [folder for name in tasks for folder in places[name]]:
        check_out(str(folder), False, overwrite)
    if data:
        check_there(data, tasks)
        check_rows(data, tasks, settings)
    make_folder(out)
    pretrained = None if settings.model == SCRATCH else open_folder(settings.model)
    rows: list[dict] = []
    try:
        for name in tasks:
            sets = published(data, name, settings) if data else generated(name, options.examples, settings.seed)
            runs = []
            for seed, folder in enumerate(places[name], settings.seed):
                one = head_of(name).options(**{**options.given, "seed": seed, "seeds": 1, "out": str(folder)})
                runs.append(learned(name, *sets, one, pretrained, overwrite))
            top = None if data else tinyland.ceiling(name, "dev", len(sets[1]), settings.seed)
            rows.append(row(name, runs, top))
            average = statistics.mean(each["score"] for each in rows)
            write_json(out / TABLE, {"model": settings.model, "seeds": settings.seeds, "average": average,
                                     "tasks": rows})
    except BaseException:                                      # what is done stays, and is shown
        if rows:
            say(f"{len(rows)} of {len(tasks)} tasks are done, and stand in {out / TABLE}:\n{table(rows, average)}")
        raise
    draw(rows, str(settings.model), out / "glue.png", "official figures x 100" if data else "majority 0, ceiling 100")
    print(table(rows, average))
    return 0


def learned(name: str, train: Sequence, dev: Sequence, more: dict, settings: Finetuning, pretrained: tuple | None,
            overwrite: bool) -> dict:
    """Fine-tune once, on a copy of the `pretrained` (model, tokenizer) or from scratch: the figures.

    `more` are further sets on which the model is judged, texts of other kinds for MNLI.
    """
    from tinyformer.models import encoder_of
    from tinyformer.rng import stream
    from tinyformer.tasks import learn
    from tinyformer.tasks.fine_tuned import predictions_of
    from tinyformer.tasks.finished_run import finish
    if pretrained:
        model, tokenizer = pretrained
        encoder: Any = encoder_of(model, stream(settings.seed, "pooler"))
    else:
        tokenizer, encoder = learn.scratch(settings, train)
    say(f"{name}: {len(train):,} training and {len(dev):,} development examples")
    folder = Path(str(settings.out))
    prepared = learn.assemble(settings, encoder, tokenizer, train, dev)
    history = learn.train(prepared, out=folder, title=name, overwrite=overwrite)
    found = finish(prepared, history, folder)
    for label, other in more.items():
        say(f"{name}: {len(other):,} {label} examples")
        predictions = predictions_of(prepared.task, prepared.model, tokenizer, other, prepared.settings)
        found |= {f"{label} {figure}": value for figure, value in prepared.task.scores(other, predictions).items()}
    return found


def chosen(names: str | None) -> list[str]:
    """The tasks to run, in GLUE's order."""
    if names is None:
        return list(readers.GLUE)
    wanted = [name.strip().lower().replace("-", "") for name in names.split(",")]
    for name in wanted:
        if name not in readers.GLUE:
            raise InputError(f"--tasks: {name!r} is not one of the nine{suggestion(name, readers.GLUE)}; "
                             f"choose among {', '.join(readers.GLUE)}")
    return [name for name in readers.GLUE if name in wanted]


def head_of(name: str) -> Any:
    """What learns one of the nine: the head that reads rows of the same parts."""
    return next(task for task in TASKS.values() if set(task.parts) == set(readers.GLUE[name].columns))


def generated(name: str, examples: int, seed: int) -> tuple[Sequence, Sequence, dict]:
    """(training, development, further sets) of a TinyGLUE task."""
    held_out = max(200, examples // 2)
    more = {"mismatched": tinyland.task("mnli-mm", "dev", held_out, seed)} if name == "mnli" else {}
    return tinyland.task(name, "train", examples, seed), tinyland.task(name, "dev", held_out, seed), more


def check_there(data: str, tasks: Sequence[str]) -> None:
    """InputError that lists the files of the real GLUE which are not there, and names the tasks that can be run."""
    missing = {name: gone for name in tasks if (gone := [path for path in files_of(data, name) if not path.is_file()])}
    if not missing:
        return
    whole = [name for name in tasks if name not in missing]
    raise InputError(f"{data}: {sum(map(len, missing.values()))} files are not there: " + ", ".join(
        str(path.relative_to(data)) for gone in missing.values() for path in gone) + "; get them, " + (
        f"or run the others with --tasks {','.join(whole)}" if whole else "or is this another folder?"))


def check_rows(data: str, tasks: Sequence[str], settings: Finetuning) -> None:
    """Read every row of the real GLUE once, before anything is trained: InputError at the first that is bad."""
    for name in tasks:
        train, dev, more = published(data, name, settings)
        for held_out in (dev, *more.values()):
            if readers.GLUE[name].labels:
                readers.check_labels(train, held_out)


def files_of(data: str, name: str) -> list[Path]:
    """The files that a real GLUE task is learned from and judged by."""
    found = [readers.glue_file(data, name, split) for split in ("train", "dev")]
    return found + [found[1].with_name("dev_mismatched.tsv")] * (name == "mnli")


def published(data: str, name: str, settings: Finetuning) -> tuple[Sequence, Sequence, dict]:
    """(training, development, further sets) of a real GLUE task, in its published files."""
    def read(split):
        return readers.read_glue(readers.glue_file(data, name, split), name, skip_bad_rows=settings.skip_bad_rows)

    more = {}
    if name == "mnli":
        more = {"mismatched": readers.read_glue(files_of(data, name)[-1], name, skip_bad_rows=settings.skip_bad_rows)}
    return read("train"), read("dev"), more


def row(name: str, runs: Sequence[dict], top: float | None = None) -> dict:
    """One line of the table: the official figures, their mean over the seeds, and what they count, 0 to 100.

    `top` is what a perfect reader reaches on these very examples of a generated task; a real one has none.
    """
    figures = [figure for figure in readers.GLUE[name].metrics if figure in runs[0]]
    means = {figure: statistics.mean(found[figure] for found in runs) for figure in figures}
    if "mismatched accuracy" in runs[0]:
        means["mismatched accuracy"] = statistics.mean(found["mismatched accuracy"] for found in runs)
    if top is not None:
        scores = [tinyland.on_scale(name, found[figures[0]], top) for found in runs]
    else:
        scores = [100 * statistics.mean(found[figure] for figure in figures) for found in runs]
    return {"task": name, "figures": means, "score": statistics.mean(scores), "scores": scores,
            "collapsed": over_seeds.summary(runs, figures)["collapsed"]}


def table(rows: Sequence[dict], average: float) -> str:
    """The table as it is printed."""
    lines = [f"{'task':8} {'score':>6}  figures"]
    for each in rows:
        figures = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in each["figures"].items())
        gone = f"   (collapsed: seed {', '.join(map(str, each['collapsed']))})" if each["collapsed"] else ""
        spread = f" ± {statistics.stdev(each['scores']):.1f}" if len(each["scores"]) > 1 else ""
        lines.append(f"{each['task']:8} {each['score']:6.1f}{spread}  {figures}{gone}")
    return "\n".join([*lines, f"{'average':8} {average:6.1f}"])


def draw(rows: Sequence[dict], model: str, path: Path, scale: str) -> None:
    """The scores as bars; `scale` says what they count."""
    from tinyformer import plot
    plot.glue_table([(each["task"], {Path(model).name: each["scores"]}) for each in rows], path,
                    title=f"Scores by task ({scale})")

"""How good is a model at a task that it is only shown?  The command around `in_context`, with its table and its files.

    metrics.json  predictions.jsonl  shots.png
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tinyformer import models
from tinyformer.errors import InputError
from tinyformer.generate.prompts import Look, Pair
from tinyformer.options import DEVICES, REQUIRED, option
from tinyformer.places import check_figures, make_folder, say

PICTURE = "shots.png"
SHOWN = 3                                         # mistakes that are printed for the largest number of shots
SETTINGS = ("score", "shots", "format", "description", "separator", "candidates", "average", "control", "questions",
            "batch_size", "seed")                 # what metrics.json keeps


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which GPT is asked, about what, and how."""

    model: str = option(REQUIRED, "folder of a GPT, for example runs/tour/gpt", metavar="DIR")
    data: str = option(REQUIRED, "inputs and their outputs: TSV, CSV or JSONL", metavar="FILE")
    columns: str | None = option(None, "where they stand, by name or number (default: columns input and output, or the "
                                 "two there are)", metavar="input=COLUMN,output=COLUMN")
    examples: str | None = option(None, "take the worked examples from this file (default: from the other rows of "
                                  "--data)", metavar="FILE")
    skip_bad_rows: int = option(0, "leave out up to N bad rows", least=0, metavar="N")
    out: str | None = option(None, "folder for metrics.json, predictions.jsonl and a picture", metavar="DIR")
    score: str = option("likelihood", "likelihood: which candidate is the most probable; generation: is what the model "
                        "writes the right output", ("likelihood", "generation"))
    shots: str = option("0,1,8", "how many worked examples stand in a prompt; several numbers are tried in turn")
    format: str = option(Look.line, "how a worked example is written; \\n stands for a line end here and below")
    description: str = option("", "text that stands before all examples")
    separator: str = option(Look.between, "text between two examples")
    candidates: int = option(10, "likelihood: outputs to choose from: the right one, and others of the file", least=2)
    average: bool = option(False, "likelihood: compare log p for each token, which does not favour short outputs")
    control: bool = option(False, "ask again with the outputs of the examples exchanged: do the examples matter?")
    questions: int = option(200, "inputs that are asked for at most, from the beginning of the file", least=1)
    batch_size: int = option(32, "prompts that are read at a time; likelihood: candidates", least=1)
    seed: int = option(0, "draws the examples and the candidates", least=0)
    device: str = option("auto", "where to compute", DEVICES)

    @property
    def counts(self) -> list[int]:
        """The numbers of shots, rising; InputError for what is none."""
        try:
            found = sorted({int(part) for part in self.shots.split(",")})
        except ValueError:
            found = [-1]
        if found[0] < 0:
            raise InputError(f"--shots is {self.shots!r}; it must be whole numbers from 0 with commas between, as "
                             "0,1,8")
        return found

    @property
    def look(self) -> Look:
        """How prompts are written."""
        return Look(*(text.replace("\\n", "\n") for text in (self.format, self.description, self.separator)))


def run(options: Options) -> int:
    """Ask a GPT for the outputs of a file, and print the accuracy for each number of shots.

    The worked examples are other rows of --data, or rows of --examples.
    """
    from tinyformer.generate.in_context import answers, fingerprint, judged, question
    from tinyformer.tasks.finished_run import PREDICTIONS, write_lines
    from tinyformer.tasks.folders import open_model
    from tinyformer.train.log import Progress, write_metrics
    counts, look = options.counts, options.look
    out = check_figures(options.out) if options.out else None
    rows, places = read_pairs(options.data, options.columns, options.skip_bad_rows)
    pool = read_pairs(options.examples, options.columns, options.skip_bad_rows)[0] if options.examples else rows
    model, tokenizer = open_model(options.model, models.GPT, options.device)
    asked = min(options.questions, len(rows))
    batches = [(exchanged, shots, [question(rows[n], pool, shots, number=n, seed=options.seed, exchanged=exchanged,
                                            candidates=options.candidates, place=places[n]) for n in range(asked)])
               for exchanged in (False, True)[:1 + options.control]
               for shots in counts if shots or not exchanged]                          # of none, none is exchanged
    if out:
        make_folder(out)                                       # now, and not when all questions have been asked

    before, found, predictions = fingerprint(model), [], []
    with Progress("questions", 0, asked * len(batches)) as bar:
        for exchanged, shots, batch in batches:
            result = answers(model, tokenizer, batch, look, options.score, options.average, options.batch_size,
                             lambda n: bar.advance(steps=n))
            found.append({"shots": shots, "exchanged": exchanged, **judged(result, batch, options.score)})
            predictions += [{"place": place, "exchanged": exchanged, **row}
                            for place, row in zip(places, result, strict=False)]
    after = fingerprint(model)
    if out:                                                    # before anything is printed, which `| head` may cut off
        kept = {name: value for name, value in asdict(options).items() if name in SETTINGS}
        write_metrics(out, {"model": options.model, "data": options.data, "parameters": model.count(), **kept,
                            "results": found, "sha256 before": before, "sha256 after": after})
        write_lines(out / PREDICTIONS, predictions)
        draw(found, out / PICTURE)
    print(table(found, options))
    print(mistakes([row for row in predictions if row["shots"] == counts[-1] and not row["exchanged"]]))
    print(weights_line(before, after))
    if out:
        print(f"figures, answers and picture: {out}")
    return 0


def read_pairs(path: str, columns: str | None = None, skip_bad_rows: int = 0) -> tuple[list[Pair], list[str]]:
    """The (input, output) of every row of a TSV, CSV or JSONL file, and where each stands, "file:line".

    `columns` is like "input=2,output=1", with names or numbers from 1; without it, columns called input and output
    are taken, or source and target, or the two that there are.
    """
    from tinyformer.data.readers import read_table
    rows = read_table(path, _columns(path, columns), skip_bad_rows=skip_bad_rows)
    for line in rows.report():
        say(line)
    for row in rows:
        if not row.first.strip() or not row.second.strip():
            raise InputError(f"{row.file}:{row.line}: the {'input' if row.second.strip() else 'output'} is empty; fill "
                             "it in or remove the row")
    return [(row.first.strip(), row.second.strip()) for row in rows], [f"{row.file}:{row.line}" for row in rows]


def _columns(path: str, written: str | None) -> dict[str, str | int]:
    from tinyformer.data.readers.cells import first_row, format_of
    from tinyformer.data.readers.tabular import column_of
    if written is not None:
        parts = dict(part.partition("=")[::2] for part in written.replace(" ", "").split(","))
        if set(parts) != {"input", "output"} or not all(parts.values()):
            raise InputError(f"--columns is {written!r}; it must name both, as in input=english,output=french, or with "
                             "numbers from 1 where the file has no header: input=1,output=2")
        numbered = {part: column_of(name) for part, name in parts.items()}
        return {"first": numbered["input"], "second": numbered["output"]}
    if format_of(path) == "jsonl":
        return {"first": "input", "second": "output"}
    names = first_row(path, format_of(path))
    lower = [name.strip().lower() for name in names]
    for given, wanted in (("input", "output"), ("source", "target")):
        if {given, wanted} <= set(lower):
            return {"first": names[lower.index(given)], "second": names[lower.index(wanted)]}
    if len(names) in (0, 2):                                   # an empty file is refused by who reads it
        return {"first": 1, "second": 2}
    if len(names) == 1:
        raise InputError(f"{path}:1: there is one column, {names[0][:60]!r}; write each input and its output in two, "
                         "with a tab between them (or a comma, in a file called .csv)")
    raise InputError(f"{path}:1: cannot tell which of {len(names)} columns are input and output; the first row is "
                     f"{', '.join(repr(name[:30]) for name in names)[:200]}: say so with --columns "
                     "input=COLUMN,output=COLUMN, each one of these names or its number")


# ---- what people get to see ------------------------------------------------------------------------------------------


def table(found: Sequence[dict], options: Options) -> str:
    """A line for each number of shots: accuracy, its standard error, the exchanged control, and chance."""
    control = {row["shots"]: row for row in found if row["exchanged"]}
    lines = [f"{'shots':>5}  {'accuracy':>8}  {'± s.e.':>6}" + "  exchanged" * bool(control) + f"  {'chance':>6}"]
    for row in found:
        if not row["exchanged"]:
            other = control.get(row["shots"])
            shown = "" if not control else f"  {100 * other['accuracy']:9.1f}" if other else f"  {'-':>9}"
            lines.append(f"{row['shots']:5d}  {100 * row['accuracy']:8.1f}  {100 * row['standard_error']:6.1f}{shown}"
                         f"  {100 * row['chance']:6.1f}")
    by = {"likelihood": f"the most probable of {options.candidates} candidates at most" +
          ", for each token" * options.average, "generation": "what is written up to "
          f"{options.look.stop!r}, and is exactly right"}[options.score]
    return "\n".join([*lines, f"{found[0]['questions']:,} questions, in %, by {options.score}: {by}"])


def mistakes(predictions: Sequence[dict], most: int = SHOWN) -> str:
    """The first questions that were answered wrong, as text."""
    wrong = [row for row in predictions if not row["right"]]
    lines = [f"wrong: {row['input']!r} -> {row['answer']!r}, right is {row['output']!r} ({row['place']})"
             for row in wrong[:most]]
    return "\n".join(lines) or "no mistakes with the most examples"


def weights_line(before: str, after: str) -> str:
    """That nothing was trained, or that something was, by the two fingerprints."""
    if before == after:
        return f"weights: SHA-256 {before[:16]}... before and after, so nothing was trained"
    return f"weights: SHA-256 {before[:16]}... before and {after[:16]}... after: THEY CHANGED"


def draw(found: Sequence[dict], path: Path) -> None:
    """The accuracy over the number of shots, with its standard error; the control and chance beside it."""
    from tinyformer import plot
    curves: dict[str, list[tuple]] = {}
    for row in found:
        name = "outputs exchanged" if row["exchanged"] else "examples as they are"
        curves.setdefault(name, []).append(tuple(100 * row[part] if part != "shots" else row[part]
                                                 for part in ("shots", "accuracy", "standard_error")))
    plot.shot_curve(curves, path, chance=100 * found[0]["chance"])

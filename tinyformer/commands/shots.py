"""How good is a model at a task that it is only shown?  The command around `in_context`, with its table and its files.

    metrics.json  predictions.jsonl  shots.png
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tinyformer.data.readers import read_table
from tinyformer.data.readers.tables import first_row, format_of
from tinyformer.errors import InputError
from tinyformer.generate.in_context import SCORES, Look, Pair, answers, fingerprint, judged, question
from tinyformer.models import GPT
from tinyformer.options import check_values, option
from tinyformer.tasks.folders import open_model
from tinyformer.tasks.results import PREDICTIONS, write_lines
from tinyformer.train.log import Progress, write_metrics

PICTURE = "shots.png"
SHOWN = 3                                         # mistakes that are printed for the largest number of shots


@dataclass(frozen=True)
class Shots:
    """The settings of `shots`."""

    score: str = option("likelihood", "likelihood: which candidate is the most probable; generation: is what the model "
                        "writes the right output", choices=SCORES)
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


def run(folder: str, data: str, given: dict, columns: str | None = None, examples: str | None = None,
        skip_bad_rows: int = 0, out: str | None = None, device: str = "auto") -> int:
    """Ask the GPT in `folder` for the outputs of the file `data`, print the accuracy for each number of shots.

    The worked examples are other rows of `data`, or rows of the file `examples`.  `given` are fields of `Shots`.
    """
    settings = Shots(**given)
    check_values(settings)
    counts, look = settings.counts, settings.look
    if out and Path(out).is_file():
        raise InputError(f"{out} is a file; --out takes a folder")
    if out and (Path(out) / "config.json").exists():
        raise InputError(f"{out} holds a model whose own figures stand there; --out takes another folder")
    rows, places = read_pairs(data, columns, skip_bad_rows)
    pool = read_pairs(examples, columns, skip_bad_rows)[0] if examples else rows
    model, tokenizer = open_model(folder, GPT, device)
    asked = min(settings.questions, len(rows))
    batches = [(exchanged, shots, [question(rows[n], pool, shots, number=n, seed=settings.seed, exchanged=exchanged,
                                            candidates=settings.candidates, place=places[n]) for n in range(asked)])
               for exchanged in (False, True)[:1 + settings.control]
               for shots in counts if shots or not exchanged]                          # of none, none is exchanged
    if out:
        Path(out).mkdir(parents=True, exist_ok=True)           # now, and not when all questions have been asked

    before, found, predictions = fingerprint(model), [], []
    with Progress("questions", 0, asked * len(batches)) as bar:
        for exchanged, shots, batch in batches:
            result = answers(model, tokenizer, batch, look, settings.score, settings.average, settings.batch_size,
                             lambda n: bar.advance(steps=n))
            found.append({"shots": shots, "exchanged": exchanged, **judged(result, batch, settings.score)})
            predictions += [{"place": place, "exchanged": exchanged, **row}
                            for place, row in zip(places, result, strict=False)]
    after = fingerprint(model)
    if out:                                                    # before anything is printed, which `| head` may cut off
        write_metrics(out, {"model": folder, "data": data, "parameters": model.count(), **asdict(settings),
                            "results": found, "sha256 before": before, "sha256 after": after})
        write_lines(Path(out) / PREDICTIONS, predictions)
        draw(found, Path(out) / PICTURE)
    print(table(found, settings))
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
    rows = read_table(path, _columns(path, columns), skip_bad_rows=skip_bad_rows)
    for line in rows.report():
        print(line, file=sys.stderr)
    for row in rows:
        if not row.first.strip() or not row.second.strip():
            raise InputError(f"{row.file}:{row.line}: the {'input' if row.second.strip() else 'output'} is empty; fill "
                             "it in or remove the row")
    return [(row.first.strip(), row.second.strip()) for row in rows], [f"{row.file}:{row.line}" for row in rows]


def _columns(path: str, written: str | None) -> dict[str, str | int]:
    if written is not None:
        parts = dict(part.partition("=")[::2] for part in written.replace(" ", "").split(","))
        if set(parts) != {"input", "output"} or not all(parts.values()):
            raise InputError(f"--columns is {written!r}; it must name both, as in input=english,output=french, or with "
                             "numbers from 1 where the file has no header: input=1,output=2")
        numbered = {part: int(name) if name.isascii() and name.isdigit() else name for part, name in parts.items()}
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
    raise InputError(f"{path}:1: cannot tell which of {len(names)} columns are input and output; say so with "
                     "--columns input=1,output=2, or with names where the first row has them")


# ---- what people get to see ------------------------------------------------------------------------------------------


def table(found: Sequence[dict], settings: Shots) -> str:
    """A line for each number of shots: accuracy, its standard error, the exchanged control, and chance."""
    control = {row["shots"]: row for row in found if row["exchanged"]}
    lines = [f"{'shots':>5}  {'accuracy':>8}  {'± s.e.':>6}" + "  exchanged" * bool(control) + f"  {'chance':>6}"]
    for row in found:
        if not row["exchanged"]:
            other = control.get(row["shots"])
            shown = "" if not control else f"  {100 * other['accuracy']:9.1f}" if other else f"  {'-':>9}"
            lines.append(f"{row['shots']:5d}  {100 * row['accuracy']:8.1f}  {100 * row['standard_error']:6.1f}{shown}"
                         f"  {100 * row['chance']:6.1f}")
    by = {"likelihood": f"the most probable of {settings.candidates} candidates at most" +
          ", for each token" * settings.average, "generation": "what is written up to "
          f"{settings.look.stop!r}, and is exactly right"}[settings.score]
    return "\n".join([*lines, f"{found[0]['questions']:,} questions, in %, by {settings.score}: {by}"])


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
    curves = {}
    for row in found:
        name = "outputs exchanged" if row["exchanged"] else "examples as they are"
        curves.setdefault(name, []).append(tuple(100 * row[part] if part != "shots" else row[part]
                                                 for part in ("shots", "accuracy", "standard_error")))
    plot.shot_curve(curves, path, chance=100 * found[0]["chance"])

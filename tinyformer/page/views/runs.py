"""How is a run going?  Its curves while it trains, several runs beside each other, and what its model writes by now.

The log of a run is read as it grows, and the run does not know of it.
"""

from dataclasses import dataclass
from pathlib import Path

from tinyformer.errors import CheckpointError, InputError
from tinyformer.generate import rewrite_texts, write_texts
from tinyformer.generate.mask_filling import fill
from tinyformer.generate.sampling import Sampling
from tinyformer.models import GPT, BertForPretraining, Seq2Seq
from tinyformer.page.asked import asked
from tinyformer.page.served import Behind, by_label, label
from tinyformer.page.view import View
from tinyformer.tasks.folders import open_folder
from tinyformer.train.checkpoints import checkpoints
from tinyformer.train.growing_log import GrowingLog

POINTS = 1000                                 # of a curve: of a longer one every second is shown, every third ...
SAMPLE, LARGEST = 60, 200_000_000             # tokens that are written; bytes of weights beyond which none are

VIEW = View("Train and watch")


@dataclass(frozen=True, kw_only=True)
class Nothing:
    pass


@dataclass(frozen=True, kw_only=True)
class Runs:
    runs: tuple[float, ...] = asked("the numbers of the runs that are shown", longest=20)


@dataclass(frozen=True, kw_only=True)
class Sample:
    run: int = asked("the number of the run", least=0)
    text: str = asked("where the model goes on, or what it fills in or rewrites", "", longest=500)


@VIEW.function
def listed(behind: Behind, request: Nothing) -> dict:
    """The runs that there are, the one that was written last first."""
    folders = behind.run_folders()
    found = [{"number": number, "name": label(folder), "changed": _changed(folder)}
             for number, folder in enumerate(folders)]
    return {"runs": sorted(found, key=lambda run: (-run["changed"], run["number"]))}


@VIEW.function
def curves(behind: Behind, request: Runs) -> dict:
    """All that the logs of these runs hold by now, as curves [[step, value], ...]."""
    folders = behind.run_folders()
    found = []
    for number in map(int, request.runs):
        folder = _folder(folders, number)
        log = _logs.setdefault(folder, GrowingLog(folder))
        try:
            while log.look():
                pass
        except InputError as error:
            raise InputError(by_label(str(error), folder)) from None
        curves = {name: [[row["step"], row[name]] for row in log.rows if name in row]
                  for name in ("loss", "learning_rate", "grad_norm")}
        curves["tokens a second"] = [list(point) for point in log.speeds()]
        validation: dict[str, list] = {}
        for line in log.evaluations:
            for name, value in line.items():
                if name != "step":
                    validation.setdefault(name, []).append([line["step"], value])
        found.append({"number": number, "name": label(folder), "begun": log.begun, "strange": log.strange,
                      "lines": len(log.rows), "changed": _changed(folder),
                      "curves": {name: thinned(points) for name, points in curves.items()},
                      "validation": {name: thinned(points) for name, points in validation.items()},
                      "checkpoint": next((path.name for path in reversed(checkpoints(folder))), "")})
    return {"runs": found}


@VIEW.function
def sample(behind: Behind, request: Sample) -> dict:
    """What the model of the newest checkpoint, or the trained one, makes of a text: the same chance each time."""
    folder = _folder(behind.run_folders(), request.run)
    newest = next(reversed(checkpoints(folder)), folder)
    if sum(path.stat().st_size for path in newest.glob("*.safetensors")) > LARGEST:
        raise InputError("the model of this run is too large to be opened beside the training; open it as --model when "
                         "it is done")
    try:
        model, tokenizer = open_folder(str(newest))
    except (OSError, CheckpointError):
        raise InputError("there is no whole model in this run yet; one comes with the first checkpoint "
                         "(--save-every)") from None
    except InputError as error:
        raise InputError(by_label(str(error), folder)) from None
    return {"from": newest.name if newest != folder else "the trained model",
            "text": _written(model, tokenizer, request.text)}


def _written(model, tokenizer, text: str) -> str:
    sampling, length = Sampling(temperature=0.8, top_k=40), min(SAMPLE, model.config.context - 1)
    if isinstance(model, GPT):
        return text + write_texts(model, tokenizer, [text or "The"], length, sampling, 0)[0]
    if isinstance(model, Seq2Seq):
        return rewrite_texts(model, tokenizer, [text], length)[0]
    if isinstance(model, BertForPretraining):
        return "\n".join(", ".join(f"{word} {share:.0%}" for word, share in guesses)
                         for guesses in fill(model, tokenizer, text))
    raise InputError(f"the run trains a {type(model).__name__}, which writes nothing; see what it says in the view of "
                     "the heads when it is done")


_logs: dict[Path, GrowingLog] = {}


def thinned(points: list, most: int = POINTS) -> list:
    """Every n-th point, and the last one: as few as can be drawn."""
    every = -(-len(points) // most)
    return points if every <= 1 else [*points[:-1:every], points[-1]]


def _folder(folders: list[Path], number: int) -> Path:
    if not 0 <= number < len(folders):
        raise InputError(f"there is no run {number}; there are {len(folders)}, counted from 0")
    return folders[number]


def _changed(folder: Path) -> float:
    """When its log was last written, in seconds since 1970; 0 where there is none."""
    try:
        return (folder / "log.jsonl").stat().st_mtime
    except OSError:
        return 0.0

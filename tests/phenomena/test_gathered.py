"""Does the page of all verdicts show what stands in the folders, the run that tells most, and refuse what is none?"""

import json
import os

import pytest

from tinyformer.cli import main
from tinyformer.phenomena import PHENOMENA

CHECK = {"claim": "who knows", "control": False, "values": [1.0, 0.51234, 2.0], "asked": "at least 1 in every seed",
         "found": "cannot be told"}


def left(folder, name="cloze", verdict="seen", seeds=(0, 1, 2), quick=False, age=0, **more):
    """A folder as an experiment leaves it."""
    folder.mkdir()
    figures = {"experiment": name, "seeds": list(seeds), "quick": quick, "verdict": verdict, "checks": [CHECK],
               "seconds": 61.5, "outcomes": [], **more}
    (folder / "metrics.json").write_text(json.dumps(figures))
    (folder / f"{name}.png").write_bytes(b"")
    os.utime(folder / "metrics.json", (1e9 - age, 1e9 - age))


def test_every_verdict_stands_on_one_page(tmp_path, capsys):
    left(tmp_path / "cloze")
    left(tmp_path / "new masks", "masks", "not seen")
    left(tmp_path / "layers", "layers", "unclear", seeds=[4, 5])
    (tmp_path / "bert").mkdir()
    (tmp_path / "bert" / "metrics.json").write_text('{"val loss": 3.0}')
    assert main(["reproduce", "--report", "--out", str(tmp_path)]) == 0
    printed, page = capsys.readouterr().out, (tmp_path / "report.md").read_text()
    for part in (f"Of {len(PHENOMENA)} experiments 3 were run here: 1 seen, 1 not seen, 1 unclear.",
                 "](new%20masks/masks.png)", "**Verdict: not seen.**", "[page.md](cloze/page.md)",
                 "- who knows: 1, 0.5123, 2 (at least 1 in every seed: cannot be told)",
                 "**Verdict: unclear, since fewer than 3 seeds tell nothing.**",
                 f"cloze: {PHENOMENA['cloze'].question}", "62 seconds of one core", "Not run here: `reproduce "):
        assert part in page, part
    assert "1 unclear" in printed and "report.md" in printed and "bert" not in printed
    named = [name for name in PHENOMENA if f"`reproduce {name}`" in page or f"### {name}:" in page]
    assert named == [*PHENOMENA], "all of the list, chapter by chapter"


def test_of_several_runs_the_one_that_tells_most_is_shown(tmp_path, capsys):
    left(tmp_path / "a", verdict="not judged, since a quick run shows only that it works", quick=True, seeds=range(9))
    left(tmp_path / "b", verdict="not seen", age=5)
    left(tmp_path / "c", verdict="seen", age=1)
    left(tmp_path / "d", verdict="unclear", seeds=[0])
    assert main(["reproduce", "--report", "--out", str(tmp_path)]) == 0
    page = (tmp_path / "report.md").read_text()
    assert page.count("### cloze") == 1 and "c/cloze.png" in page and "1 seen, 0 not seen" in page


def test_a_quick_run_is_named_and_not_judged(tmp_path, capsys):
    left(tmp_path / "a", verdict="not judged, since a quick run shows only that it works", quick=True)
    assert main(["reproduce", "--report", "--out", str(tmp_path)]) == 0
    page = (tmp_path / "report.md").read_text()
    assert "1 too quick to be judged" in page and "who knows" not in page


@pytest.mark.parametrize("words, error", [
    (["cloze"], "leave out experiment"), (["--all", "--quick"], "leave out all, quick"),
    (["--seeds", "3"], "leave out seeds"), ([], "no folder in it holds the results")])
def test_what_is_refused(words, error, tmp_path, capsys):
    assert main(["reproduce", "--report", "--out", str(tmp_path), *words]) != 0
    assert error in capsys.readouterr().err
    assert not (tmp_path / "report.md").exists()


@pytest.mark.parametrize("text, error", [
    ("{", "cannot be read as the figures"),
    ('{"experiment": "cloze"}', "seeds, quick, verdict, checks, seconds is missing"),
    ('{"experiment": "cloze", "seeds": [], "quick": false, "verdict": "seen", "seconds": 1, "checks": [{"claim": 3}]}',
     "checks is missing or not")])
def test_a_file_with_a_fault_is_named(text, error, tmp_path, capsys):
    left(tmp_path / "fine")
    (tmp_path / "cloze").mkdir()
    (tmp_path / "cloze" / "metrics.json").write_text(text)
    assert main(["reproduce", "--report", "--out", str(tmp_path)]) != 0
    said = capsys.readouterr().err
    assert error in said and "cloze" in said and "metrics.json" in said

"""Do the examples open as notebooks: nothing lost on the way, run from top to bottom, with what they print?"""

import ast
import base64
import json
import re
import sys
from contextlib import redirect_stdout
from io import StringIO

import notebooks
import pytest

FAST = ["01", "02", "04", "05", "06", "18"]                    # a second or two each; the scripts themselves all run
each_script = pytest.mark.parametrize("script", notebooks.scripts(), ids=lambda script: script.stem)


def code_of(cells) -> str:
    return "\n".join(text for kind, text in cells if kind == "code")


@each_script
def test_nothing_of_an_example_is_lost(script):
    source = script.read_text(encoding="utf-8")
    cells = notebooks.cells(source)
    tree = ast.parse(source)
    docstring = tree.body.pop(0).value.value
    assert ast.dump(ast.parse(code_of(cells))) == ast.dump(tree), "the same program"
    assert cells[0][1].startswith("# ") and cells[0][1][2:].split() == docstring.split()
    remarks = re.findall(r"#.*", source)
    everything = "\n".join(text if kind == "code" else "\n".join(f"# {line}" for line in text.splitlines())
                           for kind, text in cells)
    assert all(remark in everything for remark in remarks), "and the same comments"
    assert all(text.strip() for _, text in cells)


@pytest.mark.parametrize("script", notebooks.scripts(FAST), ids=lambda script: script.stem)
def test_it_runs_and_shows_what_the_script_prints(script, monkeypatch):
    monkeypatch.setattr(sys, "argv", [script.name])            # and not where pytest was told to look
    printed = StringIO()
    with redirect_stdout(printed):
        exec(compile(script.read_text(encoding="utf-8"), script.name, "exec"), {"__name__": "__main__"})
    made = notebooks.notebook(script)
    code = [cell for cell in made["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == [*range(1, len(code) + 1)]
    shown = [output for cell in code for output in cell["outputs"]]
    assert "".join(output["text"] for output in shown if output["output_type"] == "stream") == printed.getvalue()
    pictures = [output["data"]["image/png"] for output in shown if output["output_type"] == "display_data"]
    assert len(pictures) == ("sys.argv" in script.read_text(encoding="utf-8"))
    assert all(base64.b64decode(picture).startswith(b"\x89PNG") for picture in pictures)


def test_an_example_that_fails_says_where(tmp_path):
    script = tmp_path / "99_wrong.py"
    script.write_text('"""Is one two?"""\n\nx = 1\n\n# It is not.\nassert x == 2\n', encoding="utf-8")
    with pytest.raises(AssertionError) as failed:
        notebooks.notebook(script)
    assert failed.traceback[-1].frame.code.raw.co_filename == "99_wrong.py, cell 3"


def test_the_command_writes_the_format_of_jupyter(tmp_path, capsys):
    notebooks.main(["01", "--out", str(tmp_path / "new")])
    (path,) = (tmp_path / "new").iterdir()
    assert path.name == "01_chain_by_hand.ipynb" and capsys.readouterr().out.strip() == str(path)
    assert "by the engine" in path.read_text(encoding="utf-8")
    notebooks.main(["06", "--out", str(tmp_path / "bare"), "--no-run"])
    (path,) = (tmp_path / "bare").iterdir()
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert all(cell["outputs"] == [] for cell in cells if cell["cell_type"] == "code")
    assert any("article  animal" in cell["source"] for cell in cells if cell["cell_type"] == "code")


def test_jupyter_finds_nothing_wrong_with_it():
    nbformat = pytest.importorskip("nbformat", reason="the format is checked by Jupyter's own library")
    for script in notebooks.scripts(["01", "18"]):
        nbformat.validate(notebooks.notebook(script))

"""How do the examples open as notebooks?  Their comments become text, their code cells with what they print.

    python tests/notebooks.py                          writes all of them, run, into runs/notebooks/
    python tests/notebooks.py 01 06 --out somewhere    those with these numbers
    python tests/notebooks.py --no-run                 without what they print

A notebook is run from its first cell to its last, in one namespace; an example whose check fails leaves none.
"""

import argparse
import ast
import base64
import io
import json
import os
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

EXAMPLES = Path(__file__).parent.parent / "examples"
KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
          "language_info": {"name": "python"}}
PICTURE = "picture.png"
ASKED = "if sys.argv[1:]:"                     # how an example asks where its picture goes; a notebook answers
ANSWERED = f'sys.argv[1:] = ["{PICTURE}"]\n{ASKED}'


def scripts(numbers: list[str] | None = None) -> list[Path]:
    """The examples with these numbers, or all."""
    return [path for path in sorted(EXAMPLES.glob("[0-9][0-9]_*.py")) if not numbers or path.name[:2] in numbers]


def cells(source: str) -> list[tuple[str, str]]:
    """A script in pieces, ("text" or "code", what it says): comments that stand alone between statements are text.

    A comment whose words are set in columns belongs to the code below it, and so does one within a statement.
    """
    tree, lines = ast.parse(source), source.splitlines()
    title, _, rest = ast.get_docstring(tree).partition("\n")
    found = [("text", f"# {title}\n{rest}".strip())]
    code: list[str] = []

    def close():
        if "".join(code).strip():
            found.append(("code", "\n".join(code).strip("\n")))
        code.clear()

    end = tree.body[0].end_lineno
    for statement in tree.body[1:]:
        start = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", []))])
        before = lines[end:start - 1]
        remarks = [line[2:] for line in before if line.startswith("# ") and line[2] != " "]
        if remarks:
            close()
            found.append(("text", "\n".join(remarks)))
            before = [line for line in before if line.startswith("#") and line[2:] not in remarks]
        code += [*before, *lines[start - 1:statement.end_lineno]]
        end = statement.end_lineno
    close()
    return found


def notebook(script: Path, run: bool = True) -> dict:
    """The notebook of an example, in the format of Jupyter (nbformat 4.5), with what its cells print."""
    written, namespace = [], {"__name__": "__main__"}
    for number, (kind, text) in enumerate(cells(script.read_text(encoding="utf-8"))):
        cell = {"id": f"cell-{number}", "metadata": {}}
        if kind == "text":
            cell |= {"cell_type": "markdown", "source": text}
        else:
            text = text.replace(ASKED, ANSWERED)
            cell |= {"cell_type": "code", "source": text, "execution_count": None, "outputs": []}
            if run:
                cell["execution_count"] = sum(other["cell_type"] == "code" for other in written) + 1
                cell["outputs"] = outputs(text, namespace, f"{script.name}, cell {number}")
        written.append(cell)
    return {"cells": written, "metadata": KERNEL, "nbformat": 4, "nbformat_minor": 5}


def outputs(code: str, namespace: dict, name: str) -> list[dict]:
    """What a cell prints, and the picture that it draws."""
    printed, before, words = io.StringIO(), Path.cwd(), sys.argv
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        sys.argv = [name]
        try:
            with redirect_stdout(printed):
                exec(compile(code, name, "exec"), namespace)
        finally:
            os.chdir(before)
            sys.argv = words
        picture = Path(folder, PICTURE)
        drawn = base64.b64encode(picture.read_bytes()).decode() if picture.exists() else None
    found = [{"output_type": "stream", "name": "stdout", "text": printed.getvalue()}] if printed.getvalue() else []
    if drawn:
        found.append({"output_type": "display_data", "metadata": {}, "data": {"image/png": drawn}})
    return found


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", help="two digits each (default: all examples)")
    parser.add_argument("--out", default="runs/notebooks", help="the folder (default: %(default)s)")
    parser.add_argument("--no-run", dest="run", action="store_false", help="leave out what the cells print")
    options = parser.parse_args(words)
    folder = Path(options.out)
    folder.mkdir(parents=True, exist_ok=True)
    for script in scripts(options.numbers):
        text = json.dumps(notebook(script, options.run), indent=1, ensure_ascii=False)
        path = folder / f"{script.stem}.ipynb"
        path.write_text(text + "\n", encoding="utf-8")
        print(path, flush=True)


if __name__ == "__main__":
    main()

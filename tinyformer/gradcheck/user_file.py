"""What does a user's own file define, and in which of its lines did it go wrong?"""

import importlib.machinery
import importlib.util
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType

from tinyformer.engine import REGISTRY, Primitive
from tinyformer.errors import InputError
from tinyformer.ops import every

PACKAGE = str(Path(__file__).parents[1]) + os.sep
ELSEWHERE = ("site-packages", "dist-packages", "<frozen")


def run_file(path: str | Path) -> tuple[ModuleType, list[Primitive]]:
    """The module that a Python file makes, and the primitives that it registers.

    The file is run; modules beside it can be imported from it.  The registry is afterwards what it was, so that an op
    of the user's with the name of a built-in one stands beside it and not in its place.
    Raises InputError for a file that is missing or does not run (file, line and cause).
    """
    path = Path(path)
    if not path.is_file():
        trouble = "is a folder" if path.is_dir() else "no such file"
        raise InputError(f"{path}: {trouble}; name a Python file with primitives in it")
    name = f"tinyformer_user_{path.stem}"
    every()                                                    # so that what is new here is theirs
    before, folder = dict(REGISTRY), str(path.resolve().parent)
    loader = importlib.machinery.SourceFileLoader(name, str(path))
    spec = importlib.machinery.ModuleSpec(name, loader, origin=str(path))
    spec.has_location = True                                   # the module knows its __file__
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, folder)
    try:
        exec(compile(path.read_bytes(), str(path), "exec"), vars(module))
        return module, [op for key, op in REGISTRY.items() if before.get(key) is not op]
    except SyntaxError as error:
        raise InputError(f"{error.filename or path}:{error.lineno or 1}: {error.msg}") from error
    except (Exception, SystemExit) as error:
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
        raise InputError(f"{path}:{lines[-1] if lines else 1}: {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(folder)
        REGISTRY.clear()
        REGISTRY.update(before)


def one_line(error: BaseException) -> str:
    """An error's message on one line, with its type where that says more than "wrong type or value"."""
    message = " ".join(str(error).split())
    return message if isinstance(error, (TypeError, ValueError)) else f"{type(error).__name__}: {message}"


def line_of(error: BaseException) -> str:
    """An error's message, and the line of the user's own file in which it happened, where there is one."""
    frames = traceback.extract_tb(error.__traceback__)
    inside = [number for number, frame in enumerate(frames) if frame.filename.startswith(PACKAGE)]
    own = [frame for frame in frames[inside[0] if inside else 0:]            # below us: not who called us
           if not frame.filename.startswith(PACKAGE) and not any(part in frame.filename for part in ELSEWHERE)]
    if not own:
        return one_line(error)
    return f"{one_line(error)} ({own[-1].filename}:{own[-1].lineno}: {own[-1].line})"

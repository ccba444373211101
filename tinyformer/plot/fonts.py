"""What if the font has no such character?  Then one that is installed may have it; otherwise a box stands for it."""

import atexit
import logging
import os
import shutil
import sys
import tempfile
import unicodedata
from contextlib import suppress
from functools import cache, lru_cache
from pathlib import Path

# Families with many scripts, in the order in which they are asked; of those, only what is installed is used.
BEYOND = ("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN",
          "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback", "PingFang SC", "Hiragino Sans GB",
          "Heiti SC", "Microsoft YaHei", "SimHei", "Yu Gothic", "Malgun Gothic", "Noto Sans", "Arial Unicode MS",
          "Segoe UI", "Segoe UI Symbol", "Noto Sans Symbols2")
FIRST = "DejaVu Sans"                                          # comes with matplotlib
BOX = "\u25a1"
DPI = 120


def quiet() -> None:
    """To be called before matplotlib is imported, so that it warns of nothing and leaves nothing behind.

    It would write down which fonts are installed, in the home directory, and make one where there is none.  Here it
    writes into a folder that goes with this process, and begins with what other programs have let it write down; where
    there is nothing yet, it looks through the fonts again each time, which takes a second or so.
    """
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    if "matplotlib" in sys.modules or os.environ.get("MPLCONFIGDIR"):
        return                                                 # somebody else has chosen the place
    with suppress(OSError):                                    # no room anywhere: matplotlib knows what to do
        folder = tempfile.TemporaryDirectory(prefix="tinyformer-")
        atexit.register(folder.cleanup)
        home = os.path.expanduser("~")
        for known in (os.environ.get("XDG_CACHE_HOME") or f"{home}/.cache", os.environ.get("LOCALAPPDATA") or home):
            for path in [*Path(known).glob("matplotlib/fontlist*"), *Path(known).glob(".matplotlib/fontlist*")]:
                shutil.copy(path, folder.name)
        os.environ["MPLCONFIGDIR"] = folder.name
        import matplotlib
        matplotlib.get_configdir(), matplotlib.get_cachedir()  # each is looked up once
        del os.environ["MPLCONFIGDIR"]                         # what this process starts has a folder of its own


@cache
def families() -> list[str]:
    """The font families to draw with: matplotlib's own, then those installed that know more scripts."""
    quiet()
    from matplotlib.font_manager import fontManager
    installed = {entry.name for entry in fontManager.ttflist}
    return [FIRST, *(name for name in BEYOND if name in installed)]


def legible(text: str) -> str:
    """The text as it can be drawn: on one line, with a box for what no font has, and its dollars no formula."""
    if text.isascii() and text.isprintable():                  # nearly always
        return text.replace("$", r"\$")
    shown = []
    for character in text:
        kind = unicodedata.category(character)
        if character.isspace():
            shown.append(" ")
        elif kind not in ("Cc", "Cf"):                         # control and format characters have no shape
            shown.append(character if kind != "Cs" and _has(character) else BOX)
    return "".join(shown).replace("$", r"\$")


@lru_cache(100_000)
def width(text: str, size: float) -> float:
    """How wide a legible text is when drawn at this size, in points."""
    if not text:
        return 0.0
    renderer, font = _ruler(size)
    pixels, *_ = renderer.get_text_width_height_descent(text.replace(r"\$", "$"), font, ismath=False)
    return pixels * 72 / DPI


def _has(character: str) -> bool:
    return any(font.get_char_index(ord(character)) for font in _fonts())


@cache
def _fonts() -> list:
    quiet()
    from matplotlib.font_manager import findfont, get_font
    return [get_font(findfont(name)) for name in families()]


@cache
def _ruler(size: float) -> tuple:
    quiet()
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.font_manager import FontProperties
    return RendererAgg(1, 1, DPI), FontProperties(family=families(), size=size)

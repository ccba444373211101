"""How many heads in so many throws?  An experiment that was made up for the tests, with two coins.

One coin is fair, the other falls on heads in four cases of five.
"""

from pathlib import Path

from tinyformer.errors import InputError
from tinyformer.phenomena.kit import Experiment, Sizes, Table, at_least, at_most, judged
from tinyformer.rng import stream

COINS = {"fair": 0.5, "loaded": 0.8}
EXPERIMENT = Experiment(chapter="inside", minutes=0.1, full=Sizes(arms=tuple(COINS), throws=1000),
                        quick=Sizes(arms=tuple(COINS), throws=10), control="A fair coin.", saves=True,
                        takes={"model": "the folder of a model", "data": "texts in which heads are H"})


def one(sizes, seed, coin, *, folder: Path) -> dict:
    with (folder / f"{coin}-{seed}").open("a") as file:
        file.write("x")                                        # a trace of having been done
    if (folder / "stop").exists() and (coin, seed) == ("loaded", 1):
        raise KeyboardInterrupt
    return {"heads": int((stream(seed, coin).random(sizes.throws) < COINS[coin]).sum())}


def one_given(sizes, seed, files) -> dict:
    texts = [Path(path).read_text(encoding="utf-8") for path in files.data]
    if not all(texts):
        raise InputError("there is nothing in it")
    return {"heads": sum(text.count("H") for text in texts), "config": (Path(files.model) / "config.json").read_text()}


def verdict(found):
    """Of the loaded coin's throws 700 and more are heads, of the fair one's 600 at most."""
    return judged(at_least(700, "loaded", found.values("heads", "loaded")),
                  controls=[at_most(600, "fair", found.values("heads", "fair"))])


def table(found):
    rows = [(coin, sum(found.values("heads", coin))) for coin in COINS]
    return Table(("coin", "heads"), [*rows, *(("yours", each["heads"]) for each in found.given)])


def draw(found, folder):
    (folder / "made-up.png").write_bytes(b"a picture")

"""How does a model learn to see without being told what it sees?  SimCLR, BYOL, hidden patches, patches out of order.

What differs between them stands in picture_methods.py.  Each is judged by what a linear probe reads off its features,
beside the pixels themselves and an encoder that has learned nothing; where a set has no labels, by its loss alone.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyformer.data.pictures import SIDES, Pictures, read_pictures, side_of
from tinyformer.errors import InputError
from tinyformer.metrics.read_off import right
from tinyformer.models.parts.size import that_fits
from tinyformer.models.parts.spread import COLLAPSED
from tinyformer.models.pictures import NORMS, PictureConfig
from tinyformer.options import option
from tinyformer.pretraining.collapse_detector import Detector
from tinyformer.pretraining.objective import Objective
from tinyformer.pretraining.picture_methods import METHODS, OWN, takes
from tinyformer.rng import stream
from tinyformer.train.circumstances import LEARNED_FROM

LINEAR, PIXELS, RANDOM = "linear probe", "pixels", "random encoder"


@dataclass(frozen=True)
class PictureObjective(Objective):
    """How far are two views the same, or what is missing in a picture?"""

    model: str = "pictures"
    corpus: str | None = option(None, "digits (scikit-learn's), shapes (drawn), an IDX file (MNIST's format) or a "
                                "folder of PNG files")
    validation: float = option(0.1, "share of the pictures that is kept for evaluation, a quarter where nothing is "
                               "said", least=0, most=0.9)
    method: str | None = option(None, "; ".join(f"{name} {each.does}" for name, each in METHODS.items()),
                                tuple(METHODS))
    side: int | None = option(None, "pixels on each side of the canvas; where it is larger than a picture, each stands "
                              f"at a place of its own (default {SIDES['digits']} for digits)", least=2)
    patch: int | None = option(None, "pixels on each side of a patch, for a transformer over patches; 0: an MLP that "
                               "sees a picture whole", least=0)
    norm: str | None = option(None, "behind the layers of an MLP and of the heads", NORMS)
    projected: int | None = option(None, "numbers in the vector that the loss looks at", least=2)
    temperature: float | None = option(None, "simclr: how near another picture must be to count", above=0)
    average: float | None = option(None, "byol: how much of the target stays at each step", least=0, most=0.99999)
    predictor: bool | None = option(None, "byol: guess the target by a layer of its own")
    stop_gradient: bool | None = option(None, "byol: the target gets no gradient")
    hidden: float | None = option(None, "masked: share of the patches that is hidden", above=0, most=1)
    turn: float | None = option(None, "views: how far they are turned, in radians", least=0, most=3.15)
    zoom: float | None = option(None, "views: by what share each axis is stretched", least=0, most=0.9)
    shift: float | None = option(None, "views: how many pixels they are moved", least=0)
    crop: float | None = option(None, "views: the least share of the side that stays; 1: all", above=0, most=1)
    contrast: float | None = option(None, "views: by what share the contrast changes", least=0, most=1)
    grain: float | None = option(None, "views: the standard deviation of the noise", least=0)

    does = "learns to see"
    reads, unit, figure = "pictures", "pixels", "simclr"
    config_class = PictureConfig
    switch = "method"
    defaults = dict({name: value for name, value in Objective.defaults.items() if name != "max_length"},
                    method="simclr", validation=0.25, schedule="cosine", beta2=0.98, projected=64, turn=0.2, zoom=0.1,
                    shift=2.0, crop=1.0, contrast=0.4, grain=0.05, **METHODS["simclr"].defaults)
    computed = {"init_std": "1/sqrt(width)", "max_length": "all of a picture"}

    def __post_init__(self):
        super().__post_init__()
        if self.preset is not None:
            raise InputError(f"--preset is {self.preset}, and there are none for pictures; leave it out")
        if self.held_out is not None:
            raise InputError("--held-out is a text; of pictures a share is held out (--validation)")
        if not self.patch and not METHODS[self.method].whole:
            raise InputError(f"--patch is {self.patch}, and --method {self.method} is about patches; give their side, "
                             "such as --patch 4")

    # ---- settings that hang on others --------------------------------------------------------------------------------

    @classmethod
    def from_preset(cls, name: str) -> dict[str, Any]:
        """There are none: InputError says it, when the settings are made."""
        return {}

    @classmethod
    def passed_over(cls, saved, switched):
        """What is another method's, and what only suited the one before."""
        if switched not in METHODS or saved.get("method") not in METHODS:
            return set()
        suited = {**METHODS[saved["method"]].defaults, "init_std": saved.get("width", 1) ** -0.5}
        return OWN - takes(switched) | {name for name, value in suited.items() if saved.get(name) == value}

    @classmethod
    def settled(cls, settings: dict, asked: dict) -> dict:
        """What suits the method, and nothing for what is another method's."""
        method = settings["method"]
        if method not in METHODS:
            return settings                                    # which is refused when they are made
        idle = OWN - takes(method)
        if wrong := sorted(name for name in idle if asked.get(name) is not None):
            owners = [name for name in METHODS if wrong[0] in takes(name)]
            raise InputError(f"--{wrong[0].replace('_', '-')} is a setting of --method {' and '.join(owners)}, and the "
                             f"method is {method}; leave it out")
        settings = {**settings, **METHODS[method].defaults, **asked, **dict.fromkeys(idle)}
        if settings["patch"] and "width" not in asked:         # a transformer, whatever the method
            settings |= {name: value for name, value in METHODS["masked"].defaults.items()
                         if name not in asked and name in ("layers", "heads", "width")}
        if settings.get("side") is None:
            settings["side"] = side_of(settings.get("corpus"))
        if settings.get("init_std") is None:
            settings["init_std"] = settings["width"] ** -0.5
        pixels = (settings["side"] or 0) ** 2 or None
        if asked.get("max_length", pixels) != pixels:
            raise InputError(f"--max-length is {asked['max_length']}, and a picture is seen whole; leave it out, and "
                             "say how large the canvas is by --side")
        return {**settings, "max_length": pixels}

    def config(self) -> PictureConfig:
        """The configuration of the model."""
        method = METHODS[self.method]
        more = {name: getattr(self, name) for name in method.settings}
        return that_fits(method.model.config_class(
            side=self.side, patch=self.patch, layers=self.layers, heads=self.heads, width=self.width,
            dropout=self.dropout, init_std=self.init_std, **more))

    # ---- the stages --------------------------------------------------------------------------------------------------

    def read(self) -> tuple[Pictures, Pictures]:
        """(training, held out)."""
        return read_pictures(self.corpus, self.side).split(self.validation)

    def make_batches(self, examples: Pictures, tokenizer) -> Any:
        """What the method sees of these pictures."""
        return METHODS[self.method].batches(self, examples)

    def make_model(self, tokenizer) -> Any:
        """A model that has seen nothing yet."""
        return METHODS[self.method].model(self.config(), stream(self.seed, "weights"))

    def measuring(self) -> Detector:
        """Says, while the model trains, that it has collapsed."""
        return Detector(self.method)

    def sources(self, training: Pictures, held_out: Pictures) -> dict[str, str]:
        """Hashes of the pixels and the labels."""
        return {LEARNED_FROM: training.sha256(), "held-out examples": held_out.sha256()}

    # ---- the result --------------------------------------------------------------------------------------------------

    def facts(self, training: Pictures) -> dict[str, int]:
        """How many pictures."""
        return {"pictures": len(training)}

    def loss_parts(self) -> list[str]:
        """The name of the method's loss."""
        return [f"{METHODS[self.method].figure} loss"]

    def measure(self, prepared, pairs: int) -> dict[str, float]:
        """The loss, the spread, and what a linear probe reads off the features; both beside who has learned nothing."""
        from tinyformer.pretraining.picture_probes import as_they_are
        from tinyformer.train import evaluate
        values, figure = evaluate(prepared.model, prepared.held_out_batches()), METHODS[self.method].figure
        found = {f"val {name.removeprefix(figure + ' ')}": value for name, value in values.items()}
        train, test = prepared.batches.pictures, prepared.held_out.pictures
        if train.labels is None:
            return found
        untrained = self.make_model(None)
        untrained.to(dtype=self.dtype)
        for name, seen in ((LINEAR, prepared.model.features), (PIXELS, as_they_are), (RANDOM, untrained.features)):
            found[name] = right(seen(train.pixels), train.labels, seen(test.pixels), test.labels)
        return found

    def said(self, found: dict[str, float]) -> list[str]:
        """The loss and the probes, and that it has collapsed where it has."""
        parts = [f"{name} {value:.4f}" for name, value in found.items() if name.startswith("val ")]
        parts += [f"{name} {100 * found[name]:.1f} %" for name in (LINEAR, PIXELS, RANDOM) if name in found]
        return parts + ["the projections have collapsed"] * (found.get("val spread", 1) < COLLAPSED)

    def picture(self, prepared, found: dict[str, float]) -> dict[str, Any]:
        """The unit of the loss."""
        return {"title": f"{self.method}: the loss", "unit": METHODS[self.method].unit}

    def leave(self, prepared, out: Path) -> None:
        """Pictures of what it sees: views.png or patches.png, neighbours.png, filters.png or attention.png."""
        from tinyformer.pretraining.seen_pictures import draw_all
        draw_all(self, prepared, out)

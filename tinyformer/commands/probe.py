"""What has a model learned that was told nothing?  What simple probes read off its features, beside other features."""

import json
from dataclasses import dataclass
from pathlib import Path

from tinyformer.errors import InputError
from tinyformer.options import argument, option, switch


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which model, which pictures, and beside what."""

    model: str = argument("folder of a model of pictures, such as the --out of pretrain pictures", metavar="DIR")
    corpus: str | None = option(None, "pictures with labels: digits, shapes, an IDX file, a folder of PNG files "
                                "(default those of the run that made the model)")
    validation: float | None = option(None, "share of the pictures that is asked about (default that of the run)",
                                      above=0, most=0.9)
    few: int = option(5, "examples of each class, where labels are few", least=1)
    supervised: int = option(400, "steps of a classifier that is taught the labels; 0: without one", least=0)
    seed: int = option(0, "the one number all chance comes from", least=0)
    json: bool = switch("print the figures as JSON")


def run(options: Options) -> int:
    """Print what each kind of features reaches, with all labels and with few."""
    from tinyformer.data.pictures import read_pictures
    from tinyformer.data.views import Views
    from tinyformer.pretraining.picture_probes import as_they_are, probed, taught
    from tinyformer.rng import stream
    from tinyformer.train import load_model
    model, _ = load_model(options.model)
    if not hasattr(model, "features"):
        raise InputError(f"{options.model}: holds a {type(model).__name__}, which sees no pictures; give the --out of "
                         "pretrain pictures")
    path = Path(options.model) / "settings.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    corpus, share = options.corpus or known.get("corpus"), options.validation or known.get("validation") or 0.25
    train, test = read_pictures(corpus, model.config.side).split(share)
    if train.labels is None:
        raise InputError(f"{corpus}: these pictures have no labels, and a probe reads labels; give some that have "
                         "(--corpus)")
    if train.side != model.config.side:
        raise InputError(f"{corpus}: the canvas is {train.side} x {train.side}, and the model sees "
                         f"{model.config.side} x {model.config.side}")
    untrained = type(model)(model.config, stream(options.seed, "weights"))
    found = {f"{type(model).__name__}, from {options.model}": model.features, "random encoder": untrained.features,
             "pixels": as_they_are}
    if hasattr(model, "projections"):
        found = {**found, "behind its head": model.projections, "behind a random head": untrained.projections}
    figures = {name: probed(features, train, test, options.few, options.seed) for name, features in found.items()}
    if options.supervised:
        views = Views(**{name: known[name] for name in ("turn", "zoom", "shift", "crop", "contrast", "grain")
                         if known.get(name) is not None})
        figures["supervised"] = taught(model.config, train, test, views, options.few, options.seed, options.supervised)
    print(json.dumps({"few": options.few, "examples": len(train), "asked": len(test), "right": figures}, indent=1)
          if options.json else _table(figures, options.few, len(train), len(test)))
    return 0


def _table(figures: dict[str, dict[str, float]], few: int, examples: int, asked: int) -> str:
    """A line for each kind of features, in percent."""
    columns = {"linear": "linear, all", "linear few": f"linear, {few} each", "nearest": "nearest, all",
               "nearest few": f"nearest, {few} each"}
    wide = max(map(len, figures))
    lines = [f"{'% right':<{wide}}  " + "  ".join(f"{title:>15}" for title in columns.values())]
    for name, row in figures.items():
        values = (f"{100 * row[key]:.1f}" if key in row else "-" for key in columns)
        lines.append(f"{name:<{wide}}  " + "  ".join(f"{value:>15}" for value in values))
    return "\n".join([*lines, f"{examples:,} examples, {asked:,} asked; with few labels the mean of several draws"])

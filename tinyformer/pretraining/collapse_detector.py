"""Does anybody notice, while a model trains, that it says the same of everything?  The loss is then at its best.

At every evaluation stands how far the projections spread (models/parts/spread.py), in the log and on the screen; the
first time that it is next to nothing, a line says so.
"""

from tinyformer.models.parts.spread import COLLAPSED
from tinyformer.places import say


class Detector:
    """Looks at a model instead of its `measure`: the same figures, and a line where the spread among them has gone."""

    def __init__(self, title: str, say=say):
        self.title, self.say, self.gone = title, say, False

    def __call__(self, model, batch) -> dict[str, tuple[float, int]]:
        found = model.measure(batch)
        total, count = found.get("spread", (1.0, 1))
        if total / count < COLLAPSED and not self.gone:
            self.say(f"{self.title}: the projections have collapsed, their spread is {total / count:.3f} (1 is even, "
                     f"below {COLLAPSED} nothing is told apart): what the loss says is no longer worth anything")
            self.gone = True
        return found

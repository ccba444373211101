"""How does one GPU take a step without anybody waiting for it?  What the host would have to know is settled there.

The driver of a run whose model lies on a GPU and learns by AdamW or Muon: `Alone` in the same five calls.  A step that
is not finite is not taken, nor is any after it, and the loop hears of it at the next number that it looks at.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager

from tinyformer.backend import library, to_host
from tinyformer.cuda import MOVES
from tinyformer.cuda.precision import in_precision
from tinyformer.cuda.uploads import Uploads
from tinyformer.engine import Tensor
from tinyformer.nn.module import Module
from tinyformer.ops import multiply
from tinyformer.train.drivers import Alone
from tinyformer.train.loop_settings import Settings
from tinyformer.train.noise import Noise
from tinyformer.train.optimizers import AdamW
from tinyformer.train.out_of_memory import explained
from tinyformer.train.step import accumulate


class OnDevice(Alone):
    """One process that gives a GPU its steps, and waits for it at the log lines alone."""

    def __init__(self, model: Module, optimizer: AdamW, settings: Settings, loss: Callable | None = None,
                 measure: Callable | None = None):
        super().__init__(model, optimizer, settings, loss, measure)
        self.moves = MOVES[type(optimizer).__name__](optimizer, scaled=settings.precision == "float16")
        self.uploads = Uploads(optimizer.xp)
        self.skipped = 0.0                    # steps that were passed over, as far as was said

    def gradients(self, batch, step: int) -> tuple:
        cost, buffers = self.computed(batch, Noise(self.settings.seed, step))
        return *self.settled(cost, step), buffers

    def computed(self, batch, noise: Noise, counts: dict | None = None) -> tuple:
        """The loss of a batch or of a part of one, and new values of buffers; gradients are where backward leaves them.

        MemoryError with what would fit.
        """
        def attempt(parts: int) -> tuple:
            self.optimizer.zero_grad()
            return accumulate(self.model, batch, parts, noise, self._scaled_loss if self.moves.scaled else self.loss,
                              counts)

        with self._precision(), self.uploads.stretch():
            try:
                return attempt(self.settings.accumulate)
            except MemoryError as error:
                raise explained(error, batch, self.optimizer.xp, attempt) from None

    def settled(self, cost, step: int, says: bool = True) -> tuple:
        """Loss and norm of a step for which there are gradients, on the GPU, which now knows if it is to be taken."""
        with self.uploads.stretch():
            shown = self.moves.settle(step + 1, cost, self.settings.clip)
        if says and self.moves.scaled and self.settings.due(step + 1, self.settings.log_every):
            self._say_skipped(step + 1)
        return shown

    def lay_out(self, flat, cost) -> None:
        """Write all gradients into one array in the order of the parameters, and the loss behind them (None: 0)."""
        with self.uploads.stretch():
            self.moves.lay_out(flat, cost)

    def move(self, learning_rate: float) -> None:
        with self.uploads.stretch():
            self.moves.move(learning_rate)
        self.optimizer.zero_grad()

    def figures(self, batches: Iterable) -> Iterator[dict[str, tuple[float, int]]]:
        with self._precision():
            yield from super().figures(batches)

    def culprit(self, step: int) -> tuple[int, str | None]:
        found = self.moves.look(to_host)
        if not found["stopped_at"]:
            return super().culprit(step)
        number = int(found["culprit"])
        name = self.optimizer.slots[number].name if number >= 0 else None
        if self.moves.scaled:
            name = (f"{name or 'the loss'}, after {int(found['in_a_row'])} halvings of the loss scale in a row, to "
                    f"{found['scale']:g} (float32 and bfloat16 need none),")
        return int(found["stopped_at"]), name

    def collect(self) -> None:
        self.moves.collect(to_host)
        self.skipped = 0.0

    def _precision(self) -> AbstractContextManager:
        return in_precision(self.optimizer.xp, self.settings.precision)

    def _scaled_loss(self, model, batch, counts, rng):
        found = self.loss(model, batch, counts, rng) if self.loss else model.loss(batch, counts, rng)
        value, buffers = found if isinstance(found, tuple) else (found, {})
        if isinstance(value, Tensor):
            scale = self.moves.scale().astype(value.dtype)
            value = multiply(value, library(value.data).reshape(scale, value.shape))
        return value, buffers

    def _say_skipped(self, step: int) -> None:
        found = self.moves.look(to_host)
        if found["skipped"] > self.skipped:
            warnings.warn(f"step {step:,}: {found['skipped'] - self.skipped:.0f} steps overflowed in half precision "
                          f"and were passed over; the loss scale is {found['scale']:g} now", stacklevel=2)
        self.skipped = found["skipped"]

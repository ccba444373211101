"""How long does a step of each model take?  They take turns, so that none of them has the quieter minute."""

from collections.abc import Sequence
from statistics import median
from time import process_time

from tinyformer.nn import Module
from tinyformer.train import Settings
from tinyformer.train.drivers import Alone
from tinyformer.train.loop_settings import OPTIMIZERS


def paces(models: Sequence[Module], batches: Sequence, settings: Settings, rounds: int) -> list[float]:
    """Steps in a second of one core, the median over `rounds`, of each model with its batches; all of them learn on.

    Processor time is counted, and not what others do in between.
    """
    drivers = [Alone(model, OPTIMIZERS[settings.optimizer].of(model, settings), settings) for model in models]
    spent: list[list[float]] = [[] for _ in drivers]
    for step in range(rounds):
        for driver, own, times in zip(drivers, batches, spent, strict=True):
            batch, began = own.batch(step), process_time()
            driver.gradients(batch, step)
            driver.move(settings.rate(step))
            times.append(process_time() - began)
    return [1 / median(times) for times in spent]

"""How is a model trained, watched, saved and resumed?  Optimizers, schedules, the step, the loop, checkpoints."""

from typing import TYPE_CHECKING

from tinyformer.opening import opens

if TYPE_CHECKING:
    from tinyformer.train.checkpoints import load_model, save_model
    from tinyformer.train.loop import History, Interrupted, evaluate, train
    from tinyformer.train.loop_settings import Settings
    from tinyformer.train.memory import keep_freed_memory
    from tinyformer.train.muon import Muon
    from tinyformer.train.optimizers import SGD, AdamW

__getattr__, __dir__ = opens(
    __name__, checkpoints="load_model save_model", loop="History Interrupted evaluate train", loop_settings="Settings",
    memory="keep_freed_memory", muon="Muon", optimizers="SGD AdamW")

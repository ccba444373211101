"""How is a model trained, watched, saved and resumed?  Optimizers, schedules, the step, the loop, checkpoints."""

from tinyformer.train.checkpoints import load_model, save_model
from tinyformer.train.loop import History, Interrupted, evaluate, train
from tinyformer.train.loop_settings import Settings
from tinyformer.train.memory import keep_freed_memory
from tinyformer.train.optimizers import SGD, AdamW

__all__ = ["SGD", "AdamW", "History", "Interrupted", "Settings", "evaluate", "keep_freed_memory", "load_model",
           "save_model", "train"]

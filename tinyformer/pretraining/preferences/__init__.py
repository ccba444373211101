"""What does a model learn from people's choices?  Three methods, one a file, and the run that each goes through."""

from tinyformer.opening import Table

# The name that is typed -> a frozen dataclass: its options, and all that is said of it.  See method.py.
METHODS = Table({
    "reward": "tinyformer.pretraining.preferences.reward:Reward",
    "tune": "tinyformer.pretraining.preferences.tune:Tune",
    "direct": "tinyformer.pretraining.preferences.direct:Direct",
})

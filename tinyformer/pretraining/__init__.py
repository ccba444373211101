"""What does a model learn without labels?  Objectives, one a file, and the stages that every run goes through."""

from tinyformer.opening import Table

# The name that is typed -> a frozen dataclass: its options, and all that is said of it.  See objective.py.
OBJECTIVES = Table({
    "bert": "tinyformer.pretraining.masked_words:MaskedWords",
    "gpt": "tinyformer.pretraining.next_token:NextToken",
    "seq2seq": "tinyformer.pretraining.repairing:Repairing",
    "words": "tinyformer.pretraining.negative_sampling:NegativeSampling",
    "elmo": "tinyformer.pretraining.two_directions:TwoDirections",
    "speech": "tinyformer.pretraining.speech:Speech",
    "pictures": "tinyformer.pretraining.pictures:PictureObjective",
})

"""What do training, attention, a gradient check and a model's mistakes look like?  For whoever would rather look.

Every function takes plain numbers and texts and writes one PNG.  matplotlib is imported when a picture is drawn, and
used through Figure objects alone, so that it needs no display and keeps no state.
"""

from .answers import marked_answers
from .attention import attention_map
from .comparison import compared, glue_table
from .gradients import valley
from .grouped import grouped
from .predictions import confusion, score_scatter
from .repetition import repeated
from .shots import by_size, shot_curve
from .single_runs import single_runs
from .tags import tagged_sentences
from .training import loss_curve

__all__ = ["attention_map", "by_size", "compared", "confusion", "glue_table", "grouped", "loss_curve", "marked_answers",
           "repeated", "score_scatter", "shot_curve", "single_runs", "tagged_sentences", "valley"]

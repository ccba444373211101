"""What do training, attention, a gradient check and a model's mistakes look like?  For whoever would rather look.

Every function takes plain numbers and texts and writes one PNG.  matplotlib is imported when a picture is drawn, and
used through Figure objects alone, so that it needs no display and keeps no state.
"""

from .attention import attention_map
from .gradients import valley
from .training import loss_curve

__all__ = ["attention_map", "loss_curve", "valley"]

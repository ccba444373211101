"""What do training, attention, a gradient check and a model's mistakes look like?  For whoever would rather look.

Every function takes plain numbers and texts and writes one PNG.  matplotlib is imported when a picture is drawn, and
used through Figure objects alone, so that it needs no display and keeps no state.
"""

from tinyformer.opening import opens

__getattr__, __dir__ = opens(
    __name__, answers="marked_answers", attention="attention_map", bars="glue_table grouped", comparison="compared",
    every_run="single_runs", gradients="valley", panels="Bars Panel", predictions="confusion score_scatter",
    repetition="repeated", shots="shot_curve", tags="tagged_sentences", training="loss_curve")

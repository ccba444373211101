"""What do training, attention, a gradient check and a model's mistakes look like?  For whoever would rather look.

Every function takes plain numbers and texts and writes one PNG.  matplotlib is imported when a picture is drawn, and
used through Figure objects alone, so that it needs no display and keeps no state.  A `Graph` is drawn as SVG, by hand.
"""

from typing import TYPE_CHECKING

from tinyformer.opening import opens

if TYPE_CHECKING:
    from tinyformer.plot.answers import marked_answers
    from tinyformer.plot.attention import attention_map
    from tinyformer.plot.bars import glue_table, grouped
    from tinyformer.plot.comparison import compared
    from tinyformer.plot.cosines import alike
    from tinyformer.plot.every_run import single_runs
    from tinyformer.plot.gradients import valley
    from tinyformer.plot.graph import Graph
    from tinyformer.plot.leaderboard import standings
    from tinyformer.plot.losses import loss_curve
    from tinyformer.plot.panels import Bars, Panel
    from tinyformer.plot.predictions import confusion, score_scatter
    from tinyformer.plot.repetition import repeated
    from tinyformer.plot.shots import shot_curve
    from tinyformer.plot.spectrograms import heard
    from tinyformer.plot.tags import tagged_sentences
    from tinyformer.plot.tiled import tiles

__getattr__, __dir__ = opens(
    __name__, answers="marked_answers", attention="attention_map", bars="glue_table grouped", comparison="compared",
    cosines="alike", every_run="single_runs", gradients="valley", graph="Graph", leaderboard="standings",
    losses="loss_curve", panels="Bars Panel", predictions="confusion score_scatter", repetition="repeated",
    shots="shot_curve", spectrograms="heard", tags="tagged_sentences", tiled="tiles")

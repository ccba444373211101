"""How does a model write?  It gives every token a probability; choose one, put it at the end, and ask again."""

from typing import TYPE_CHECKING

from tinyformer.opening import opens

if TYPE_CHECKING:
    from tinyformer.generate.beam import Beam, beam_search
    from tinyformer.generate.cache import Cache
    from tinyformer.generate.dialogue import Dialogue, answer, answers
    from tinyformer.generate.likelihood import likelihoods
    from tinyformer.generate.reading import Reading, Remember, next_logits
    from tinyformer.generate.sampling import GREEDY, Sampling
    from tinyformer.generate.seq2seq import rewrite, rewrite_beams, rewrite_text, rewrite_texts
    from tinyformer.generate.stops import StopStrings
    from tinyformer.generate.text import beginning, write, write_batch, write_beams, write_text, write_texts

__getattr__, __dir__ = opens(
    __name__, beam="Beam beam_search", cache="Cache", dialogue="Dialogue answer answers", likelihood="likelihoods",
    reading="Reading Remember next_logits",
    seq2seq="rewrite rewrite_beams rewrite_text rewrite_texts", sampling="GREEDY Sampling", stops="StopStrings",
    text="beginning write write_batch write_beams write_text write_texts")

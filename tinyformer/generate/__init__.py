"""How does a model write?  It gives every token a probability; choose one, put it at the end, and ask again."""

from tinyformer.generate.beam import Beam, beam_search
from tinyformer.generate.cache import Cache
from tinyformer.generate.likelihood import likelihoods
from tinyformer.generate.reading import Reading, Remember, next_logits
from tinyformer.generate.rewriting import rewrite, rewrite_beams, rewrite_text, rewrite_texts
from tinyformer.generate.sampling import GREEDY, Sampling
from tinyformer.generate.stops import StopStrings
from tinyformer.generate.text import beginning, write, write_batch, write_beams, write_text, write_texts

__all__ = ["GREEDY", "Beam", "Cache", "Reading", "Remember", "Sampling", "StopStrings", "beam_search",
           "beginning", "likelihoods", "next_logits", "rewrite", "rewrite_beams", "rewrite_text", "rewrite_texts",
           "write", "write_batch", "write_beams", "write_text", "write_texts"]

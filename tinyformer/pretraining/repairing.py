"""How do an encoder and a decoder learn?  A text is damaged, and they write it again as it was.

Lewis et al. 2020, section 2.2 (BART), with the corruptions of other papers beside: see `tinyformer.data.noise`.  The
baseline is who can copy: the share of the tokens asked for that stand in the damaged text.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tinyformer.data.encode import sentence_ids
from tinyformer.data.frame import frame_of
from tinyformer.data.noise import NOISES, RATES, sentinels_needed
from tinyformer.data.seq2seq import DenoisingBatches, share_in_source
from tinyformer.errors import InputError
from tinyformer.models.config import Seq2SeqConfig
from tinyformer.models.seq2seq import Seq2Seq
from tinyformer.models.t5 import T5Config, writer
from tinyformer.options import option
from tinyformer.pretraining.text_objective import TextObjective
from tinyformer.rng import stream
from tinyformer.text import ByteLevelBPE, Tokenizer, WordPieceTokenizer
from tinyformer.text.base import sentinel_names
from tinyformer.text.bpe import BART_ROLES


@dataclass(frozen=True)
class Repairing(TextObjective):
    """What did this damaged text say?"""

    model: str = "seq2seq"
    family: str | None = option(None, "how it is written: bart, or t5 (distances in place of positions, RMS norm, no "
                                "biases)", ("bart", "t5"))
    noise: str | None = option(None, "how the text is damaged that is to be repaired", tuple(NOISES))
    mask_rate: float | None = option(None, "share of the tokens to be guessed", above=0, most=1)

    does = "repairs a damaged text"
    figure = "seq2seq"
    config_class = Seq2SeqConfig
    defaults = dict(TextObjective.defaults, family="bart", noise="infill")
    computed = {**TextObjective.computed, "mask_rate": "0.3, mass: 0.5, spans: 0.15"}
    strip_accents = False                     # they would be missing from whatever the model writes

    def __post_init__(self):
        super().__post_init__()
        if self.noise not in RATES and self.mask_rate is not None:
            raise InputError(f"--mask-rate is {self.mask_rate}, and --noise {self.noise} hides no tokens; leave one "
                             "of the two out")

    @classmethod
    def settled(cls, settings: dict, asked: dict) -> dict:
        """Also the share that is hidden: each noise has that of its paper."""
        settings = super().settled(settings, asked)
        if settings["family"] == "t5" and "noise" not in asked:
            settings["noise"] = "spans"
        return {"mask_rate": RATES.get(settings["noise"]), **settings}

    def config(self, vocabulary: int) -> Seq2SeqConfig:
        """The configuration of the model, for a tokenizer of this size."""
        c = self.sized(vocabulary=vocabulary, decoder_layers=self.layers)
        if self.family == "bart":
            return c
        sizes = {name: getattr(c, name) for name in ("layers", "heads", "width", "inner", "context", "dropout")}
        return T5Config(vocabulary=vocabulary, **sizes)

    # ---- the stages --------------------------------------------------------------------------------------------------

    def special_tokens(self) -> tuple[str, ...]:
        """Those of BERT, and sentinels for rows of this length, whatever the noise: so runs can share a vocabulary.

        A unigram vocabulary for a T5 has T5's.
        """
        own = ("<pad>", "</s>", "<unk>") if self.family == "t5" and self.tokenizer == "unigram" else None
        return (*(own or Tokenizer.roles.values()), *self._sentinels())

    def train_bpe(self, training: Iterable[str]) -> Tokenizer:
        """A byte-level vocabulary with the special tokens of BART."""
        return ByteLevelBPE.train(training, self.vocabulary, end_of_text=False,
                                  specials=(*BART_ROLES.values(), *self._sentinels()))

    def make_model(self, tokenizer: Tokenizer) -> Seq2Seq:
        """An encoder and a decoder; what the decoder begins and ends with is said by the vocabulary."""
        config = self.config(len(tokenizer)).but(**frame_of(tokenizer).of_config)
        return writer(config, stream(self.seed, "weights"))

    def make_batches(self, examples: Sequence[str], tokenizer: Tokenizer) -> DenoisingBatches:
        """Rows of these documents, damaged, and as they were."""
        spaced = not isinstance(tokenizer, WordPieceTokenizer)
        return DenoisingBatches(sentence_ids(examples, tokenizer, spaced), tokenizer, batch_size=self.batch_size,
                                max_length=self.max_length, seed=self.seed, noise=self.noise, rate=self.mask_rate)

    def _sentinels(self) -> list[str]:
        rate = self.mask_rate if self.noise == "spans" else RATES["spans"]
        return sentinel_names(sentinels_needed(self.max_length, rate))

    # ---- the result --------------------------------------------------------------------------------------------------

    def measure(self, prepared, pairs: int) -> dict[str, float]:
        """Also the share of the targets that could be copied."""
        return {**super().measure(prepared, pairs), "share in source": share_in_source(prepared.held_out_batches())}

    def said(self, found: dict[str, float]) -> list[str]:
        """Also what copying would reach."""
        *parts, accuracy = super().said(found)
        return [*parts, f"{accuracy} ({found['share in source']:.4f} of the targets could be copied from the source)"]

    def picture(self, prepared, found: dict[str, float]) -> dict[str, Any]:
        """The levels of a text, and how it was damaged."""
        return {**super().picture(prepared, found),
                "title": f"Encoder and decoder: repairing a text (noise: {self.noise})"}

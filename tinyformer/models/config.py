"""Which numbers make a model?  One frozen dataclass for each paper, with the published sizes as presets."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar, Self

from tinyformer.errors import InputError


@dataclass(frozen=True)
class BlocksConfig:
    """What every model needs: L layers, H heads, C width, 4C inner width, T positions at most."""

    layers: int = 2
    heads: int = 2
    width: int = 128
    inner: int = 0                            # 0 means 4 * width
    context: int = 512
    dropout: float = 0.1
    activation: str = "gelu"                  # "gelu": with erf; "gelu_tanh": the tanh form
    eps: float = 1e-12
    init_std: float = 0.02                    # standard deviation of the initial weights

    whole: ClassVar[tuple[str, ...]] = ("layers", "heads", "width", "inner", "context")       # whole numbers above 0
    activations: ClassVar[tuple[str, ...]] = ("gelu", "gelu_tanh")

    def __post_init__(self):
        if self.inner == 0:
            object.__setattr__(self, "inner", 4 * self.width)
        for name in self.whole:
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise InputError(f"config: {name} is {value!r}; it must be a whole number of at least 1")
        if self.width % self.heads and not getattr(self, "head_size", 0):
            raise InputError(f"config: width {self.width} is not a multiple of heads {self.heads}; "
                             "each head gets an equal share of the width")
        for name in ("dropout", "eps", "init_std"):
            value = getattr(self, name)
            if not isinstance(value, int | float) or isinstance(value, bool):
                raise InputError(f"config: {name} is {value!r}; it must be a number")
        if not 0 <= self.dropout < 1:
            raise InputError(f"config: dropout is {self.dropout}; it must be at least 0 and below 1")
        if not 0 <= self.eps < 1:
            raise InputError(f"config: eps is {self.eps}; it must be at least 0 and below 1, such as 1e-12")
        if not 0 < self.init_std < 1:
            raise InputError(f"config: init_std is {self.init_std}; it must be above 0 and below 1, such as 0.02")
        if self.activation not in self.activations:
            raise InputError(f"config: activation is {self.activation!r}; it must be {' or '.join(self.activations)}")

    @property
    def approximate(self) -> str:
        """The name of the GELU form as the op calls it."""
        return "none" if self.activation == "gelu" else "tanh"

    @classmethod
    def preset(cls, name: str, **changes) -> Self:
        """A published size by name, with any field changed."""
        known = cls.presets()
        if name not in known:
            from tinyformer.options import suggestion
            raise InputError(f"preset {name!r} is not known{suggestion(name, known)}; choose one of: "
                             f"{', '.join(known)}")
        return cls(**{**known[name], **changes})

    @classmethod
    def presets(cls) -> dict[str, dict[str, Any]]:
        """The published sizes of this paper by name."""
        from tinyformer.models.parts.presets import PRESETS
        return next((PRESETS[one.__name__] for one in cls.__mro__ if one.__name__ in PRESETS), {})

    def but(self, **changes) -> Self:
        """The same configuration with some fields changed."""
        return replace(self, **changes)

    def to_dict(self) -> dict:
        """All fields by name."""
        return asdict(self)


@dataclass(frozen=True)
class Config(BlocksConfig):
    """What models of words need besides: V words."""

    vocabulary: int = field(kw_only=True)
    whole = ("vocabulary", *BlocksConfig.whole)


@dataclass(frozen=True)
class BertConfig(Config):
    """BERT (Devlin et al. 2019) and ALBERT (Lan et al. 2020).

    `factor` is ALBERT's width E of the word vectors (0: as wide as the layers, as in BERT); with `shared` all layers
    are one and the same; `pair_objective` says what the second sentence is tested on: "nsp", "sop" or "none".
    """

    segments: int = 2
    factor: int = 0
    shared: bool = False
    pair_objective: str = "nsp"

    def __post_init__(self):
        super().__post_init__()
        if self.pair_objective not in ("nsp", "sop", "none"):
            raise InputError(f"config: pair_objective is {self.pair_objective!r}; it must be nsp, sop or none")

    @property
    def word_width(self) -> int:
        return self.factor or self.width


@dataclass(frozen=True)
class GPTConfig(Config):
    """GPT-2 (norm="pre", Radford et al. 2019) and GPT-1 (norm="post", Radford et al. 2018)."""

    activation: str = "gelu_tanh"
    eps: float = 1e-5
    context: int = 1024
    norm: str = "pre"
    bias: bool = True

    def __post_init__(self):
        super().__post_init__()
        if self.norm not in ("pre", "post"):
            raise InputError(f"config: norm is {self.norm!r}; it must be pre (GPT-2) or post (GPT-1)")
        if self.norm == "post" and not self.bias:
            raise InputError("config: bias=False goes with norm='pre' only; GPT-1 has biases")


@dataclass(frozen=True)
class Seq2SeqConfig(Config):
    """BART (Lewis et al. 2020): `layers` in the encoder, `decoder_layers` in the decoder (0: as many).

    With `scale_words` the word vectors are multiplied by sqrt(width) before the positions are added, as in Vaswani et
    al. 2017, section 3.4.  The decoder begins with `start_id` and ends with `end_id`; in BART the two are one.
    """

    eps: float = 1e-5
    context: int = 1024
    decoder_layers: int = 0
    scale_words: bool = False
    pad_id: int = 1
    start_id: int = 2
    end_id: int = 2

    def __post_init__(self):
        super().__post_init__()
        if self.decoder_layers == 0:
            object.__setattr__(self, "decoder_layers", self.layers)
        if not isinstance(self.decoder_layers, int) or isinstance(self.decoder_layers, bool) or self.decoder_layers < 1:
            raise InputError(f"config: decoder_layers is {self.decoder_layers!r}; it must be a whole number of at "
                             "least 1, or 0 for as many as the encoder has")
        for name in ("pad_id", "start_id", "end_id"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < self.vocabulary:
                raise InputError(f"config: {name} is {value!r}; it must be the id of a token, 0 to "
                                 f"{self.vocabulary - 1}")

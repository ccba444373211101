"""How does BERT learn?  Some words are hidden, and it says which; and it says whether one sentence follows another.

Devlin et al. 2019, section 3.1 (masked words, next sentence); Lan et al. 2020, section 3.1 (sentence order); Liu et al.
2019, section 4 (RoBERTa: no pairs, rows full of whole documents, masks drawn anew at each visit, bytes).  The baseline
counts which word stood most often between these two neighbours.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyformer.data.batches import MaskedBatches
from tinyformer.data.corpus import read_text
from tinyformer.data.counts import NeighbourTable
from tinyformer.data.encode import sentence_ids
from tinyformer.errors import InputError
from tinyformer.models.bert import BertForPretraining
from tinyformer.models.config import BertConfig
from tinyformer.models.distilbert import DistilBertConfig
from tinyformer.models.parts.bert_family import learner_for
from tinyformer.models.roberta import RobertaConfig
from tinyformer.nn.sinusoids import sinusoids
from tinyformer.options import option
from tinyformer.pretraining import distillation
from tinyformer.pretraining.pair_figures import pair_figures, pairs_said
from tinyformer.pretraining.text_objective import TextObjective
from tinyformer.rng import stream
from tinyformer.text import ByteLevelBPE, Tokenizer
from tinyformer.text.bpe import BART_ROLES
from tinyformer.tinyland.world_texts import WorldTexts
from tinyformer.train.circumstances import fingerprint

ALBERT = ("shared", "factor")                 # what a preset says where nobody does
WAVES = 3                                     # how high they are, in deviations of the other weights


@dataclass(frozen=True)
class MaskedWords(TextObjective):
    """Which words were hidden here, and does the second sentence belong behind the first?"""

    model: str = "bert"
    family: str | None = option(None, "bert; roberta: bytes, rows of whole documents, no pairs and no segments; or "
                                "distilbert: no pairs and no segments", ("bert", "roberta", "distilbert"))
    objective: str | None = option(None, "what the second sentence is tested on: is it the next (nsp), are the two in "
                                   "order (sop), or nothing", ("nsp", "sop", "none"))
    shared: bool | None = option(None, "all layers are one and the same, read several times (ALBERT)")
    factor: int | None = option(None, "width of the word vectors where they are narrower than the layers (ALBERT); 0: "
                                "as wide", least=0)
    mask_rate: float | None = option(None, "share of the tokens to be guessed", above=0, most=1)
    proportions: tuple[float, ...] = option((0.8, 0.1, 0.1), "shares of these that become [MASK], become a random "
                                            "token, stay", least=0)
    whole_word: bool = option(False, "hide whole words, not pieces of them")
    word_list: str | None = option(None, "a file with one word a line, so that --whole-word finds the words of "
                                   "Chinese, which have no spaces between them")
    masking: str = option("dynamic", "new masks at each visit, or the same ones", ("dynamic", "static"))
    first_positions: str = option("random", "how the vectors of the positions begin: random, or as waves of many "
                                  "lengths (sinusoidal), in which near positions look alike", ("random", "waves"))
    teacher: str | None = option(None, "folder of a BERT or RoBERTa that teaches a model of half as many layers",
                                 metavar="DIR")
    temperature: float | None = option(None, "of what the teacher says: above 1 the improbable shows (default 2)",
                                       above=0)
    teaching: tuple[float, ...] = option((5.0, 2.0, 1.0), "with --teacher: weights of what it says, of the hidden "
                                         "words, and of the cosine of the hidden vectors", least=0)
    begin: str | None = option(None, "a student begins with layers of its teacher (the default), or with numbers of "
                               "its own", ("teacher", "random"))

    does = "fills in blanks"
    figure = "mlm"
    config_class = BertConfig
    switch = "family"
    at_first = "first_positions", "begin"
    defaults = dict(TextObjective.defaults, family="bert", objective="nsp", mask_rate=0.15, optimizer="muon",
                    matrix_rate=0.01)

    def __post_init__(self):
        super().__post_init__()
        if len(self.proportions) != 3 or abs(sum(self.proportions) - 1) > 1e-6:
            raise InputError(f"--proportions is {','.join(map(str, self.proportions))}; it must be three shares that "
                             "add up to 1: masked, random, kept (for example 0.8,0.1,0.1)")
        if self.family != "bert" and self.objective not in (None, "none"):
            raise InputError(f"--objective is {self.objective}, and --family {self.family} learns from no pairs of "
                             "sentences; leave one of the two out")
        for name in ALBERT:
            if self.family != "bert" and getattr(self, name):
                raise InputError(f"--{name} is a setting of BERT, and the family is {self.family}; leave it out")
        if len(self.teaching) != 3:
            raise InputError(f"--teaching is {','.join(map(str, self.teaching))}; it must be three weights: what the "
                             "teacher says, hidden words, cosine (for example 5,2,1)")
        idle = next((name for name in distillation.TEACHING if getattr(self, name) is not None), None)
        if self.teacher is None and idle:
            raise InputError(f"--{idle} is a setting of students, and there is no --teacher; give one, or leave it out")
        if self.teacher is not None and self.first_positions != "random":
            raise InputError(f"--first-positions is {self.first_positions}, and a student begins as --begin says; "
                             "leave it out")
        if self.word_list is not None and not self.whole_word:
            raise InputError("--word-list says which characters make a word, and only --whole-word asks; give both")
        if self.whole_word and self.word_list is None and self.tokenizer == "characters":
            raise InputError("--whole-word hides all pieces of a word, and --tokenizer characters knows no words; take "
                             "wordpiece, bpe or unigram, or say which characters make a word (--word-list)")

    @classmethod
    def from_preset(cls, name: str) -> dict[str, Any]:
        """Also what the second sentence is tested on: ALBERT's presets ask for the order."""
        return {**super().from_preset(name), "objective": cls.config_class.preset(name).pair_objective}

    @classmethod
    def passed_over(cls, saved, switched):
        """What is for BERT alone."""
        return set() if switched == "bert" else {*ALBERT, "objective"}

    @classmethod
    def settled(cls, settings: dict, asked: dict) -> dict:
        """Also what a student has of its teacher, that a RoBERTa learns from bytes, and BERT alone from pairs."""
        if settings.get("teacher") is not None:
            given = distillation.settled(settings["teacher"], asked)
            settings |= {name: value for name, value in given.items() if name not in asked}
        settings = super().settled(settings, asked)
        if settings["family"] != "bert" and "objective" not in asked:
            settings["objective"] = "none"
        if settings["family"] == "roberta" and settings.get("teacher") is None and "tokenizer" not in asked:
            settings["tokenizer"] = "bpe"
        return settings

    def config(self, vocabulary: int) -> BertConfig:
        """The configuration of the model, for a tokenizer of this size."""
        asked = {name: value for name in ALBERT if (value := getattr(self, name)) is not None}
        return self.sized(vocabulary=vocabulary, pair_objective=self.objective, **asked)

    # ---- the stages --------------------------------------------------------------------------------------------------

    def special_tokens(self) -> tuple[str, ...]:
        """[PAD], [UNK], [CLS], [SEP] and [MASK]."""
        return tuple(Tokenizer.roles.values())

    def train_bpe(self, training: Iterable[str]) -> Tokenizer:
        """A byte-level vocabulary with RoBERTa's special tokens; InputError for a BERT, whose bytes have no [MASK]."""
        if self.family != "roberta":
            raise InputError("--tokenizer is bpe, which has no [MASK]; for bert take wordpiece, unigram or characters, "
                             "or --family roberta")
        return ByteLevelBPE.train(training, self.vocabulary, end_of_text=False, specials=tuple(BART_ROLES.values()))

    def make_model(self, tokenizer: Tokenizer) -> BertForPretraining:
        """A BERT with both of its heads, or one of its family; a student as its teacher has it."""
        rng = stream(self.seed, "weights")
        if self.teacher is not None:
            return distillation.student_for(self, rng)
        config = self.config(len(tokenizer))
        sizes = {name: value for name, value in config.to_dict().items() if name not in ("eps", "segments")}
        if self.family == "roberta":
            config = RobertaConfig(**sizes, pad_id=tokenizer.pad_id)
        elif self.family == "distilbert":
            config = DistilBertConfig(**sizes)
        model = learner_for(config, rng)
        if self.first_positions == "waves":
            table = model.bert.positions.weight.data           # (T, C)
            table[...] = WAVES * config.init_std * sinusoids(*table.shape)
        return model

    def lesson(self) -> Any:
        """The loss of a student, with its teacher; None where there is no teacher."""
        return None if self.teacher is None else distillation.lesson_for(self)

    def make_batches(self, examples: Sequence[str], tokenizer: Tokenizer) -> MaskedBatches:
        """Pairs of sentences of these documents, with words hidden in them."""
        twins = examples.twins() if self.objective == "nsp" and isinstance(examples, WorldTexts) else []
        words, spaced = self.words(), isinstance(tokenizer, ByteLevelBPE)
        kind = MaskedBatches if self.teacher is None else distillation.TaughtBatches
        return kind(sentence_ids(examples, tokenizer, spaced), tokenizer, batch_size=self.batch_size,
                    max_length=self.max_length, seed=self.seed, objective=self.objective,
                    rate=self.mask_rate, proportions=self.proportions, whole_word=self.whole_word,
                    word_list=words, static=self.masking == "static", twins=sentence_ids(twins, tokenizer))

    def words(self) -> list[str] | None:
        """The words of --word-list."""
        return None if self.word_list is None else read_text(Path(self.word_list)).split()

    def sources(self, training: Sequence, held_out: Sequence) -> dict[str, str]:
        """Also the words of --word-list, and the teacher."""
        taught = {} if self.teacher is None else {"teacher": distillation.hash_of(self.teacher)}
        return {**super().sources(training, held_out), "words": fingerprint(self.words() or ()), **taught}

    # ---- the result --------------------------------------------------------------------------------------------------

    def measure(self, prepared, pairs: int) -> dict[str, float]:
        """Also what counting neighbours would reach, and the accuracy on pairs, for each kind of negative apart."""
        found = super().measure(prepared, pairs)
        found["neighbour accuracy"] = neighbour_table(prepared).accuracy(prepared.held_out_batches())
        return found | pair_figures(prepared, pairs)

    def said(self, found: dict[str, float]) -> list[str]:
        """Also what a constant guess and counted neighbours reach, and the pairs."""
        *parts, accuracy = super().said(found)
        accuracy += (f" (constant guess {found['constant accuracy']:.4f}, "
                     f"neighbour counts {found['neighbour accuracy']:.4f})")
        return [*parts, accuracy, *pairs_said(found)]

    def loss_parts(self) -> list[str]:
        """Words, and pairs where there are any."""
        return ["mlm loss"] + ["pair loss"] * (self.objective != "none")

    def picture(self, prepared, found: dict[str, float]) -> dict[str, Any]:
        """The loss of a coin is added to the levels where pairs are judged."""
        pairs = self.objective != "none"
        return {**super().picture(prepared, found), "pairs": pairs,
                "title": "BERT: guessing masked tokens" + " and judging pairs" * pairs}


def neighbour_table(prepared) -> NeighbourTable:
    """Counts of the left and right neighbours over BERT's training text, taken document by document."""
    pairs = prepared.batches.pairs
    edges = [pairs.bounds[first] for first in pairs.first]
    return NeighbourTable([pairs.ids[a:b] for a, b in zip(edges, edges[1:], strict=False)], len(prepared.tokenizer))

"""How does a small model learn from a large one?  It is asked the same, and is to say what the large one says.

Three losses are added up, each with a weight (5, 2 and 1 in the published program):

    soft     T² KL(p || q)     p and q are what teacher and student say of a hidden word, softmax(logits / T): all that
                               the teacher holds possible, and a temperature T > 1 shows the improbable as well
    words    -log q(word)      at temperature 1, as BERT learns by itself
    cosine   1 - cos(h, g)     of the last hidden vectors of both, at every real position

The gradient of KL with respect to the student's logits is (q - p) / T, and q - p is itself about 1/T of what it is at
temperature 1: T² undoes both, so that the weights mean the same at every temperature (Hinton, Vinyals and Dean,
Distilling the Knowledge in a Neural Network, 2015, section 2).  The student begins with every second layer of the
teacher.  (Sanh et al., DistilBERT, 2019, sections 2 and 3.)
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyformer.backend import choose_device, to_device
from tinyformer.data.batches import MaskedBatches, PretrainingBatch
from tinyformer.engine import Tensor, no_grad
from tinyformer.errors import InputError
from tinyformer.models.bert import BertForPretraining
from tinyformer.models.config import BertConfig
from tinyformer.models.distilbert import DistilBertConfig
from tinyformer.models.parts.bert_family import learner_for
from tinyformer.models.roberta import RobertaConfig
from tinyformer.ops import cross_entropy, log_softmax, masked_softmax, normalize
from tinyformer.train.checkpoints import load_model
from tinyformer.train.weights import WEIGHTS

TEACHING = dict(temperature=2.0, begin="teacher")              # where nobody says anything
GIVEN = ("family", "tokenizer", "objective", "heads", "width")                 # what a student has of its teacher


# ---- the losses ------------------------------------------------------------------------------------------------------


def soft_targets(logits: Tensor, taught: Tensor, temperature: float, count: int) -> Tensor:
    """T² times the sum over rows of KL(p || q), over `count`; logits (M, V) of the student, and of the teacher."""
    p = masked_softmax(taught * (1 / temperature))
    log_q = log_softmax(logits * (1 / temperature))
    entropy = (log_softmax(taught * (1 / temperature)).data * p.data).sum()    # of the teacher: no gradient is in it
    return ((log_q * p.data).sum() * -1 + entropy) * (temperature ** 2 / count)


def apart(hidden: Tensor, taught: Tensor, keep, count: int) -> Tensor:
    """The sum of 1 - cosine of two vectors over the real positions, over `count`; hidden (B, T, C), keep (B, T)."""
    real = to_device(keep, hidden.device)[..., None]
    alike = normalize(hidden) * (normalize(taught).data * real)
    return (alike.sum() * -1 + int(real.sum())) * (1 / count)


class Lesson:
    """The loss of a student, (model, batch, counts, rng) -> a number; its teacher is no part of the model."""

    def __init__(self, teacher: BertForPretraining, temperature: float, weights: tuple[float, ...]):
        self.teacher, self.temperature, self.weights = teacher, temperature, weights

    def __call__(self, model: BertForPretraining, batch: "TaughtBatch", counts: dict | None = None, rng=None) -> Tensor:
        counts = counts or batch.counts
        with no_grad():
            taught = self.teacher(batch.ids, None, batch.keep)
            said = self.teacher.word_logits(taught, batch.positions)
        hidden = model(batch.ids, None, batch.keep, rng)
        words = model.word_logits(hidden, batch.positions)
        soft, hard, near = self.weights
        return (soft_targets(words, said, self.temperature, counts["tokens"]) * soft
                + cross_entropy(words, target=batch.targets, count=counts["tokens"]) * hard
                + apart(hidden, taught, batch.keep, counts["real"]) * near)


@dataclass(frozen=True, eq=False)
class TaughtBatch(PretrainingBatch):
    """Rows that say how many of their positions are real, by which the cosines are divided."""

    @property
    def counts(self) -> dict[str, int]:
        """Masked tokens, and real positions."""
        return {**super().counts, "real": int(self.keep.sum())}


class TaughtBatches(MaskedBatches):
    """BERT's batches, for a student."""

    def batch(self, step: int) -> TaughtBatch:
        """The batch of this step, (batch_size, max_length)."""
        return TaughtBatch(**vars(super().batch(step)))


# ---- the student -----------------------------------------------------------------------------------------------------


def student_for(settings: Any, rng) -> BertForPretraining:
    """The student that the settings of a run describe, before it has learned anything from its teacher."""
    teacher = teacher_in(settings.teacher)
    room, layers = teacher.config.context, teacher.config.layers
    if settings.max_length > room or settings.layers > layers:
        raise InputError(f"--max-length is {settings.max_length} and --layers is {settings.layers}; the teacher has "
                         f"room for {room} tokens, and {layers} layers: lower them")
    student = student_of(teacher, settings.layers, settings.dropout, settings.init_std, rng)
    if settings.begin == "teacher":
        begin_as(teacher, student)
    return student


def lesson_for(settings: Any) -> Lesson:
    """What the settings of a run say of how a student is taught, with its teacher where the run computes."""
    teacher = teacher_in(settings.teacher)
    teacher.to(choose_device(settings.device)[0], settings.dtype)
    return Lesson(teacher, settings.temperature, settings.teaching)


def teacher_in(folder: str) -> BertForPretraining:
    """The teacher; InputError for a folder without the head that guesses hidden words, and for an ALBERT."""
    model, _ = load_model(folder)
    if not isinstance(model, BertForPretraining) or model.config.shared or model.config.factor:
        raise InputError(f"--teacher {folder}: holds a {type(model).__name__}; a teacher is a BERT, RoBERTa or "
                         "DistilBERT with the head that guesses hidden words, and no ALBERT, whose layers are one")
    return model


def settled(folder: str, asked: dict) -> dict[str, Any]:
    """The settings that a student has of its teacher, and half as many layers; InputError where others are asked."""
    config = teacher_in(folder).config
    family = "roberta" if isinstance(config, RobertaConfig) else "distilbert"
    given = dict(family=family, tokenizer=folder, objective="none", heads=config.heads, width=config.width)
    for name, value in given.items():
        if asked.get(name, value) != value:
            raise InputError(f"--{name} is {asked[name]}, and with --teacher {folder} it is {value}: a student has it "
                             "of its teacher; leave it out")
    return {**TEACHING, "layers": max(1, config.layers // 2), **given}


def student_of(teacher: BertForPretraining, layers: int, dropout: float, init_std: float, rng) -> BertForPretraining:
    """A student of as many layers, which knows nothing: its teacher's sizes, without pairs and segments."""
    c = teacher.config
    kind: type[BertConfig] = RobertaConfig if isinstance(c, RobertaConfig) else DistilBertConfig
    more = {"pad_id": c.pad_id} if isinstance(c, RobertaConfig) else {}
    same = ("vocabulary", "heads", "width", "inner", "context", "activation", "eps")
    sizes: dict[str, Any] = {name: getattr(c, name) for name in same}
    return learner_for(kind(layers=layers, dropout=dropout, init_std=init_std, **sizes, **more), rng)


def begin_as(teacher: BertForPretraining, student: BertForPretraining) -> None:
    """Give a student of half the layers the numbers of every second layer of its teacher; of others, evenly spread."""
    numbers, theirs = student.state(), teacher.state()
    many, few = teacher.config.layers, student.config.layers
    for name, own in numbers.items():
        source = re.sub(r"(?<=layers\.)\d+", lambda match: str(int(match[0]) * many // few), name)
        numbers[name] = theirs[source].astype(own.dtype)
    student.load(numbers)


def hash_of(folder: str) -> str:
    """That of the teacher's weights, so that a run is not resumed with another teacher unsaid."""
    files = sorted(Path(folder).glob("*" + Path(WEIGHTS).suffix))
    return hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)).hexdigest()

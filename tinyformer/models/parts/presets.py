"""Which sizes were published, and under which names?  Those of each paper, by the name of its configuration."""


def _bert(layers, width, heads=0, **more):
    return dict(vocabulary=30522, layers=layers, width=width, heads=heads or width // 64, **more)


def _albert(layers, width, heads, **more):
    return dict(vocabulary=30000, layers=layers, width=width, heads=heads, factor=128, shared=True,
                pair_objective="sop", activation="gelu_tanh", **more)


def _gpt2(layers, width, heads):
    return dict(vocabulary=50257, layers=layers, width=width, heads=heads, context=1024)


def _llama(layers, width, heads, key_heads, inner, vocabulary=32000, **more):
    return dict(vocabulary=vocabulary, layers=layers, width=width, heads=heads, key_heads=key_heads, inner=inner,
                **more)


def _t5(layers, width, heads, inner, **more):
    return dict(vocabulary=32128, layers=layers, width=width, heads=heads, head_size=64, inner=inner, **more)


def _bart(layers, width, heads):
    return dict(vocabulary=50265, layers=layers, width=width, heads=heads, context=1024)


BERT = {
    "tiny": _bert(2, 128), "mini": _bert(4, 256), "small": _bert(4, 512), "medium": _bert(8, 512),
    "base": _bert(12, 768), "large": _bert(24, 1024), "minilm": _bert(6, 384, 12),
    "albert-base": _albert(12, 768, 12), "albert-large": _albert(24, 1024, 16),
    "albert-xlarge": _albert(24, 2048, 16),
}
ROBERTA = {
    "roberta-base": dict(vocabulary=50265, layers=12, heads=12, width=768),
    "roberta-large": dict(vocabulary=50265, layers=24, heads=16, width=1024),
}
DISTILBERT = {"distilbert-base": dict(vocabulary=30522, layers=6, heads=12, width=768)}
GPT = {
    "tiny": _gpt2(2, 128, 2), "mini": _gpt2(4, 256, 4),
    "shakespeare-cpu": dict(vocabulary=65, layers=4, heads=4, width=128, context=64, dropout=0.0, bias=False,
                            activation="gelu"),
    "gpt1": dict(vocabulary=40478, layers=12, heads=12, width=768, context=512, norm="post"),
    "gpt2-small": _gpt2(12, 768, 12), "gpt2-medium": _gpt2(24, 1024, 16), "gpt2-large": _gpt2(36, 1280, 20),
    "gpt2-xl": _gpt2(48, 1600, 25),
}
LLAMA = {
    "tiny": _llama(2, 128, 4, 2, 344), "mini": _llama(4, 256, 8, 4, 688),
    "llama-2-7b": _llama(32, 4096, 32, 32, 11008, context=4096, eps=1e-5),
    "llama-3-8b": _llama(32, 4096, 32, 8, 14336, vocabulary=128256, context=8192, eps=1e-5, base=500_000.0),
    "qwen2-0.5b": _llama(24, 896, 14, 2, 4864, vocabulary=151936, context=131072, base=1_000_000.0, bias=True,
                         tied=True),
}
SEQ2SEQ = {
    "tiny": _bart(2, 128, 2), "mini": _bart(4, 256, 4),
    "bart-base": _bart(6, 768, 12), "bart-large": _bart(12, 1024, 16),
}
T5 = {
    "tiny": _t5(2, 128, 2, 512), "mini": _t5(4, 256, 4, 1024),
    "t5-small": _t5(6, 512, 8, 2048), "t5-base": _t5(12, 768, 12, 3072),
    "t5-v1.1-small": _t5(8, 512, 6, 1024, activation="gelu_tanh", tied=False),
    "t5-v1.1-base": _t5(12, 768, 12, 2048, activation="gelu_tanh", tied=False),
}
ELMO = {"elmo": dict(vocabulary=793_471, layers=2, width=1024, inner=4096)}
PRESETS = {"ELMoConfig": ELMO, "BertConfig": BERT, "RobertaConfig": ROBERTA, "DistilBertConfig": DISTILBERT,
           "GPTConfig": GPT, "LlamaConfig": LLAMA, "Seq2SeqConfig": SEQ2SEQ, "T5Config": T5}

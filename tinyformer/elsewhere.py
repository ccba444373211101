"""What is it called here, and what is left out on purpose?  For those who type what PyTorch or NumPy has."""

from importlib import import_module

_SHAPE = "a new tensor of its own: Tensor(np.{0}(...))"
_DTYPE = "x.to(dtype=np.{0}), a new leaf; no op changes the precision"
_WRITES = "nothing is written in place; make a new tensor: x = x + y"

TENSOR = {                                     # x.NAME, where x is a tensor -> what to write
    "add_": _WRITES, "sub_": _WRITES, "mul_": _WRITES, "div_": _WRITES, "copy_": _WRITES, "fill_": _WRITES,
    "zero_": "gradients are plain arrays: x.grad = None, or optimizer.zero_grad()",
    "argsort": "np.argsort(x.data)", "sort": "the order from np.argsort(x.data), then x[order]",
    "topk": "the places from np.argsort(x.data), then x[places]", "any": "(x > 0).any(), a plain array's",
    "all": "(x > 0).all(), a plain array's", "round": "np.round(x.data), which has no gradient",
    "floor": "np.floor(x.data), which has no gradient", "sign": "np.sign(x.data), which has no gradient",
    "astype": "x.to(dtype=...), a new leaf", "type": "x.to(dtype=...), a new leaf", "half": _DTYPE.format("float16"),
    "float": _DTYPE.format("float32"), "double": _DTYPE.format("float64"),
    "long": "whole numbers have no gradient and are plain arrays: x.data.astype(int)",
    "int": "whole numbers have no gradient and are plain arrays: x.data.astype(int)",
    "bool": "masks are plain arrays: x > 0", "cuda": 'x.to("cuda")', "cpu": 'x.to("cpu")',
    "clone": "x * 1 in the graph, or Tensor(x.data.copy()), a leaf", "copy": "Tensor(x.data.copy()), a leaf",
    "requires_grad_": "Tensor(data, requires_grad=True), which is the default",
    "is_leaf": "x.node is None", "grad_fn": "x.node", "register_hook": "x.retain_grad() and x.grad, after backward",
    "dim": "x.ndim", "numel": "x.size, a number as in NumPy", "t": "x.T", "mT": "x.swapaxes(-1, -2)",
    "expand": "x.broadcast_to(shape)", "tile": "x.broadcast_to(...).reshape(...)",
    "repeat": "x[index] with an index that names places several times, or x.broadcast_to(...).reshape(...); "
              "repeat means one thing in NumPy and another in PyTorch",
    "ravel": "x.flatten()", "expand_dims": "x.unsqueeze(axis)",
    "chunk": "x.split(size, axis), with the size of a piece",
    "gather": "x[index]", "take": "x[index]", "index_select": "x[index]", "diagonal": "x[np.arange(n), np.arange(n)]",
    "masked_fill": "ops.where(value, x, keep=mask)", "where": "ops.where(x, other, keep=mask)",
    "scatter_add": "x[index], of which that is the backward", "dot": "a @ b", "mm": "a @ b", "bmm": "a @ b",
    "clamp": "x.clip(min, max)", "matmul": "a @ b", "mul": "x * y", "add": "x + y", "sub": "x - y", "div": "x / y",
    "neg": "-x", "pow": "x ** exponent", "square": "x ** 2", "rsqrt": "x ** -0.5", "reciprocal": "1 / x",
    "logsumexp": "x - ops.log_softmax(x) is it at every place", "amax": "x.max(axis)", "amin": "x.min(axis)",
    "nbytes": "x.data.nbytes", "real": "x.data.real", "imag": "x.data.imag", "outer": "x.unsqueeze(1) * y",
    "sum_to_size": "nothing: the engine does it for every op", "eq": "x == y", "gt": "x > y", "lt": "x < y",
}
OPS = {                                        # ops.NAME -> what to write
    "absolute": "ops.abs", "cat": "ops.concatenate", "hstack": "ops.concatenate", "vstack": "ops.stack or concatenate",
    "linear": "ops.affine(x, weight, bias)", "mm": "ops.matmul", "bmm": "ops.matmul", "dot": "a @ b",
    "einsum": "@, transpose and sum", "outer": "a.unsqueeze(1) * b", "mul": "ops.multiply", "sub": "ops.subtract",
    "div": "ops.divide", "true_divide": "ops.divide", "neg": "ops.negate", "negative": "ops.negate",
    "square": "x ** 2", "rsqrt": "x ** -0.5", "float_power": "ops.pow", "amax": "ops.max", "amin": "ops.min",
    "clamp": "ops.clip", "mse_loss": "ops.mean_squared_error(x, target=...)",
    "nll_loss": "ops.cross_entropy(logits, target=...), which takes the scores themselves",
    "binary_cross_entropy": "ops.binary_cross_entropy_with_logits(x, target=...), which takes the scores themselves",
    "scaled_dot_product_attention": "ops.attention(query, key, value)", "expand_dims": "ops.unsqueeze",
    "permute": "ops.transpose(x, axes=...)", "view": "ops.reshape(x, shape=...)", "ravel": "ops.flatten",
    "gather": "x[index]", "take": "x[index]", "index_select": "x[index]",
    "masked_fill": "ops.where(value, x, keep=mask)", "repeat": "x[index], or ops.broadcast_to and ops.reshape",
    "tile": "ops.broadcast_to and ops.reshape",
    "argmax": "x.argmax(axis), a plain array", "argmin": "x.argmin(axis), a plain array",
    "sort": "the order from np.argsort(x.data), then x[order]", "topk": "np.argsort(x.data), then x[places]",
    "sign": "np.sign(x.data), which has no gradient", "round": "np.round(x.data), which has no gradient",
    "floor": "np.floor(x.data), which has no gradient", "one_hot": "np.eye(size)[ids], a plain array",
    "swish": "ops.silu", "softplus": "a primitive of your own; examples/README.md writes it",
    "logsumexp": "x - ops.log_softmax(x) is it at every place", "tan": "ops.sin(x) / ops.cos(x)",
    "multiply_": _WRITES, "broadcast": "ops.broadcast_to(x, shape=...)",
}
NN = {                                         # nn.NAME -> what to write
    "ReLU": "ops.relu, a function", "GELU": "ops.gelu, a function", "Tanh": "ops.tanh, a function",
    "Sigmoid": "ops.sigmoid, a function", "Softmax": "ops.softmax, a function",
    "Dropout": "ops.dropout(x, rate=..., rng=...), a function; rng=None drops nothing",
    "Sequential": "a Module with the layers in a list, and a loop over them in __call__",
    "ModuleList": "a list", "ModuleDict": "a dict", "Parameter": "tinyformer.Tensor; any tensor in an attribute is one",
    "functional": "tinyformer.ops", "CrossEntropyLoss": "ops.cross_entropy(logits, target=...), a function",
    "MSELoss": "ops.mean_squared_error(x, target=...), a function",
    "BCEWithLogitsLoss": "ops.binary_cross_entropy_with_logits(x, target=...), a function",
    "LSTM": "ops.lstm(x, weight, recurrent, bias), a function",
    "MultiheadAttention": "nn.SelfAttention or nn.CrossAttention", "init": "the generator that each layer is given",
    "TransformerEncoderLayer": "nn.PostNormBlock or nn.PreNormBlock", "utils": "tinyformer.train",
}
TRAIN = {                                      # tinyformer.train.NAME -> what to write
    "Adam": "AdamW(model, weight_decay=0.0)", "lr_scheduler": "tinyformer.train.schedules, a rate for each step",
    "DataLoader": "any iterable of batches", "clip_grad_norm_": "the setting clip of Settings",
}
MODULE = {                                     # model.NAME -> what to write
    "weight": "the gain of a LayerNorm",
    "forward": "__call__, which is all there is: model(x)", "state_dict": "model.state()",
    "load_state_dict": "model.load(arrays)", "zero_grad": "optimizer.zero_grad(), or p.grad = None for each",
    "eval": "nothing: there is no such mode; leave rng out, and no dropout is drawn",
    "train": "nothing: there is no such mode; dropout is drawn where a forward pass is given rng",
    "cuda": 'model.to("cuda")', "cpu": 'model.to("cpu")', "half": "model.to(dtype=np.float16)",
    "double": "model.to(dtype=np.float64)", "float": "model.to(dtype=np.float32)",
    "register_buffer": 'self.buffers = {"name": array}', "register_parameter": "self.name = Tensor(...)",
    "requires_grad_": "p.requires_grad = False for each p of model.parameters()",
    "apply": "a loop over model.parameters()", "generate": "tinyformer.generate.write_text(model, tokenizer, prompt)",
    "modules": "the attributes themselves", "children": "the attributes themselves",
    "named_modules": "model.named_parameters()", "num_parameters": "model.count()",
}
FRONT = {                                      # tinyformer.NAME -> what to write
    "tensor": "tinyformer.Tensor([...])", "array": "tinyformer.Tensor([...])", "as_tensor": "tinyformer.Tensor(array)",
    "from_numpy": "tinyformer.Tensor(array)", "zeros": _SHAPE.format("zeros"), "ones": _SHAPE.format("ones"),
    "arange": _SHAPE.format("arange"), "eye": _SHAPE.format("eye"), "randn": "Tensor(rng.normal(size=...))",
    "rand": "Tensor(rng.random(...))", "manual_seed": "np.random.default_rng(seed), given to whoever draws",
    "optim": "tinyformer.train, with AdamW, SGD and Muon", "autograd": "Tensor.backward, and tinyformer.gradcheck",
    "functional": "tinyformer.ops", "cat": "ops.concatenate", "float32": "np.float32", "float64": "np.float64",
    "int64": "np.int64", "bool": "np.bool_", "cuda": 'tensor.to("cuda")', "device": 'the names "cpu" and "cuda"',
    "utils": "tinyformer.data", "grad": "Tensor.backward", "set_grad_enabled": "tinyformer.no_grad",
    "inference_mode": "tinyformer.no_grad", "compile": "nothing: what is written is what runs",
    "gradcheck": "tinyformer.gradcheck.check(f, *inputs)", "train": "tinyformer.train.train(...)",
    "generate": "tinyformer.generate.write_text(model, tokenizer, prompt)",
}
TOKENIZER = {                                  # tokenizer.NAME -> what to write
    "encode_plus": "tokenizer.encode(text), the ids alone", "batch_encode_plus": "tokenizer(texts), the ids alone",
    "batch_decode": "tokenizer.decode(ids) for each", "convert_tokens_to_ids": "tokenizer.vocab[token]",
    "convert_ids_to_tokens": "tokenizer.token(id)", "get_vocab": "tokenizer.vocab",
    "pad_token_id": "tokenizer.pad_id", "eos_token_id": "tokenizer.eos_id", "unk_token_id": "tokenizer.unk_id",
    "cls_token_id": "tokenizer.cls_id", "sep_token_id": "tokenizer.sep_id", "mask_token_id": "tokenizer.mask_id",
    "save_pretrained": "tokenizer.save(folder)", "from_pretrained": "tinyformer.text.load_tokenizer(folder)",
    "add_tokens": "the `added` of its making", "pad": "tinyformer.data, whose batches pad",
}
PLACES = {"Tensor": TENSOR, "tinyformer.ops": OPS, "tinyformer.nn": NN, "Module": MODULE, "tinyformer": FRONT,
          "Tokenizer": TOKENIZER, "tinyformer.train": TRAIN}


def advice(place: str, name: str) -> str:
    """What to write for a name that `place` lacks, as the end of an error message; empty where nobody knows."""
    found = PLACES.get(place, {}).get(name) or (_room_of(name) if place == "tinyformer" else "")
    return f"; here: {found}" if found else ""


def _room_of(name: str) -> str:
    """Where in the package a name stands that was looked for at its front: tinyformer.relu is in ops."""
    rooms = map(import_module, (f"tinyformer.{room}" for room in ("ops", "nn", "models", "train", "generate", "text")))
    return next((f"{room.__name__}.{name}" for room in rooms if name in room.__all__), "")

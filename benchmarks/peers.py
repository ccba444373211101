"""The same models written in PyTorch, as plainly as its users write them: what tinyformer is measured against."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    """One layer; pre-norm (GPT-2) or post-norm (BERT), with PyTorch's fused attention."""

    def __init__(self, width, heads, inner, *, pre, causal, bias, rate, eps, approximate):
        super().__init__()
        self.heads, self.pre, self.causal, self.rate, self.approximate = heads, pre, causal, rate, approximate
        self.project = nn.Linear(width, 3 * width, bias=bias)
        self.out = nn.Linear(width, width, bias=bias)
        self.widen = nn.Linear(width, inner, bias=bias)
        self.narrow = nn.Linear(inner, width, bias=bias)
        self.norms = nn.ModuleList(nn.LayerNorm(width, eps, bias=bias) for _ in range(2))

    def split(self, x):
        batch, length, width = x.shape
        return self.project(x).view(batch, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)

    def attend(self, x, keep=None):
        rate = self.rate if self.training else 0.0
        mixed = F.scaled_dot_product_attention(*self.split(x), attn_mask=keep, is_causal=self.causal, dropout_p=rate)
        return self.out(mixed.transpose(1, 2).reshape(x.shape))

    def feed(self, x):
        return self.narrow(F.gelu(self.widen(x), approximate=self.approximate))

    def drop(self, x):
        return F.dropout(x, self.rate, self.training)

    def forward(self, x, keep=None):
        if self.pre:
            x = x + self.drop(self.attend(self.norms[0](x), keep))
            return x + self.drop(self.feed(self.norms[1](x)))
        x = self.norms[0](x + self.drop(self.attend(x, keep)))
        return self.norms[1](x + self.drop(self.feed(x)))

    def read_on(self, x, past):
        """Pre-norm, after the keys and values in `past` (None: there are none); gives back those of all."""
        query, key, value = self.split(self.norms[0](x))
        if past is not None:
            key, value = torch.cat([past[0], key], 2), torch.cat([past[1], value], 2)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=past is None)
        x = x + self.out(mixed.transpose(1, 2).reshape(x.shape))
        return x + self.feed(self.norms[1](x)), (key, value)


class GPT(nn.Module):
    """GPT-2's form with tied words, for a tinyformer GPTConfig `c`."""

    def __init__(self, c):
        super().__init__()
        self.words, self.positions = nn.Embedding(c.vocabulary, c.width), nn.Embedding(c.context, c.width)
        self.blocks = nn.ModuleList(Block(c.width, c.heads, c.inner, pre=True, causal=True, bias=c.bias, rate=c.dropout,
                                          eps=c.eps, approximate=c.approximate) for _ in range(c.layers))
        self.norm = nn.LayerNorm(c.width, c.eps, bias=c.bias)
        self.rate = c.dropout
        for name, p in self.named_parameters():
            if p.dim() > 1:
                small = name.endswith(("out.weight", "narrow.weight"))
                nn.init.normal_(p, std=0.02 / math.sqrt(2 * c.layers) if small else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(p)

    def logits(self, ids):
        x = self.words(ids) + self.positions.weight[: ids.shape[1]]
        x = F.dropout(x, self.rate, self.training)
        for block in self.blocks:
            x = block(x)
        return self.norm(x) @ self.words.weight.T

    def loss(self, ids, targets):
        logits = self.logits(ids)
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.reshape(-1))

    def read_on(self, ids, past):
        """The logits after the last of ids (B, T), which follow what `past` holds for each block, and the new past."""
        start = 0 if past[0] is None else past[0][0].shape[2]
        x = self.words(ids) + self.positions.weight[start:start + ids.shape[1]]
        later = []
        for block, before in zip(self.blocks, past, strict=True):
            x, after = block.read_on(x, before)
            later.append(after)
        return F.linear(self.norm(x[:, -1]), self.words.weight), later


class Bert(nn.Module):
    """BERT with its two pre-training heads, for a tinyformer BertConfig `c`; only masked places are scored."""

    def __init__(self, c, std=0.02):
        super().__init__()
        self.words, self.positions = nn.Embedding(c.vocabulary, c.width), nn.Embedding(c.context, c.width)
        self.segments = nn.Embedding(2, c.width)
        self.norm = nn.LayerNorm(c.width, c.eps)
        self.blocks = nn.ModuleList(Block(c.width, c.heads, c.inner, pre=False, causal=False, bias=True, rate=c.dropout,
                                          eps=c.eps, approximate="none") for _ in range(c.layers))
        self.pooler, self.pair = nn.Linear(c.width, c.width), nn.Linear(c.width, 2)
        self.transform, self.transform_norm = nn.Linear(c.width, c.width), nn.LayerNorm(c.width, c.eps)
        self.word_bias = nn.Parameter(torch.zeros(c.vocabulary))
        self.rate = c.dropout
        for name, p in self.named_parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=std)
            elif name.endswith("bias"):
                nn.init.zeros_(p)

    def logits(self, ids, segments, positions, keep=None):
        """Of the words at the masked places, and of the pairs; keep (B, 1, 1, T) is False at padding."""
        x = self.words(ids) + self.positions.weight[: ids.shape[1]] + self.segments(segments)
        x = F.dropout(self.norm(x), self.rate, self.training)
        for block in self.blocks:
            x = block(x, keep)
        rows = x.view(-1, x.shape[-1])[positions]
        rows = self.transform_norm(F.gelu(self.transform(rows)))
        return rows @ self.words.weight.T + self.word_bias, self.pair(torch.tanh(self.pooler(x[:, 0])))

    def loss(self, ids, segments, positions, targets, pairs):
        words, pair = self.logits(ids, segments, positions)
        return F.cross_entropy(words, targets) + F.cross_entropy(pair, pairs)


OURS = (("layers.", "blocks."), ("attend_norm", "norms.0"), ("feed_norm", "norms.1"), ("gain", "weight"),
        ("attend.", ""), ("feed.", ""), ("bert.", ""))         # our names -> those here


def take_weights(model, arrays):
    """Copy the weights of a tinyformer model into its peer here, which must have all of them and no others."""
    theirs = dict(model.named_parameters())
    for name, array in arrays.items():
        for ours, here in OURS:
            name = name.replace(ours, here)
        theirs.pop(name).data[...] = torch.from_numpy(array)
    if theirs:
        raise ValueError(f"without weights: {', '.join(theirs)}")


def optimizer(model, learning_rate, betas=(0.9, 0.999), weight_decay=0.01, fused=False):
    """AdamW with decay on the tensors of two axes only."""
    groups = [{"params": [p for p in model.parameters() if p.dim() > 1], "weight_decay": weight_decay},
              {"params": [p for p in model.parameters() if p.dim() < 2], "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=learning_rate, betas=betas, fused=fused)


class Muon:
    """PyTorch's Muon on the matrices of the blocks, query, key and value apart, and its AdamW on everything else."""

    def __init__(self, model, learning_rate, matrix_rate, betas=(0.9, 0.999), weight_decay=0.01):
        self.parts = []                       # (parameter, which of its rows, those as a parameter of their own)
        for block in model.blocks:
            for layer, maps in ((block.project, 3), (block.out, 1), (block.widen, 1), (block.narrow, 1)):
                rows = layer.weight.shape[0] // maps
                for part in (slice(rows * number, rows * number + rows) for number in range(maps)):
                    self.parts.append((layer.weight, part, nn.Parameter(layer.weight.data[part])))
        held = {id(weight) for weight, _, _ in self.parts}
        rest = nn.ParameterList(p for p in model.parameters() if id(p) not in held)
        self.matrices = torch.optim.Muon([view for _, _, view in self.parts], lr=matrix_rate, weight_decay=weight_decay)
        self.others = optimizer(rest, learning_rate, betas, weight_decay)
        self.param_groups, self.model = [*self.others.param_groups, *self.matrices.param_groups], model

    def step(self):
        for weight, part, view in self.parts:
            view.grad = weight.grad[part]
        self.matrices.step()
        self.others.step()

    def zero_grad(self):
        self.model.zero_grad()

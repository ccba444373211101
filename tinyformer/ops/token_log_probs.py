"""How probable was each token that stands there?  One number for each, to be weighted, compared or added up.

`cross_entropy` answers for a whole batch at once.  Where every token has a weight of its own (an advantage, a teacher's
share, a preference between two answers) the numbers are wanted one by one:

    loss = -(token_log_probs(logits, ids=ids) * weights).sum()
"""

import math

import numpy as np

from tinyformer.backend import to_host
from tinyformer.engine import Call, Special, primitive
from tinyformer.ops.linear import check_ids


@primitive(reuses=True, keeps="odds (M, V), total (M, 1), here (M) int, tokens (M) int, counted (M) int")
def token_log_probs(xp, logits, *, ids, ignore_index: int = -100):
    """log p(id) with p = softmax(logits): logits (..., V), whole numbers ids (...) -> (...), in nats.

    out = logits[id] - log sum_v exp(logits[v]).  Raising the id's own score raises it by one, and raising any score
    lowers it by the share that this score has: dlogits = dout * (onehot(id) - p).  Where the id is `ignore_index` the
    output is 0 and so is the gradient.  Kept are the odds exp(x) of the rows that count, which p is after one division;
    the logits alone would do, at the price of taking the exponentials twice.
    """
    if not logits.shape or not logits.shape[-1]:
        raise ValueError(f"token_log_probs: logits are {logits.shape}; they need a last axis with at least one token")
    shape, size = logits.shape, logits.shape[-1]
    ids = check_ids("token_log_probs", ids, size, ignore=ignore_index)
    if ids.shape != logits.shape[:-1]:
        raise ValueError(f"token_log_probs: logits are {logits.shape}, ids are {ids.shape}; ids must be "
                         f"{logits.shape[:-1]}, one for each row of logits")
    flat = to_host(ids).ravel()                                # (N,)
    counted = np.flatnonzero(flat != ignore_index)             # (M,) rows that count
    tokens, here, counted = xp.asarray(flat[counted]), xp.arange(len(counted)), xp.asarray(counted)

    rows = logits.reshape(-1, size)[counted]                   # (M, V)
    rows -= rows.real.max(-1, keepdims=True)
    chosen = rows[here, tokens]                                # (M,)
    odds = xp.exp(rows, out=rows)
    total = odds @ xp.ones((size, 1), odds.dtype)              # (M, 1)
    out = xp.zeros(ids.size, logits.dtype)
    out[counted] = chosen - xp.log(total[:, 0])

    def backward(dout, last=False):
        each = dout.reshape(-1)[counted][:, None]              # (M, 1)
        drows = xp.multiply(odds, -each / total, out=odds) if last else odds * (-each / total)
        drows[here, tokens] += each[:, 0]
        dlogits = xp.zeros((math.prod(shape[:-1]), size), drows.dtype)
        dlogits[counted] = drows
        return dlogits.reshape(shape)

    return out.reshape(ids.shape), backward


@token_log_probs.case
def _(rng):
    """positions in two axes"""
    return Call(rng.normal(size=(2, 3, 5)) * 2, ids=rng.integers(0, 5, size=(2, 3)))


@token_log_probs.case
def _(rng):
    """some positions are ignored, and a row asks for what another one asks for"""
    return Call(rng.normal(size=(5, 4)), ids=np.array([3, -100, 0, -100, 3]))


@token_log_probs.case
def _(rng):
    """one row, without any axis for positions, where id 0 is no token"""
    return Call(rng.normal(size=3), ids=np.array(2), ignore_index=0)


@token_log_probs.special
def _(rng):
    """ignored positions give 0 and a zero gradient, whatever stands there"""
    logits = np.array([[np.nan, np.inf, -np.inf], [0.0, 0.0, -np.inf]])
    return Special(logits, ids=np.array([-100, 1])).expect(out=[0.0, -np.log(2)],
                                                           grads=([[0.0, 0.0, 0.0], [-0.5, 0.5, 0.0]],))


@token_log_probs.special
def _(rng):
    """huge scores: sure and right costs nothing, and wrong costs what the scores differ by"""
    logits = np.array([[1e30, -1e30, -np.inf], [1000.0, 0.0, -np.inf]])
    return Special(logits, ids=np.array([0, 1])).expect(out=[0.0, -1000.0],
                                                        grads=([[0.0, 0.0, 0.0], [-1.0, 1.0, 0.0]],))

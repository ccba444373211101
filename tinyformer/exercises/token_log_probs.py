"""What if every row has an incoming gradient of its own?

    out = log p(id), p = softmax(logits): logits (..., V), whole numbers ids (...), out (...), in nats

Where the id is ignore_index, out is 0 and so is the gradient. It is the choice of cross_entropy without the mean, and
without the minus.
A check on paper: the gradients of a row sum to 0, and a row that is sure and right hardly moves.
"""

import numpy as np

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.token_log_probs, __doc__, hints=(
    "out = x[id] - log sum_v exp(x_v) for each row. Which scores of the row move it, and by how much?",
    "Raising the id's own score raises out by one; raising any score, the id's too, lowers it by that score's share "
    "p.",
    "drows = dout[:, None] * (onehot - p) for the rows that count, with dout reshaped to (N,) and taken at counted; "
    "put them into zeros."))


@EXERCISE.given
def token_log_probs(xp, logits, *, ids, ignore_index=-100):
    size = logits.shape[-1]
    flat = ids.reshape(-1)
    counted = flat != ignore_index                             # (N,), of which M are True
    rows = logits.reshape(-1, size)[counted]                   # (M, V)
    rows = rows - rows.real.max(-1, keepdims=True)
    onehot = flat[counted][:, None] == xp.arange(size)
    odds = xp.exp(rows)
    total = odds.sum(-1, keepdims=True)
    p = odds / total
    out = xp.zeros(len(flat), logits.dtype)
    out[counted] = xp.where(onehot, rows, 0).sum(-1) - xp.log(total[:, 0])

    def backward(dout):
        dlogits = xp.zeros((len(flat), size), dout.dtype)
        dlogits[counted] = dout.reshape(-1)[counted][:, None] * (onehot - p)
        return dlogits.reshape(logits.shape)

    return out.reshape(ids.shape), backward


@EXERCISE.mistake
def token_log_probs_of_the_chosen_alone(xp, logits, *, ids, ignore_index=-100):
    """the id's own score gets dout (1 - p), and the others, which all take part in the sum, get nothing"""
    out, right = ops.token_log_probs.raw(xp, logits, ids=ids, ignore_index=ignore_index)
    chosen = np.asarray(ids)[..., None] == np.arange(logits.shape[-1])
    return out, lambda dout: xp.where(chosen, right(dout), 0)


@EXERCISE.mistake
def token_log_probs_with_one_incoming_number(xp, logits, *, ids, ignore_index=-100):
    """backward spreads the mean of dout over all rows, as if the result were one loss"""
    out, right = ops.token_log_probs.raw(xp, logits, ids=ids, ignore_index=ignore_index)
    return out, lambda dout: right(xp.full(dout.shape, dout.mean(), dout.dtype))


@EXERCISE.mistake
def token_log_probs_with_the_sign_of_a_loss(xp, logits, *, ids, ignore_index=-100):
    """p - onehot, the gradient of a loss; this is a probability, and grows with its own score"""
    out, right = ops.token_log_probs.raw(xp, logits, ids=ids, ignore_index=ignore_index)
    return out, lambda dout: -right(dout)

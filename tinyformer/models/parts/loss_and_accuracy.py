"""How good is a prediction?  Loss and accuracy as sums and counts, which add up over batches of any size."""

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.masking import IGNORED
from tinyformer.engine import Tensor
from tinyformer.ops import cross_entropy


def measured(name: str, logits: Tensor, target) -> dict[str, tuple[float, int]]:
    """Loss in nats and accuracy of logits (..., V) over the targets that count (not -100), each as (sum, count)."""
    target = np.asarray(target)
    count = int((target != IGNORED).sum())
    loss = cross_entropy(logits, target=target, count=1).item()
    right = int((to_host(logits.data.argmax(-1)) == target).sum())
    return {f"{name} loss": (loss, count), f"{name} accuracy": (right, count)}

"""What does True mean in a mask?  "May be seen", always, and the mask is always called keep."""

from typing import Any

from tinyformer import backend
from tinyformer.engine import Tensor


def padding_mask(keep, like: Tensor) -> Any:
    """Turn the real positions of a batch, keep (B, T), into what attention broadcasts over, (B, 1, 1, T).

    None where every position is real, since then there is nothing to hide; else on the device of `like`.
    """
    if keep is None or backend.to_host(keep).all():
        return None
    return backend.to_device(keep[:, None, None, :], like.device)

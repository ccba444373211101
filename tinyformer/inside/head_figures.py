"""What does each attention head do, in a few numbers?  How sharply it looks, how far, and at which places."""

import numpy as np


def head_figures(weights: np.ndarray, alike: bool = True) -> dict[str, np.ndarray]:
    """Figures of weights (H, T, S), (H,) each: means over the positions that look anywhere.

    `focus` is the largest weight of a position, `first` its weight on position 0.  Where a sequence looks at itself
    (`alike`), `itself` and `before` are the weights on the same position and on the one before, and `distance` is how
    far it looks, in tokens, weighted.
    """
    looking = weights.sum(-1) > 0.5                            # (H, T): a row adds up to 1, or everything was hidden
    count = np.maximum(looking.sum(-1), 1)

    def mean(figure: np.ndarray) -> np.ndarray:                # (H, T) -> (H,)
        return (figure * looking).sum(-1) / count

    found = {"focus": mean(weights.max(-1)), "first": mean(weights[:, :, 0])}
    if alike:
        asking, asked = np.arange(weights.shape[1]), np.arange(weights.shape[2])
        away = abs(asking[:, None] - asked)                    # (T, S)
        found |= {"itself": mean((weights * (away == 0)).sum(-1)),
                  "before": mean((weights * (asking[:, None] - asked == 1)).sum(-1)),
                  "distance": mean((weights * away).sum(-1))}
    return found

"""How does a model see from the start how far apart two positions are?  Its vectors of positions begin as waves.

Vectors drawn at random say which position is which, and not which are neighbours: that has to be learned, for each pair
of positions by itself, before a head can look one place to the left.  In waves of many lengths the product of two
positions depends on their distance alone, so that what is found at one place holds at all.  From there on they are
learned like any others, and the finished model has the same parts as any other.  (Vaswani et al. 2017, section 3.5,
with fixed waves.)
"""

import numpy as np


def sinusoids(length: int, width: int, longest: float = 100.0) -> np.ndarray:
    """Waves (T, C): sin(t w_c) in the first half of the columns and cos(t w_c) in the second, w_c = longest^(-2c / C).

    The shortest wave is 2 pi positions long, the longest nearly 2 pi `longest`.  The product of two rows is the sum
    over c of cos((t - s) w_c); every row has the squared length C / 2.  An odd C lacks the last cosine.  (The paper
    takes sines and cosines in turn, and 10,000.)
    """
    angles = np.arange(length)[:, None] * longest ** (-np.arange(0, width, 2) / width)         # (T, C / 2)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)[:, :width]

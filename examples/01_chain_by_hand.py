"""What does the chain rule compute?  One number goes through four functions, and comes back as a gradient.

loss = (tanh(w x + b) - t)², and every name in it stands for a single number.
"""

import math

from tinyformer import Tensor, ops

x, t = 0.5, 0.8                  # what goes in, and what should come out
w, b = 1.2, -0.3                 # what may be changed so that it does

# Forwards, one small step a line, each with a name of its own.
s = w * x + b
y = math.tanh(s)
e = y - t
loss = e * e

# Backwards: read the lines above from the last to the first.  "de" is short for d loss / d e.
de = 2 * e                       # loss = e e
dy = de                          # e = y - t moves as y does
ds = dy * (1 - y * y)            # tanh has slope 1 - tanh²
dw = ds * x                      # s = w x + b moves x times as much as w
db = ds                          # ... and just as much as b

# The engine does the same: it remembers each step, and runs their backwards from the last to the first.
W, B = Tensor(w), Tensor(b)
L = (ops.tanh(W * x + B) - t) ** 2
L.backward()

print(f"loss      by hand {loss:.12f}   by the engine {L.item():.12f}")
print(f"d loss/dw by hand {dw:.12f}   by the engine {W.grad:.12f}")
print(f"d loss/db by hand {db:.12f}   by the engine {B.grad:.12f}")
assert abs(dw - W.grad) < 1e-15 and abs(db - B.grad) < 1e-15

"""Why does backward need an order?  Because a result that is used twice must wait for both gradients.

The smallest counterexample: b = 2a; c = b * b.  So c = 4a², and dc/da = 8a, which is 24 at a = 3.
"""

from tinyformer import Tensor


class Number:
    """A value, and what it came from: pairs of (input, slope with respect to that input)."""

    def __init__(self, value, *inputs):
        self.value, self.inputs, self.grad = value, inputs, 0.0


def walk(number, gradient):
    """The natural first try: take the gradient that arrives, and send what has gathered on at once."""
    number.grad += gradient
    for source, slope in number.inputs:
        walk(source, number.grad * slope)


a = Number(3.0)
b = Number(2 * a.value, (a, 2.0))
c = Number(b.value * b.value, (b, b.value), (b, b.value))
walk(c, 1.0)

# b is reached twice, once for each factor of b * b.  The second time it sends on what it sent the first time again.
# (To send on the new part alone would be right, but every such diamond doubles the visits: 2^n for n of them.)

A = Tensor(3.0)
B = 2 * A
C = B * B
C.backward()                     # the engine visits b once, after everything that used it: latest first

print(f"dc/da at a = 3: naive walk {a.grad}, engine {A.grad}, truth {8 * 3.0}")
assert A.grad == 24 and a.grad == 36

"""How small should the step of a numerical derivative be?  Neither large nor small, and even the best is not good.

(f(x + h) - f(x - h)) / 2h is wrong by about h², because f bends, and by about 1e-16 / h, because the two values agree
in ever more digits, which cancel.  Between the two lies a valley.  The imaginary part of f(x + ih) / h has no
difference in it, so nothing cancels: its error falls to the last digit and stays there.
"""

import numpy as np

from tinyformer import Tensor, ops


def f(x):
    return ops.gelu(np.array([x])).item()


x = Tensor([0.7])
ops.gelu(x).backward()
exact, x = x.grad.item(), x.item()

best = 1.0
print(" step  error of the difference                         error of the complex step")
for h in 10.0 ** -np.arange(1, 16):
    difference = abs((f(x + h) - f(x - h)) / (2 * h) - exact)
    complex_step = abs(f(x + 1j * h).imag / h - exact)
    best = min(best, difference)
    bar = "#" * round(3 * np.log10(max(difference, 1e-12) / 1e-12))
    print(f"{h:.0e}  {difference:.0e}  {bar:36s}     {complex_step:.0e}")

tiny = abs(f(x + 1e-30j).imag / 1e-30 - exact)
print(f"best difference: {best:.0e}; complex step with h = 1e-30: {tiny:.0e}")
assert 1e-13 < best < 1e-9 and tiny < 1e-15

"""What does an engine take for one operation on one number, forward and backward, when the arithmetic is nothing?

    python -m benchmarks.overhead [--length 1000] [--rounds 7] [--json FILE] [--figure FILE]

A chain of additions and one of multiplications, in microseconds of the processor for each operation; the gradients
must be those that are known, 1 and the product of the factors.  Beside tinyformer: PyTorch, HIPS autograd, MyGrad
(those that are installed) and `Value`, the loop on Python's numbers that micrograd is, without NumPy, dtypes, shapes
or any checks.
"""

import importlib.util
import math
import time

from benchmarks.side_by_side import (
    calm,
    cell,
    conditions,
    in_turns,
    keep,
    middle,
    options,
    say,
    serve,
    start,
    table,
    torch_with_threads,
)

FACTOR = 1.0001
ENGINES = {"tinyformer": "tinyformer", "torch": "torch", "HIPS autograd": "autograd", "MyGrad": "mygrad",
           "micrograd's loop": "math"}        # name -> the module that it needs


class Value:
    """A number that remembers how it came about (after micrograd, Karpathy 2020)."""

    def __init__(self, data, parents=(), backward=None):
        self.data, self.parents, self.backward, self.grad = data, parents, backward, 0.0

    def __add__(self, other):
        def backward(grad):
            self.grad += grad
        return Value(self.data + other, (self,), backward)

    def __mul__(self, other):
        def backward(grad):
            self.grad += grad * other
        return Value(self.data * other, (self,), backward)

    def run_backwards(self):
        order, seen, waiting = [], set(), [(self, False)]
        while waiting:
            value, done = waiting.pop()
            if done:
                order.append(value)
            elif value not in seen:
                seen.add(value)
                waiting.append((value, True))
                waiting += [(parent, False) for parent in value.parents]
        self.grad = 1.0
        for value in reversed(order):
            if value.backward:
                value.backward(value.grad)


def chain(x, length, multiply, by):
    for _ in range(length):
        x = x * by if multiply else x + by
    return x


def gradient_by(engine):
    """A function of (length, multiply) that builds the chain, runs it backwards and returns the gradient."""
    import numpy as np

    by = np.asarray(FACTOR)                   # an array, so that all engines add and multiply the same things
    if engine == "tinyformer":
        from tinyformer import Tensor

        def gradient(length, multiply):
            x = Tensor(1.0)
            chain(x, length, multiply, by).backward()
            return float(x.grad)
    elif engine == "torch":
        torch = torch_with_threads()
        factor = torch.tensor(FACTOR, dtype=torch.float64)

        def gradient(length, multiply):
            x = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
            chain(x, length, multiply, factor).backward()
            return x.grad.item()
    elif engine == "HIPS autograd":
        from autograd import grad

        def gradient(length, multiply):
            return float(grad(lambda x: chain(x, length, multiply, by))(1.0))
    elif engine == "MyGrad":
        import mygrad

        def gradient(length, multiply):
            x = mygrad.tensor(1.0)
            chain(x, length, multiply, by).backward()
            return float(x.grad)
    else:
        def gradient(length, multiply):
            x = Value(1.0)
            chain(x, length, multiply, FACTOR).run_backwards()
            return x.grad
    return gradient


def child(engine):
    gradient = gradient_by(engine)

    def measure(length):
        found = {}
        for name, multiply in (("add", False), ("multiply", True)):
            times = []
            for _ in range(10):
                began = time.process_time()
                value = gradient(length, multiply)
                times.append(1e6 * (time.process_time() - began) / length)
            if not math.isclose(value, FACTOR ** length if multiply else 1.0, rel_tol=1e-9):
                raise SystemExit(f"{engine}: the gradient of the chain of {name} is {value}")
            found[name] = sorted(times)[len(times) // 2]
        return found

    serve(measure)


def main():
    chosen = options(__doc__, length=1000, rounds=7).parse_args()
    if chosen.serve:
        return child(*chosen.serve)
    facts = conditions(length=chosen.length, rounds=chosen.rounds)
    say(facts)
    children = {engine: start("overhead", engine) for engine, module in ENGINES.items()
                if importlib.util.find_spec(module)}
    rounds = in_turns(children, chosen.length, chosen.rounds)
    table(["engine", "addition, µs", "multiplication, µs"],
          [[engine, cell(lines, "add", 2), cell(lines, "multiply", 2)] for engine, lines in rounds.items()])
    print(f"\nquiet rounds: {calm(rounds)}")
    bars = {name: {engine: middle(lines, name) for engine, lines in rounds.items()} for name in ("add", "multiply")}
    keep(chosen, facts, rounds, bars, "microseconds an operation")


if __name__ == "__main__":
    main()

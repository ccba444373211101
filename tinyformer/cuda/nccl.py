"""Can several GPUs add up their gradients?  By NCCL, a library of NVIDIA's that CuPy opens where it is installed."""

import warnings
from importlib import import_module
from typing import Any


def nccl_of(xp) -> Any:
    """NCCL as this array library has it; None where it is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")                        # CuPy's own remedy is a longer text
        found = getattr(xp.cuda, "nccl", None) or import_module(f"{xp.__name__}.cuda.nccl")
    return found if found.available else None


def cards(xp) -> int:
    """How many GPUs this process may use."""
    return xp.cuda.runtime.getDeviceCount()


def why_not(xp, count: int) -> str:
    """Why so many processes of this machine cannot share a step, each on a GPU of its own; empty where they can."""
    there = cards(xp)
    if there < count:
        return f"each takes a GPU of its own, and of these there {'is' if there == 1 else 'are'} {there} here"
    return "" if nccl_of(xp) else f"GPUs share a step by NCCL, which is {said(xp)}"


def said(xp) -> str:
    """The version of NCCL, or where it is to be had."""
    if (nccl := nccl_of(xp)) is None:
        toolkit = xp.cuda.runtime.runtimeGetVersion() // 1000
        return f"not installed; pip install nvidia-nccl-cu{toolkit}"
    number = nccl.get_version()
    return f"{number // 10000}.{number // 100 % 100}.{number % 100}"

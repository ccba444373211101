"""What was wrong with the call of an op, and how is it written?  The messages of those errors, which name the op."""

SAME = {"dim": "axis", "dims": "axes", "keepdim": "keepdims", "unbiased": "ddof", "correction": "ddof", "p": "rate",
        "start_dim": "start", "end_dim": "end", "split_size_or_sections": "size", "split_size": "size",
        "indices_or_sections": "size", "mask": "keep", "condition": "keep", "attn_mask": "keep", "is_causal": "causal",
        "training": "rng", "size": "shape", "labels": "target", "indices": "ids", "a_min": "min", "a_max": "max",
        "axis1": "first", "axis2": "second", "dim0": "first", "dim1": "second"}
# keyword in PyTorch or NumPy -> the one here


def keywords(op: str, given: dict, known: list[str]) -> str | None:
    """What is wrong with the keywords of a call: the first that is not known, the name it has here, and what there is.

    None where all are known.
    """
    for name in given:
        if name not in known:
            here = f"{name} is called {SAME[name]} here" if SAME.get(name) in known else f"there is no {name}"
            return f"{op}: {here}; its keywords are: {_listed(known) or 'none'}"
    return None


def count(op: str, got: int, least: int, most: int, constants: list[str]) -> str:
    """Too many or too few arrays."""
    wanted = f"{least}" if least == most else f"{least} to {most}"
    message = f"{op}: {got} positional arguments, {wanted} wanted, each a tensor or array"
    return message + (f"; constants go by keyword: {_listed(constants)}" if got > most and constants else "")


def whole_numbers(op: str, dtype, constants: list[str]) -> str:
    """Ids or a mask where a gradient is wanted."""
    where = f"constants go by keyword ({', '.join(constants)})" if constants else "convert it with .astype(...)"
    return (f"{op}: a positional input has dtype {dtype}, which has no gradient; differentiable inputs are floats, "
            f"{where}")


def shapes(op: str, names: list[str], arrays: list, error: ValueError) -> str:
    """An error of the array library, with what it does not know: the op and its inputs."""
    seen = ", ".join(f"{name} is {a.shape}" for name, a in zip(names, arrays, strict=False))
    rule = "; sides must be equal or 1, counted from the right" if "broadcast" in str(error) else f"; {error}"
    return f"{op}: {seen}{rule}"


def _listed(names: list[str]) -> str:
    return ", ".join(f"{name}=..." for name in names)

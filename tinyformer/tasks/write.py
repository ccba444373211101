"""How does a GPT go on with a text?  The command around `tinyformer.generate`, which shows each piece at once."""

from tinyformer.errors import InputError
from tinyformer.generate import Sampling, write_text
from tinyformer.models import GPT
from tinyformer.tasks.folders import open_model


def run(folder: str, prompt: str, length: int, temperature: float, top_k: int, top_p: float, seed: int,
        device: str) -> int:
    """Print the prompt, and behind it what the model in `folder` makes of it."""
    if length < 1:
        raise InputError(f"--length is {length}; it is the number of tokens to write, 1 or more")
    if seed < 0:
        raise InputError(f"--seed is {seed}; it must be 0 or larger")
    if temperature == 0 and (top_k or top_p < 1):
        temperature = 1.0                                      # whoever names tokens to draw among wants to draw
    sampling = Sampling(temperature, top_k, top_p)
    model, tokenizer = open_model(folder, GPT, device)
    pieces = write_text(model, tokenizer, prompt, length, sampling, seed)
    first = next(pieces)                                       # an error of the prompt comes before any text
    print(prompt + first, end="", flush=True)
    for piece in pieces:
        print(piece, end="", flush=True)
    print()
    return 0

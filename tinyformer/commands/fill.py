"""What stood at the blank?  A BERT's guesses for every [MASK], in texts that are typed or piped in."""

from dataclasses import dataclass

from tinyformer.options import DEVICES, REQUIRED, argument, option
from tinyformer.places import read_lines

NO_TEXT = "no text was given; put it in quotes behind the options, with [MASK] in it, or pipe lines in"


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which BERT is asked, and what."""

    text: tuple[str, ...] = argument("text with [MASK] in it; without one, lines are read from the standard input",
                                     default=())
    model: str = option(REQUIRED, "folder of a BERT, for example runs/tour/bert", metavar="DIR")
    top: int = option(5, "guesses shown for each blank", least=1, metavar="K")
    device: str = option("auto", "where to compute", DEVICES)


def run(options: Options) -> int:
    """Print the guesses for each text, or for each line of the standard input."""
    from tinyformer.generate.mask_filling import fill, filled
    from tinyformer.models import BertForPretraining
    from tinyformer.tasks.folders import open_model
    model, tokenizer = open_model(options.model, BertForPretraining, options.device)
    for text in options.text or map(str.strip, read_lines(NO_TEXT, typed=False)):
        blanks = fill(model, tokenizer, text, options.top)
        print(text)
        for number, guesses in enumerate(blanks, 1):
            print(f"  [MASK] {number}:  " + "   ".join(f"{token} {share:.3f}" for token, share in guesses))
        print(f"  -> {filled(text, blanks, tokenizer)}", flush=True)
    return 0

"""What can all this do?  One walk through everything, on English text that every Python carries.

Check the gradients; train a small BERT and ask it for missing words, train a small GPT and let it write, each before
and after; let a BERT read about a small generated world, and see what that is worth when it learns four tasks from few
labels; draw what happened.  The stages stand in phenomena/parts/tour_stages.py.
"""

import time
from dataclasses import dataclass

from tinyformer.options import DEVICES, option, switch
from tinyformer.places import make_folder


@dataclass(frozen=True, kw_only=True)
class Options:
    """How long the walk is, and where it leaves what it makes."""

    quick: bool = switch("everything, but smaller: about a minute")
    out: str = option("runs/tour", "folder for models, pictures and report.md", metavar="DIR")
    seed: int = option(0, "the one number all chance comes from", least=0)
    device: str = option("auto", "where to compute", DEVICES)


def run(options: Options) -> int:
    """Walk through everything and leave models, pictures and report.md in --out: 0 if all gradients are right."""
    from tinyformer.backend import choose_device
    from tinyformer.phenomena.parts import tour_report, tour_stages
    from tinyformer.train.log import write_metrics
    began = time.perf_counter()
    folder = make_folder(options.out)
    device, why = choose_device(options.device)
    size = tour_stages.SIZES["quick" if options.quick else "full"]
    print(f"A tour of tinyformer, on {device} ({why}); everything it makes goes to {folder}")

    tour_stages.heading(1, "Is every gradient right?  Each is compared with derivatives that backward had no part in.")
    right = tour_stages.check_gradients(folder, options.seed)

    tour_stages.heading(2, "Real English: the documentation that this Python carries.")
    training, held_out = tour_stages.read(size["characters"])

    figures, blanks, texts, heads = tour_stages.learn(folder, training, held_out, size, options.seed, device)
    figures = {"gradients right": right, "seconds": round(time.perf_counter() - began, 1), **figures}
    write_metrics(folder, figures)
    tour_report.write_report(folder, figures, blanks, texts, [outcome.line() for outcome in heads], options.quick)
    tour_stages.heading(6, f"Done in {figures['seconds']:.0f} seconds.  What next?")
    print(tour_report.next_commands(folder, blanks))
    print(f"val loss bert {figures['bert val loss']:.4f} (unigram entropy {figures['bert unigram entropy']:.4f}), "
          f"gpt {figures['gpt val loss']:.4f} (unigram entropy {figures['gpt unigram entropy']:.4f}); "
          f"gradients {'right' if right else 'WRONG'}; report: {folder / 'report.md'}")
    return 0 if right else 1

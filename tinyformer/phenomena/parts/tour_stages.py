"""What does the tour go through?  Gradients, English text, a BERT, a GPT and four heads.

The sizes are fixed numbers of steps, so that the same seed gives the same tour.
"""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

from tinyformer.data.pydocs import pydocs
from tinyformer.engine import REGISTRY
from tinyformer.generate import Sampling, write_text
from tinyformer.gradcheck import check_op, print_table, sweep_op
from tinyformer.phenomena.parts import four_heads
from tinyformer.phenomena.parts.blanks import ask_counts, ask_model, attention_of, choose_blanks, lines
from tinyformer.phenomena.parts.few_examples import FewLabels
from tinyformer.phenomena.parts.tour_report import one_line
from tinyformer.pretraining import stages
from tinyformer.pretraining.masked_words import neighbour_table
from tinyformer.pretraining.pretraining_settings import resolve
from tinyformer.train import save_model
from tinyformer.train.log import Progress
from tinyformer.train.threads import blas_threads
from tinyformer.train.workers import workers

# BERT has short rows and many steps: it is the number of steps that it takes to find out where to look.
SIZES: dict[str, dict[str, Any]] = {
    "full": dict(
        characters=None,
        bert=dict(steps=2300, objective="none", vocabulary=2000, layers=2, heads=4, width=128, max_length=24,
                  batch_size=64, learning_rate=2e-3, optimizer="muon", matrix_rate=0.01, schedule="constant-then-down",
                  first_positions="waves", evaluate_every=115,
                  mask_rate=0.4),             # above HIDDEN: each blank is something to learn from (Wettig et al. 2023)
        gpt=dict(steps=350, vocabulary=1000, layers=4, heads=4, width=128, max_length=64, batch_size=16,
                 learning_rate=2e-3, optimizer="adamw", evaluate_every=50),
        world=dict(steps=4500, documents=16_000, optimizer="muon", matrix_rate=0.01, schedule="constant-then-down",
                   evaluate_every=4500), seeds=3, shorter=1, length=60),
    "quick": dict(
        characters=400_000,
        bert=dict(steps=1100, objective="none", vocabulary=600, layers=1, heads=4, width=96, max_length=16,
                  batch_size=48, learning_rate=1e-3, optimizer="adamw", schedule="constant", mask_rate=0.25,
                  evaluate_every=110),
        gpt=dict(steps=350, vocabulary=500, layers=2, heads=4, width=96, max_length=32, batch_size=16,
                 learning_rate=3e-3, optimizer="adamw", evaluate_every=35),
        world=dict(steps=600, documents=3000, evaluate_every=600), seeds=1, shorter=6, length=60),
}
PROMPTS = ("The function returns", "If the argument is")
SAMPLING = Sampling(temperature=0.7, top_k=40)
HELD_OUT = 15                                 # one document in so many is kept for evaluation
HIDDEN = 0.25                                 # share of the held-out tokens that BERT is asked for


def learn(folder: Path, training, held_out, size: dict, seed: int, device: str):
    """The three stages in which something is trained: their figures, and what the report shows of them.

    All three are at work at once, each with one thread; only BERT is watched while it learns.
    """
    with workers(2) as pool:
        writing = pool.submit(_gpt, folder, training, held_out, size, seed, device)
        comparing = pool.submit(_four_heads, folder, four_heads.HEADS, size, seed, device)
        with blas_threads(1):
            heading(3, "BERT learns to fill in blanks.")
            bert, blanks = _bert(folder, training, held_out, size, seed, device)

        heading(4, "GPT learns to write, from the same text.")
        gpt, texts, said = _waited_for("GPT: training", writing)
        print(said)

        heading(5, "Four heads learn from few labels: with a BERT that has read tinyland, and from scratch.")
        heads, said = _waited_for("tinyland: reading, and four heads", comparing)
        print(said)
    figures = {**{f"bert {name}": value for name, value in bert.items()},
               **{f"gpt {name}": value for name, value in gpt.items()},
               "heads": {outcome.spec.head: outcome.to_dict() for outcome in heads}}
    return figures, blanks, texts, heads


def check_gradients(folder: Path, seed: int) -> bool:
    """Check every primitive, print the table and draw a valley: True if all gradients are right."""
    from tinyformer import plot
    reports = []
    with Progress("gradients", 0, len(REGISTRY) + 1) as bar:
        for op in list(REGISTRY.values()):
            reports.append(check_op(op, seed))
            bar.advance()
        plot.valley(sweep_op(REGISTRY["layer_norm"], seed=seed), folder / "valley.png")
        bar.advance()
    return print_table(reports)


def read(characters: int | None) -> tuple[list[str], list[str]]:
    """(training, held out): the documentation that this Python carries."""
    with Progress("reading", 0, 1) as bar:
        documents = pydocs(characters)
        bar.advance()
    print(f"{len(documents)} documents, {sum(map(len, documents)):,} characters; "
          f"one document in {HELD_OUT} is held out")
    return [text for i, text in enumerate(documents, 1) if i % HELD_OUT], documents[HELD_OUT - 1::HELD_OUT]


def _bert(folder: Path, training, held_out, size: dict, seed: int, device: str):
    from tinyformer import plot
    settings = resolve("bert", {**size["bert"], "seed": seed, "device": device, "workers": "1"})
    with Progress("BERT: tokens", 0, 1) as bar:
        prepared = stages.prepare(settings, training, held_out, bar.say)
        bar.advance()
    model, tokenizer = prepared.model, prepared.tokenizer
    if settings.mask_rate != HIDDEN:
        prepared.held_out = replace(settings, mask_rate=HIDDEN).make_batches(held_out, tokenizer)
        print(f"{settings.mask_rate:.0%} of the tokens it learns from are hidden, {HIDDEN:.0%} of those held out")
    blanks = choose_blanks(held_out, tokenizer, 5, settings.max_length - 2, seed)
    ask_model(blanks, "before", model, tokenizer)
    history = stages.train(prepared, "BERT")
    save_model(folder / "bert", model, tokenizer, overwrite=True)
    with Progress("BERT: measuring", 0, 1) as bar:
        found = stages.measure(prepared)
        bar.advance()
    ask_counts(blanks, "word counts", neighbour_table(prepared), tokenizer)
    ask_model(blanks, "after training", model, tokenizer)
    stages.draw(prepared, history, folder / "bert-loss.png", found)
    shortest = min(blanks, key=lambda blank: len(tokenizer.encode(blank.text))).text
    weights, tokens, names = attention_of(model, tokenizer, shortest)
    plot.attention_map(weights, tokens, folder / "attention.png", names=names)
    print("Sentences it has never seen, with a word taken out; who would put what there, how surely:")
    print("\n".join(lines(blanks)))
    print(stages.final_line(prepared, history, found))
    return {**prepared.facts, **history.final, **found, "hidden": settings.mask_rate, "held-out hidden": HIDDEN}, blanks


def _gpt(folder: Path, training, held_out, size: dict, seed: int, device: str):
    """Figures, texts, and what there is to say."""
    settings = resolve("gpt", {**size["gpt"], "seed": seed, "device": device, "workers": "1"})
    said: list[str] = []
    prepared = stages.prepare(settings, training, held_out, said.append)
    texts = {"before": _write(prepared, size["length"], seed)}
    history = stages.train(prepared, progress=False)
    save_model(folder / "gpt", prepared.model, prepared.tokenizer, overwrite=True)
    found = stages.measure(prepared)
    stages.draw(prepared, history, folder / "gpt-loss.png", found)
    texts["after training"] = _write(prepared, size["length"], seed)
    for when, written in texts.items():
        said += [f"What it writes, {when}:", *(f"  {one_line(text)}" for text in written)]
    said.append(stages.final_line(prepared, history, found))
    return {**prepared.facts, **history.final, **found}, texts, "\n".join(said)


def _four_heads(folder: Path, heads: Sequence[FewLabels], size: dict, seed: int, device: str):
    """Outcomes of heads on a BERT that reads tinyland and is saved, and on a fresh one; and what there is to say."""
    said: list[str] = []
    prepared = four_heads.read_tinyland(seed, device=device, say=said.append, **size["world"])
    history = stages.train(prepared, progress=False)
    save_model(folder / "bert-tinyland", prepared.model, prepared.tokenizer, overwrite=True)
    said.append(four_heads.read_well(history))
    heads = [replace(spec, steps=spec.steps // size["shorter"], dev=spec.dev // size["shorter"]) for spec in heads]
    outcomes = four_heads.compare(prepared.model.bert, prepared.tokenizer, heads, range(seed, seed + size["seeds"]),
                                  said.append)
    if size["shorter"] > 1:
        said.append(f"(After {size['world']['steps']} steps of reading there is little to pass on; without --quick it "
                     "reads for long enough.)")
    four_heads.draw(outcomes, folder / "four-heads.png")
    return outcomes, "\n".join(said)


def _write(prepared, length: int, seed: int) -> list[str]:
    return [prompt + "".join(write_text(prepared.model, prepared.tokenizer, prompt, length, SAMPLING, seed))
            for prompt in PROMPTS]


def _waited_for(title: str, running: Future) -> Any:
    with Progress(title, 0, 1) as bar:
        found = running.result()
        bar.advance()
    return found


def heading(number: int, text: str) -> None:
    """Say which stage begins."""
    print(f"\n[{number}/6] {text}", flush=True)

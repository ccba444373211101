"""What does the tour leave behind to read?  report.md, with its pictures, figures and examples."""

import shlex
from pathlib import Path

from tinyformer.phenomena.parts.blanks import Blank


def write_report(folder: Path, figures: dict, blanks: list[Blank], texts: dict[str, list[str]],
                 heads: list[str], quick: bool) -> None:
    """Write folder/report.md."""
    f = figures
    parts = [
        "# A tour of tinyformer",
        f"Made by `python -m tinyformer{' --quick' if quick else ''}` in {f['seconds']:.0f} seconds.",
        "## Gradients",
        "Every gradient was compared with derivatives found in other ways: "
        f"{'all' if f['gradients right'] else 'NOT all'} are right. A numerical derivative "
        "is only as good as its step: too long, and the curve bends; too short, and digits cancel. The complex step "
        "subtracts nothing.",
        "![Error against step](valley.png)",
        "## BERT",
        f"{f['bert parameters']:,} parameters, {f['bert steps']:,} steps on {f['bert characters']:,} characters"
        f"{_hidden(f['bert hidden'], f['bert held-out hidden'])}. While the loss stays at the unigram entropy, the "
        "model knows only how often each token occurs.",
        "![Loss of BERT](bert-loss.png)",
        _table(["on held-out text", "value"], _bert_rows(f)),
        "Sentences it has never seen, with a word taken out:",
        *[_blank(blank) for blank in blanks],
        "Where each token looks, in every layer and head:",
        "![Attention](attention.png)",
        "## GPT",
        f"{f['gpt parameters']:,} parameters, {f['gpt steps']:,} steps. Loss on held-out text "
        f"{f['gpt val loss']:.3f} nats per token; the unigram entropy is {f['gpt unigram entropy']:.3f}.",
        "![Loss of GPT](gpt-loss.png)",
        *[f"What it writes, {when}:\n\n" + "\n\n".join(f"> {_plain(one_line(text))}" for text in written)
          for when, written in texts.items()],
        "## Four heads, few labels",
        "A BERT that has read about a small generated world, tinyland, learns four tasks from few labels, beside the "
        "same model with fresh weights. Each line has means over the seeds of fine-tuning, all from one pre-training, "
        "and the difference with its 95 % interval. The pair task is the one that it was pre-trained with.",
        "```\n" + "\n".join(heads) + "\n```",
        "![Learning curves of four heads](four-heads.png)",
        "## What next",
        f"```\n{next_commands(folder, blanks)}\n```",
    ]
    (folder / "report.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def next_commands(folder: Path, blanks: list[Blank]) -> str:
    """Commands that work now, for someone who has just seen the tour."""
    text = blanks[0].text if blanks else "The default value is [MASK]."
    python = "python -m tinyformer"
    return "\n".join([
        "Ask the BERT for a missing word, let the GPT write:",
        f"  {python} fill --model {_quote(folder / 'bert')} {_quote(text)}",
        f"  {python} generate --model {_quote(folder / 'gpt')} --prompt 'This method' --temperature 0.8 --top-p 0.9",
        "Fine-tune what has read tinyland on a set of your own, or of tinyland's:",
        f"  {python} tinyland --out {_quote(folder / 'tinyland')} --labels 400",
        f"  {python} finetune classify --model {_quote(folder / 'bert-tinyland')} "
        f"--train {_quote(folder / 'tinyland/CoLA/train.tsv')} --dev {_quote(folder / 'tinyland/CoLA/dev.tsv')} "
        f"--out {_quote(folder / 'classify')}",
        "Look at one gradient, and at the valley of step sizes:",
        f"  {python} gradcheck layer_norm --valley layer_norm --out {_quote(folder / 'layer_norm.png')}",
        "Train on a text of your own, or longer on this one:",
        f"  {python} pretrain gpt --corpus your.txt --out runs/yours",
        f"  {python} pretrain bert --corpus pydocs --steps 5000 --out runs/longer",
        f"Read {_quote(folder / 'report.md')}, with the pictures; every command has --help.",
    ])


def _hidden(training: float, held_out: float) -> str:
    return "" if training == held_out else (
        f", in which {training:.0%} of the tokens are hidden; of held-out text it is {held_out:.0%}, which is "
        f"{'easier' if held_out < training else 'harder'}")


def _bert_rows(f: dict) -> list[tuple[str, str]]:
    return [("loss, nats per masked token", f"{f['bert val loss']:.3f}"),
            ("unigram entropy", f"{f['bert unigram entropy']:.3f}"),
            ("masked tokens guessed", f"{f['bert val accuracy']:.1%}"),
            ("by the best constant guess", f"{f['bert constant accuracy']:.1%}"),
            ("by counts of both neighbours", f"{f['bert neighbour accuracy']:.1%}")]


def _blank(blank: Blank) -> str:
    rows = [(name, ", ".join(f"{token} ({share:.2f})" for token, share in guesses))
            for name, guesses in blank.guesses.items()]
    return f"**{_plain(blank.text)}** ({blank.word})\n\n" + _table(["who", "guesses"], rows)


def _table(head: list[str], rows: list[tuple[str, str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def one_line(text: str) -> str:
    """Text as it can be shown anywhere: white space becomes single spaces, what cannot be printed becomes U+FFFD."""
    return "".join(char if char.isprintable() else "\ufffd" for char in " ".join(text.split()))


def _plain(text: str) -> str:
    """Text whose signs Markdown leaves alone."""
    return "".join("\\" + char if char in "\\`*_{}[]<>#+-!|~$&" else char for char in text)


def _quote(text) -> str:
    return shlex.quote(str(text))

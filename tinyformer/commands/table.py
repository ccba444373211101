"""What does each command take, and what does it do?  A function that describes its options, and one that runs.

Nothing heavy is imported before the command runs, so that --help answers at once.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from tinyformer.errors import InputError
from tinyformer.options import add_options, suggestion


class Parser(argparse.ArgumentParser):
    """argparse, which raises instead of leaving, and suggests the nearest option for one it does not know."""

    def __init__(self, command: str, **more):
        super().__init__(prog=f"python -m tinyformer {command}".rstrip(), allow_abbrev=False, **more)

    def parse(self, words: list[str]) -> argparse.Namespace:
        for word in words:
            if word == "--":
                break
            name = word.split("=")[0]
            if name.startswith("--") and name not in self._option_string_actions:
                raise InputError(f"option {name} is not known{suggestion(name, self._option_string_actions)}; "
                                 f"see: {self.prog} --help")
        return self.parse_args(words)

    def error(self, message):
        raise InputError(f"{message}; see: {self.prog} --help")


def tour_options(parser):
    parser.add_argument("--quick", action="store_true", help="everything, but smaller: under a minute")
    parser.add_argument("--out", default="runs/tour", metavar="DIR", help="folder for models, pictures and report.md "
                        "(default runs/tour)")
    parser.add_argument("--seed", type=int, default=0, metavar="INT", help="the one number all chance comes from")
    _device_option(parser)


def tour(options) -> int:
    from tinyformer.commands.tour import run
    return run(options.out, quick=options.quick, seed=options.seed, device=options.device)


def gradcheck_options(parser):
    parser.add_argument("ops", nargs="*", metavar="op", help="primitives to check (default: all)")
    parser.add_argument("--json", action="store_true", help="print a JSON list with one object for each primitive")
    parser.add_argument("--from", dest="file", metavar="FILE.py", help="check the primitives that this file defines")
    parser.add_argument("--valley", metavar="OP", help="draw the error of this primitive's numerical derivative "
                        "against the step")
    parser.add_argument("--out", default="valley.png", metavar="FILE.png", help="where --valley draws (default "
                        "valley.png)")
    parser.add_argument("--seed", type=int, default=0, metavar="INT", help="of the points and directions")
    _device_option(parser, default="cpu")


def gradcheck(options) -> int:
    from tinyformer.commands.gradcheck import run
    return run(options.ops, options.file, options.json, options.valley, options.out, options.seed, options.device)


def pretrain_options(parser):
    from tinyformer.pretraining.pretraining_settings import Pretraining
    parser.add_argument("model", choices=("bert", "gpt", "seq2seq"), help="bert fills in blanks, gpt goes on "
                        "writing, seq2seq repairs a damaged text")
    add_options(parser, Pretraining)
    _run_options(parser)


def pretrain(options) -> int:
    from tinyformer.pretraining import stages as task
    given = {name: value for name, value in vars(options).items()
             if name not in ("model", "config", "resume", "overwrite", "debug")}
    return task.run(options.model, given, options.config, options.resume, options.overwrite)


def finetune_options(parser):
    from tinyformer.tasks.finetuning_settings import Finetuning
    parser.add_argument("task", choices=("classify", "tag", "pair", "score", "answer", "rewrite"), help="classify a "
                        "text, tag its words, classify or score a pair of texts, find the answer to a question in a "
                        "document, or (an encoder with a decoder) rewrite a text as another: translate, correct")
    add_options(parser, Finetuning)
    _run_options(parser)


def finetune(options) -> int:
    from tinyformer.tasks import learn as task
    from tinyformer.tasks.finetuning_settings import resolve
    given = {name: value for name, value in vars(options).items()
             if name not in ("task", "config", "resume", "overwrite", "debug")}
    settings = resolve(options.task, given, options.config, options.resume)
    return task.run(settings, options.resume, options.overwrite)


def evaluate_options(parser):
    from tinyformer.tasks.finetuning_settings import READING, Finetuning
    parser.add_argument("--data", required=True, metavar="FILE", help="file with labelled examples")
    add_options(parser, Finetuning, only=("model", "out", *READING))


def evaluate(options) -> int:
    from tinyformer.commands.evaluate import evaluate as task
    return task({name: value for name, value in vars(options).items() if name not in ("data", "debug")}, options.data)


def predict_options(parser):
    from tinyformer.tasks.finetuning_settings import READING, Finetuning
    parser.add_argument("text", nargs="*", help="one text (to be tagged: words and marks with spaces between them); "
                        "two for a pair; a question and then its document; without any, lines are read from the "
                        "standard input, the two parts with a tab between them")
    parser.add_argument("--data", metavar="FILE", help="file in the format the model was trained on, with or without "
                        "labels")
    add_options(parser, Finetuning, only=("model", "out", *READING))


def predict(options) -> int:
    from tinyformer.commands.predict import predict as task
    return task({name: value for name, value in vars(options).items() if name not in ("data", "text", "debug")},
                options.text, options.data)


def features_options(parser):
    parser.add_argument("--model", required=True, metavar="DIR", help="folder of a BERT, with or without a head")
    parser.add_argument("--data", metavar="FILE", help="text file, one text a line (default: the standard input)")
    parser.add_argument("--layers", default="last", metavar="N,N", help="layers to take, side by side: 0 is what "
                        "enters the first, 1 what leaves it, last what leaves the last (default last)")
    parser.add_argument("--tokens", default="first", choices=("first", "mean", "words", "pieces"), help="vectors of "
                        "the first position, their mean, the first piece of each word, or every piece (default first)")
    parser.add_argument("--width", type=int, metavar="N", help="numbers kept of each vector: the directions in which "
                        "these texts differ most (default all)")
    parser.add_argument("--max-length", type=int, default=128, metavar="INT", help="tokens of a text (default 128)")
    parser.add_argument("--out", required=True, metavar="FILE.npz", help="file to write")
    _device_option(parser)


def features(options) -> int:
    from tinyformer.tasks.features import run
    return run(options.model, options.data, options.layers, options.tokens, options.width, options.max_length,
               options.out, options.device)


def glue_options(parser):
    from tinyformer.tasks.finetuning_settings import TRAINING, Finetuning
    parser.add_argument("--data", metavar="DIR", help="folder of the real GLUE, with CoLA, SST-2 ... in it (default: "
                        "TinyGLUE, nine generated tasks)")
    parser.add_argument("--tasks", metavar="NAME,NAME", help="only these (default all nine)")
    parser.add_argument("--examples", type=int, default=1000, metavar="N", help="TinyGLUE: training examples of each "
                        "task (default 1000)")
    add_options(parser, Finetuning, only=("model", "out", "labels", "tokenizer", "layers", "heads", "width",
                                          "vocabulary", *TRAINING))
    parser.add_argument("--overwrite", action="store_true", help="replace the results that stand in --out")


def glue(options) -> int:
    from tinyformer.commands.glue import run
    given = {name: value for name, value in vars(options).items()
             if name not in ("data", "tasks", "examples", "overwrite", "debug")}
    return run(given, options.data, options.tasks, options.examples, options.overwrite)


def _run_options(parser):
    parser.add_argument("--config", metavar="FILE.json", help="a saved set of settings, such as the settings.json of "
                        "an earlier run; the command line wins")
    parser.add_argument("--resume", nargs="?", const=True, default=False, metavar="auto|CHECKPOINT", help="go on from "
                        "the last checkpoint in --out; auto: start afresh where there is none")
    parser.add_argument("--overwrite", action="store_true", help="replace the model that stands in --out")


def fill_options(parser):
    parser.add_argument("--model", required=True, metavar="DIR", help="folder of a BERT, for example runs/tour/bert")
    parser.add_argument("text", nargs="*", help="text with [MASK] in it; without one, lines are read from the "
                        "standard input")
    parser.add_argument("--top", type=int, default=5, metavar="K", help="guesses shown for each blank (default 5)")
    _device_option(parser)


def fill(options) -> int:
    from tinyformer.generate.mask_filling import run
    return run(options.model, options.text, options.top, options.device)


def generate_options(parser):
    from tinyformer.commands.generate import Generation
    parser.add_argument("--model", required=True, metavar="DIR", help="folder of a GPT, for example runs/tour/gpt, "
                        "or of an encoder and decoder")
    parser.add_argument("--prompt", metavar="TEXT", help="text to go on from, or to repair; without it, what comes "
                        "through the standard input")
    parser.add_argument("--stop", action="append", metavar="TEXT", help="end before this text; can be given again")
    add_options(parser, Generation)
    _device_option(parser)


def generate(options) -> int:
    from tinyformer.commands.generate import run
    given = {name: value for name, value in vars(options).items()
             if name not in ("model", "prompt", "stop", "device", "debug")}
    return run(options.model, given, options.prompt, options.stop, options.device)


def shots_options(parser):
    from tinyformer.commands.shots import Shots
    parser.add_argument("--model", required=True, metavar="DIR", help="folder of a GPT, for example runs/tour/gpt")
    parser.add_argument("--data", required=True, metavar="FILE", help="inputs and their outputs: TSV, CSV or JSONL")
    parser.add_argument("--columns", metavar="input=COLUMN,output=COLUMN", help="where they stand, by name or number "
                        "(default: columns input and output, or the two there are)")
    parser.add_argument("--examples", metavar="FILE", help="take the worked examples from this file (default: from "
                        "the other rows of --data)")
    parser.add_argument("--skip-bad-rows", type=int, default=0, metavar="N", help="leave out up to N bad rows")
    parser.add_argument("--out", metavar="DIR", help="folder for metrics.json, predictions.jsonl and a picture")
    add_options(parser, Shots)
    _device_option(parser)


def shots(options) -> int:
    from tinyformer.commands.shots import run
    fixed = ("model", "data", "columns", "examples", "skip_bad_rows", "out", "device")
    given = {name: value for name, value in vars(options).items() if name not in (*fixed, "debug")}
    return run(options.model, options.data, given, *(getattr(options, name) for name in fixed[2:]))


def reproduce_options(parser):
    from tinyformer.phenomena import PHENOMENA
    parser.add_argument("experiment", help="; ".join(f"{name}: {each.question} ({each.minutes:g} min)"
                                                     for name, each in PHENOMENA.items()))
    parser.add_argument("--out", metavar="DIR", help="folder for pictures and metrics.json (default "
                        "runs/EXPERIMENT, and with --quick runs/EXPERIMENT-quick)")
    parser.add_argument("--seeds", type=int, default=3, metavar="INT", help="how many times, each with other chance "
                        "(default 3)")
    parser.add_argument("--seed", type=int, default=0, metavar="INT", help="the first of them (default 0)")
    parser.add_argument("--quick", action="store_true", help="smaller and shorter, to see that it works; shows little")
    parser.add_argument("--resume", action="store_true", help="go on with an experiment that was stopped, or with more "
                        "seeds; what is done in --out is not done again")
    parser.add_argument("--overwrite", action="store_true", help="replace the results that stand in --out")


def reproduce(options) -> int:
    from tinyformer.phenomena import reproduce as run
    out = options.out or f"runs/{options.experiment}" + "-quick" * options.quick
    return run(options.experiment, out, options.seeds, options.quick, options.seed, options.resume, options.overwrite)


def tinyland_options(parser):
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for corpus.txt and the labelled sets")
    parser.add_argument("--seed", type=int, default=0, metavar="INT", help="the world that is told (default 0)")
    parser.add_argument("--documents", type=int, default=2000, metavar="INT", help="documents of the corpus (default "
                        "2000)")
    parser.add_argument("--labels", type=int, default=2000, metavar="INT", help="training examples of each set; a "
                        "fifth as many for development, and for the test (default 2000)")


def tinyland(options) -> int:
    from tinyformer.commands.tinyland import run
    return run(options.out, options.seed, options.documents, options.labels)


def info(options) -> int:
    from tinyformer.commands.info import run
    return run()


def _device_option(parser, default: str = "auto"):
    parser.add_argument("--device", default=default, choices=("auto", "cpu", "cuda"), help="where to compute "
                        f"(default {default})")


@dataclass(frozen=True)
class Command:
    """One command: a line of help, what describes its options, and what runs it."""

    summary: str
    options: Callable
    run: Callable
    usage: str | None = None

    def parser(self, name: str) -> Parser:
        usage = self.usage and f"python -m tinyformer {name} {self.usage}"
        parser = Parser(name, usage=usage, description=self.summary[0].upper() + self.summary[1:] + ".")
        self.options(parser)
        parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
        return parser


COMMANDS = {
    "tour": Command("check the gradients, train a small BERT and a small GPT, and show it all", tour_options, tour),
    "gradcheck": Command("compare the gradient of every primitive with derivatives found in other ways",
                         gradcheck_options, gradcheck),
    "pretrain": Command("train a BERT, a GPT or an encoder and a decoder on text, from nothing", pretrain_options,
                        pretrain, usage="bert|gpt|seq2seq --corpus PATH|pydocs|tinyland --out DIR "
                        "[--setting value ...]"),
    "finetune": Command("put a head on a pre-trained model and train it on labelled examples", finetune_options,
                        finetune, usage="classify|tag|pair|score|answer|rewrite --model DIR|scratch --train FILE "
                        "--dev FILE --out DIR [--setting value ...]"),
    "evaluate": Command("judge a fine-tuned model on labelled examples", evaluate_options, evaluate),
    "predict": Command("let a fine-tuned model classify, tag, compare, answer or rewrite", predict_options, predict),
    "glue": Command("fine-tune on nine tasks one after the other, and print the table", glue_options, glue,
                    usage="--model DIR|scratch --out DIR [--data DIR] [--setting value ...]"),
    "features": Command("write the hidden vectors of texts to a file, to probe what is in them", features_options,
                        features),
    "fill": Command("let a BERT guess what stands at each [MASK]", fill_options, fill),
    "generate": Command("let a GPT go on writing, or an encoder and decoder repair a text", generate_options, generate),
    "shots": Command("show a GPT a few worked examples and ask for the next: learning without training",
                     shots_options, shots),
    "reproduce": Command("run a known experiment again, over several seeds: in-context learning, induction heads ...",
                         reproduce_options, reproduce),
    "tinyland": Command("write the small generated world: a corpus, and labelled sets for every head", tinyland_options,
                        tinyland),
    "info": Command("show the versions and the machine this runs on", lambda parser: None, info),
}

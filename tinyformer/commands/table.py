"""Which commands are there?  Their names, each with its line in the overview; a command stands in the file of its name.

That file has a frozen dataclass `Options`, from which --help is printed too, and `run(options)`, which returns the exit
status; where the options are too many for a line, `USAGE` has the words that matter.  It is opened when the command is
typed, so that the overview opens nothing.
"""

from importlib import import_module

COMMANDS = {
    "tour": "check the gradients, train a small BERT and a small GPT, and show it all",
    "gradcheck": "compare the gradient of every primitive with derivatives found in other ways",
    "exercise": "derive it yourself: a file with a hole in it, and a judge who says what is wrong",
    "prepare": "turn a text that is larger than memory into ids in a file, for pretrain to read",
    "pretrain": "train a BERT, a GPT, word vectors or another model on text, from nothing",
    "finetune": "put a head on a pre-trained model and train it on labelled examples",
    "prefer": "let a model learn from choices: a reward model, tuning by it (GRPO, PPO), or directly (DPO)",
    "evaluate": "judge a fine-tuned model on labelled examples",
    "predict": "let a fine-tuned model classify, tag, compare, answer or rewrite",
    "glue": "fine-tune on nine tasks one after the other, and print the table",
    "probe": "ask what features of pictures are worth, with many labels and with few",
    "features": "write the hidden vectors of texts to a file, to probe what is in them",
    "neighbours": "show which words lie near a word, and what is to one word as another is to a third",
    "fill": "let a BERT guess what stands at each [MASK]",
    "generate": "let a GPT go on writing, or an encoder and decoder repair a text",
    "shots": "show a GPT a few worked examples and ask for the next: learning without training",
    "page": "look into models in the browser, while they read and write",
    "trace": "show what a training step costs, op by op: multiplications, bytes, milliseconds",
    "reproduce": "run a known experiment again, over several seeds: in-context learning, induction heads ...",
    "tinyland": "write the small generated world: a corpus, and labelled sets for every head",
    "info": "show the versions and the machine this runs on",
}


def parser_of(name: str):
    """What reads the words behind the name of a command."""
    from tinyformer.options import Parser
    file, line = import_module(f"tinyformer.commands.{name}"), COMMANDS[name]
    return Parser(file.Options, name, getattr(file, "USAGE", None), line[0].upper() + line[1:] + ".")


def run(name: str, words: list[str]) -> int:
    """Run the command with these words: its exit status."""
    options = parser_of(name).parse(words)
    return import_module(f"tinyformer.commands.{name}").run(options)

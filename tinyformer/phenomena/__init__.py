"""What can be seen in a model that has learned?  One experiment a file, each reproduced by one command.

Here stands the list of them, which opens none.  What an experiment consists of, and what it gets for it: `kit`.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tinyformer.opening import opens

if TYPE_CHECKING:
    from tinyformer.phenomena.kit.gathered import report
    from tinyformer.phenomena.kit.running import reproduce, reproduce_all

__getattr__, __dir__ = opens(__name__, **{"kit.running": "reproduce reproduce_all", "kit.gathered": "report"})


@dataclass(frozen=True)
class Phenomenon:
    """A line of the list: the module, its chapter, the minutes it takes on two cores, and the question it answers.

    `takes` are the options by which a user's own files come into it: "model", "data"; what stands behind --data is a
    folder where `folders` says so.
    """

    module: str
    chapter: str
    minutes: float
    question: str
    takes: tuple[str, ...] = ()
    folders: bool = False


CHAPTERS = {"words": "From words to contexts", "reading": "What is learned by reading", "inside": "What happens inside",
            "prompts": "Prompts and numbers", "languages": "Languages",
            "judgement": "Learning from judgement", "beyond": "Beyond text"}
PHENOMENA = {
    "two-senses": Phenomenon(".two_senses", "words", 2, "Does the vector of apple know the fruit from the phone?",
                             ("model", "data")),
    "word-vectors": Phenomenon(".word_vectors", "words", 2, "What do CBOW and skip-gram find in the same text, and "
                                                              "what not?"),
    "cloze": Phenomenon(".cloze", "words", 3, "Which side of a blank does a model see: its left, its right, or both at "
                                              "once?"),
    "ancestors": Phenomenon(".ancestors", "words", 19, "What are vectors of words, ELMo, GPT and BERT worth after the "
                                                      "same reading?", ("data",)),
    "glue": Phenomenon(".glue", "words", 30, "Is each model better on nine tasks than the one before it, and what is "
                                             "there left to a perfect reader?"),
    "few-labels": Phenomenon(".few_labels", "reading", 9, "What is pre-training worth when labels are few?"),
    "scratch": Phenomenon(".scratch", "reading", 12, "Is a start that has read better and faster than a fresh one?"),
    "embryology": Phenomenon(".embryology", "reading", 8, "When does BERT learn parts of speech, syntax and meaning?"),
    "corruptions": Phenomenon(".corruptions", "reading", 16, "Which damage teaches most when it is repaired?"),
    "next-sentence": Phenomenon(".next_sentence", "reading", 2,
                                "Is next sentence too easy, and what does order teach?"),
    "masks": Phenomenon(".masks", "reading", 6, "Which tokens should be hidden, and how many?"),
    "overfit": Phenomenon(".overfit", "reading", 4,
                          "Who overfits: the small model or the large one, with little text or with much?", ("data",)),
    "distillation": Phenomenon(".distillation", "reading", 3, "What is a teacher worth to a small model?"),
    "albert-sharing": Phenomenon(".albert_sharing", "reading", 2, "What is a layer worth that is read several times?"),
    "roberta-changes": Phenomenon(".roberta_changes", "reading", 3, "What did RoBERTa change in how BERT learns, and "
                                                                    "what is each change worth?", ("data",)),
    "gpt-to-llama": Phenomenon(".gpt_to_llama", "reading", 2, "Which parts make a Llama of a GPT-2, and what is each "
                                                              "worth?", ("data",)),
    "scaling": Phenomenon(".scaling", "reading", 5, "What do small models say of a larger one?", ("data",)),
    "closed-book": Phenomenon(".closed_book", "reading", 3, "Can a question be answered without its text?"),
    "induction": Phenomenon(".induction", "inside", 1, "How does a model go on with what it has read once before?"),
    "layers": Phenomenon(".layers", "inside", 6, "Which layer holds what?", ("model", "data")),
    "attention-zoo": Phenomenon(".attention_zoo", "inside", 6, "What do the heads of a BERT look at?",
                                ("model", "data")),
    "in-context": Phenomenon(".in_context", "prompts", 35, "Does a larger model learn more from its prompt?"),
    "in-context-tasks": Phenomenon(".in_context_tasks", "prompts", 5,
                                   "What do no, one and sixteen examples bring over 42 tasks, from a small model to a "
                                   "large one?"),
    "what-makes-it-learn": Phenomenon(".what_makes_it_learn", "prompts", 2,
                                      "What must be in a text for a model to learn from its prompt?"),
    "addition": Phenomenon(".addition", "prompts", 3, "Can a small GPT learn to calculate?"),
    "arithmetic": Phenomenon(".arithmetic", "prompts", 5, "How far does a small GPT calculate, and what do worked "
                                                          "examples bring?"),
    "translation": Phenomenon(".translation", "languages", 7, "Does reading help to translate?"),
    "second-language": Phenomenon(".second_language", "languages", 4,
                                  "Does a model of two languages align them without a single translation?"),
    "more-data": Phenomenon(".more_data", "languages", 2,
                            "How much text does it take until two languages lie in one place?"),
    "translate-by-shift": Phenomenon(".translate_by_shift", "languages", 2,
                                     "Is the mean difference of two languages a translation?"),
    "real-languages": Phenomenon(".real_languages", "languages", 2, "Do English and French find each other in a model "
                                                                    "that has seen no translation?", ("data",)),
    "rlhf": Phenomenon(".rlhf", "judgement", 4, "What does a model learn from a judge that is nearly right?"),
    "pictures": Phenomenon(".pictures", "beyond", 3, "What can be seen after looking at pictures that nobody named?"),
    "collapse": Phenomenon(".collapse", "beyond", 1,
                           "What keeps a model that only agrees with itself from saying the same of everything?"),
    "superb": Phenomenon(".superb", "beyond", 4, "What can be read off a model that has only listened?", ("data",),
                         folders=True),
    "self-supervised": Phenomenon(".self_supervised", "beyond", 3,
                                  "What is it worth to have read, seen or heard before anybody names a thing?"),
    "dna": Phenomenon(".dna", "beyond", 4, "Does having read English help with DNA?", ("data",)),
}


def overview() -> str:
    """Every experiment in a line, chapter by chapter."""
    lines = []
    for chapter, title in CHAPTERS.items():
        lines += ["", f"{title}:"]
        lines += [f"  {name:<20}{each.minutes:>3g} min  {each.question}"
                  + f"  (also of yours: {', '.join('--' + taken for taken in each.takes)})" * bool(each.takes)
                  for name, each in PHENOMENA.items() if each.chapter == chapter]
    return "\n".join(["experiments, with the minutes that three seeds take on two cores", *lines])

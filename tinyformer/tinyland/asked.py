"""What does an animal eat, where does it live, and how good is an answer?  A judge who knows the truth says it exactly.

Sixteen animals of world.txt are asked about, two questions each.  People who show how one answers do it as people do:
some know, some guess, some say that they do not know, and some tell something else.  The judge is never in doubt, so
that whatever is learned from choices, by a model that scores answers, can be held against the truth:

    1      the fact that was asked for, in one sentence
    0.2    "i do not know ."
    0      all else: another fact, another animal, no sentence, one sentence too many
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tinyformer.tinyland.word_tables import Chance, lexicon

ANIMALS = tuple("dog cat rabbit hamster horse cow goat squirrel fox bear bee owl beaver seal lion pigeon".split())
KINDS = ("eats", "home")                      # the columns of world.txt that are asked for
UNSURE = "i do not know ."
HONEST = 0.2
WAYS = 5 * ["know"] + 8 * ["guess"] + 3 * ["unsure"] + 4 * ["astray"]      # how people answer, of twenty


@dataclass(frozen=True)
class Asked:
    """One question, and its true answer."""

    animal: str
    kind: str                                 # "eats" or "home"
    truth: str                                # "meat", "house"

    @property
    def words(self) -> str:
        """The question."""
        return f"what does the {self.animal} eat ?" if self.kind == "eats" else f"where does the {self.animal} live ?"

    def sentence(self, fact: str, subject: str | None = None) -> str:
        """The answer that names this fact."""
        subject = subject or f"the {self.animal}"
        return f"{subject} eats {fact} ." if self.kind == "eats" else f"{subject} lives in the {fact} ."

    def gold(self, answer: str) -> float:
        """What an answer is worth, from 0 to 1."""
        said = " ".join(answer.split())
        if said in (self.sentence(self.truth), self.sentence(self.truth, "it")):
            return 1.0
        return HONEST if said == UNSURE else 0.0


def questions() -> list[Asked]:
    """All thirty-two, in order."""
    entries = {entry.word: entry for entry in lexicon()["animal"]}
    return [Asked(animal, kind, entries[animal].facts[kind]) for animal in ANIMALS for kind in KINDS]


def facts(asked: Sequence[Asked]) -> dict[str, list[str]]:
    """By kind, every fact that is true of somebody."""
    return {kind: sorted({each.truth for each in asked if each.kind == kind}) for kind in KINDS}


def people_say(one: Asked, everyone: Sequence[Asked], chance: Chance) -> str:
    """What somebody answers: the truth, a guess, that one does not know, or something else."""
    all_facts, how = facts(everyone), chance.choose(WAYS)
    subject = "it" if chance.coin(0.3) else None
    if how == "know":
        return one.sentence(one.truth, subject)
    if how == "guess":
        return one.sentence(chance.choose([fact for fact in all_facts[one.kind] if fact != one.truth]), subject)
    if how == "unsure":
        return UNSURE
    other = chance.choose([each for each in everyone if each.kind != one.kind or each.animal != one.animal])
    return other.sentence(other.truth)


def shown(count: int, chance: Chance) -> list[dict[str, str]]:
    """How people answer: questions and answers as a file of instructions has them."""
    everyone = questions()
    drawn = [chance.choose(everyone) for _ in range(count)]
    return [{"prompt": one.words, "completion": people_say(one, everyone, chance)} for one in drawn]


def chosen(count: int, chance: Chance) -> list[dict[str, str]]:
    """Which of two answers of people the judge prefers: choices as a file has them, without ties."""
    everyone, found = questions(), []
    while len(found) < count:
        one = chance.choose(everyone)
        better, worse = sorted((people_say(one, everyone, chance) for _ in range(2)), key=one.gold, reverse=True)
        if one.gold(better) > one.gold(worse):
            found.append({"prompt": one.words, "chosen": better, "rejected": worse})
    return found

"""Which sentences can be rewritten by who knows the forms of verbs?  "Ida saw a cat." -> "Ida will see a cat." """

from tinyformer.data.readers import Rewriting
from tinyformer.tinyland import World
from tinyformer.tinyland.grammar import Sentence, finish, grammar


def told_of_tomorrow(seed: int, count: int) -> list[Rewriting]:
    """Different sentences of what happened, each with the same told of tomorrow.

    Most of the target stands in the source; the verbs have to be found, and their other forms known.
    """
    base = {forms["past"]: forms["base"] for forms in grammar().lexicon.verbs.values()}
    world, found, index = World(seed, kinds=("story", "retelling")), {}, 0
    while len(found) < count:
        for sentence in world.document(index).sentences:
            verbs = [word for word in sentence.words if word.tag in ("VERB", "AUX")]
            if verbs and all(word.tag == "VERB" and word.text in base for word in verbs):
                found[sentence.text] = _tomorrow(sentence, base)
        index += 1
    return [Rewriting(source, target, "tinyland", n) for n, (source, target) in enumerate(found.items(), 1)][:count]


def _tomorrow(sentence: Sentence, base: dict[str, str]) -> str:
    words = []
    for word in sentence.words:
        if word.tag == "VERB":
            words.append(type(word)("will", "AUX"))
            word = type(word)(base[word.text], "VERB")
        words.append(word)
    return finish(words).text

"""Does the vector of apple know the fruit from the phone?  Layer by layer, beside vectors that cannot know.

For each seed a BERT of three layers and width 48 reads stories and facts of tinyland, where eight words have two
senses, as in English: the fruit and the company, the bank of a river and the one with money.  Then it reads 10 to 40
sentences of each sense that it has not read, in 30 tokens of text, and the vectors of the word in them are compared.
Where in these 30 it stands is drawn, or its place would say what it means; told is the mean over eight draws.  Vectors
of one spelling are alike whatever it means, since the spelling is in all of them; so their mean is taken off first
("centred"; Ethayarajh 2019, "How Contextual are Contextualized Word Representations?").  What is told is how much more
alike two vectors are of one sense than of two: 0 says that the senses cannot be told, 2 that each has one vector,
opposite to the other's.  CBOW and skip-gram learn from the same pieces in as many steps, and are asked about the same
sentences.  The picture shows the first ten of each sense.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from tinyformer.errors import InputError
from tinyformer.metrics.over_seeds import spread
from tinyformer.models import Bert, encoder_of
from tinyformer.models.parts.encoders import like
from tinyformer.phenomena.kit import Experiment, Files, Found, Sizes, Table, Verdict, at_least, at_most, judged
from tinyformer.phenomena.parts.ambiguous_words import ROOM, Use, in_tinyland, in_treebank, shown, tinyland_words
from tinyformer.phenomena.parts.one_vector_a_spelling import KINDS, learned_vectors, where_used
from tinyformer.phenomena.parts.senses_apart import by_layer, centred, cosines, vectors_of
from tinyformer.phenomena.parts.small_berts import fresh, read, told
from tinyformer.rng import stream
from tinyformer.tasks.folders import open_folder

EXPERIMENT = Experiment(
    chapter="words", minutes=2, optimizer="muon",
    full=Sizes(steps=450, documents=2000, vocabulary=1000, width=48, batch_size=64, least=10, most=40, draws=8,
               given=10),
    quick=Sizes(steps=20, documents=300, vocabulary=1000, width=32, batch_size=8, least=4, most=8, draws=2,
                given=4),
    control="CBOW and skip-gram, which have one vector for every spelling, so that theirs is 0 by construction; what "
            "enters the BERT's first layer, the word and its place alone; and the same BERT before it has read "
            "anything, at its best layer.",
    not_found="It is no matter of all words alike: a bat and a mouse are told apart least.",
    takes={"model": "the folder of a BERT with its vocabulary, such as a published one",
           "data": "a treebank (CoNLL-U) in which one spelling is two parts of speech, such as \"book\" or \"run\""})
SEEN, NOTHING = 0.3, 0.05                          # the rule; and what cannot know stays at the second or below
LAYERS, LENGTH = 3, 2 + ROOM
SHOWN = "apple"                                    # the word in the picture
OTHER_WORLD = 3_000_000                            # worlds from here on tell the sentences that are compared
ARMS = {"read": "has read", "uncentred": "has read, uncentred", "untrained": "has read nothing"}


def one(sizes: Sizes, seed: int) -> dict:
    """Read, and look at every word with two senses: the figures by layer, by word, and the cosines of one of them."""
    text = told(seed, sizes.documents, sizes.vocabulary, (("story", 1), ("facts", 1)))
    known = {tuple(each) for document in text.documents for each in document}
    words = in_tinyland(sizes.least, sizes.most, OTHER_WORLD + seed, text.tokenizer,
                        lambda sentence: tuple(text.tokenizer.encode(sentence)) in known)
    draws = [shown(words, seed, number) for number in range(sizes.draws)]
    ids = [id for document in text.documents for sentence in document for id in sentence]
    tables = {name: learned_vectors(name, ids, text.tokenizer, width=sizes.width, steps=sizes.steps,
                                    batch_size=sizes.batch_size, length=LENGTH, seed=seed)
              for name in KINDS}
    model = fresh(text.tokenizer, seed, LAYERS, sizes.width, LENGTH)
    look = partial(vectors_of, model.bert, text.tokenizer)
    before = by_layer(look, draws)
    batches = text.batches(LENGTH, sizes.batch_size, seed, rate=0.2)
    read(model, batches, sizes.steps, seed, optimizer=EXPERIMENT.optimizer)
    return {**figures(by_layer(look, draws), before), "count": {word: len(uses) // 2 for word, uses in words.items()},
            "one vector": {name: single(by_layer(partial(where_used, vectors), draws))
                           for name, vectors in tables.items()},
            "shown": picture(look, some(draws[0][SHOWN], sizes.least))}


def some(uses: Sequence[Use], number: int) -> list[Use]:
    """The first uses of either sense."""
    half = len(uses) // 2
    return [*uses[:number], *uses[half:half + number]]


def single(found: Mapping[str, Mapping[str, Sequence[float]]]) -> list[float]:
    """Centred and uncentred, the mean over the words, where a word has one layer."""
    return [float(np.mean([layers[0] for layers in by_word.values()])) for by_word in found.values()]


def picture(look, uses: Sequence[Use]) -> dict:
    """What is drawn of one word: the cosines in every layer, the sentences, and what it means in them."""
    layers = look(uses).swapaxes(0, 1)                                                     # (L + 1, N, C)
    return {"cosines": [np.round(cosines(centred(layer)), 3).tolist() for layer in layers],
            "texts": [use.sentence for use in uses], "senses": [use.sense for use in uses]}


def one_given(sizes: Sizes, seed: int, files: Files) -> dict:
    """The same with a model and a treebank of the user: the seed draws sentences, and the weights of the control."""
    model, tokenizer = open_folder(files.model)
    encoder = encoder_of(model)
    if not isinstance(encoder, Bert):
        raise InputError(f"{files.model}: holds a {type(model).__name__}, and the vectors are those of a BERT")
    words = in_treebank(files.data, sizes.given, seed, tokenizer)
    control = like(encoder, encoder.config, stream(seed, "weights"))
    after, before = (by_layer(partial(vectors_of, each, tokenizer), [shown(words, seed)])
                     for each in (encoder, control))
    return {**figures(after, before), "spellings": {
        word: {"senses": sorted({use.sense for use in uses}), "count": len(uses) // 2} for word, uses in words.items()}}


def figures(after: dict, before: dict) -> dict:
    """The means over the words, layer by layer, and each word by itself."""
    means = dict(zip(ARMS, (after["centred"], after["uncentred"], before["centred"]), strict=True))
    return {**{arm: np.mean(list(by_word.values()), 0).tolist() for arm, by_word in means.items()},
            "words": after["centred"]}


def verdict(found: Found) -> Verdict:
    """In the best layer two vectors of one sense are at least 0.3 more alike than two of two senses, in every seed.

    As cosines, centred by spelling, the mean over all words.  What cannot know stays at 0.05 or below.
    """
    best = {arm: [max(each[arm][1:]) for each in found[None]] for arm in ARMS}
    return judged(at_least(SEEN, "best layer, cosine within a sense less that across", best["read"]), controls=[
        *(at_most(NOTHING, f"{name}, either way", [abs(each["one vector"][name][0]) for each in found[None]])
          for name in KINDS),
        at_most(NOTHING, "what enters the first layer", [each["read"][0] for each in found[None]]),
        at_most(NOTHING, "a BERT that has read nothing, its best layer", best["untrained"])])


def table(found: Found) -> list[Table]:
    """How far apart by layer, with the controls; each word in the best layer; and the same for files of the user."""
    tables = [layers_of(found[None]), words_of(found[None], {
        word: (", ".join(senses), " / ".join(f"{each['count'][word]}" for each in found[None]))
        for word, senses in tinyland_words().items()})]
    if found.given:
        tables += [layers_of(found.given, f"On {', '.join(found.files.data)}, with {found.files.model}:"),
                   words_of(found.given, {word: (", ".join(said["senses"]), said["count"])
                                          for word, said in found.given[0]["spellings"].items()})]
    return tables


def layers_of(outcomes: Sequence[dict], title: str = "") -> Table:
    """A line for each layer: means and deviations over the seeds."""
    rows = [("what enters" if layer == 0 else f"layer {layer}",
             *(spread([each[arm][layer] for each in outcomes], 2) for arm in ARMS))
            for layer in range(len(outcomes[0]["read"]))]
    rows += [(name, *(spread([each["one vector"][name][way] for each in outcomes], 2) for way in (0, 1)), "")
             for name in outcomes[0].get("one vector", ())]
    return Table(("", *ARMS.values()), rows, title,
                 "cosine within a sense less that across, all words, mean ± deviation over the seeds")


def words_of(outcomes: Sequence[dict], known: Mapping[str, tuple[str, int | str]]) -> Table:
    """A line for each word, in the layer that is best for all together."""
    best = [int(np.argmax(each["read"][1:])) + 1 for each in outcomes]
    rows = [(word, *said, *(f"{each['words'][word][layer]:.2f}" for each, layer in zip(outcomes, best, strict=True)))
            for word, said in known.items()]
    return Table(("word", "senses", "sentences of each", *(f"seed {each['seed']}" for each in outcomes)), rows,
                 note=f"in the layer that is best for all words together: {', '.join(map(str, best))}")


def draw(found: Found, folder: Path) -> None:
    """two-senses.png: the cosines of one word in every layer, first seed, and how far apart all are, every seed."""
    from tinyformer import plot
    shown = found[None][0]["shown"]
    squares = {f"layer {layer}" if layer else "what enters": np.array(square)
               for layer, square in enumerate(shown["cosines"])}
    said = "within a sense less across"
    flat = {"CBOW, skip-gram": [[(layer, each["one vector"][name][0]) for layer in (0, LAYERS)] for name in KINDS
                                for each in found[None]]}
    panels = [plot.Panel(title, said, {words: [list(enumerate(each[arm])) for each in outcomes]
                                       for arm, words in ARMS.items()} | more, "layer", levels=level)
              for title, outcomes, level, more in (
                  ("All words together, every seed", found[None], {"to be seen": SEEN}, flat),
                  ("Noun or verb, in the files given", found.given, {}, {})) if outcomes]
    panels.insert(1, plot.Panel("Each word, mean of the seeds", said, {
        word: [list(enumerate(np.mean([each["words"][word] for each in found[None]], 0)))]
        for word in tinyland_words()}, "layer"))
    plot.alike(squares, shown["texts"], shown["senses"], panels, folder / "two-senses.png",
               title=f"\"{SHOWN}\" in {len(shown['texts'])} sentences: do the vectors of one sense find each other?")

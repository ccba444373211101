"""How is tinyland read as a corpus?  As the texts of so many documents, each of which has a twin on another topic."""

from tinyformer.errors import InputError
from tinyformer.tinyland.documents import World

DOCUMENTS = 20_000                               # how many are told where nobody says: about a million words


class WorldTexts(list):
    """The texts of documents `start` to `start + n` of a world, and on demand their twins, told when asked for."""

    def __init__(self, world: World, n: int, start: int = 0):
        super().__init__(world.documents(n, start=start))
        self.world, self.start = world, start
        self._twins: list[str] = []

    def twins(self) -> list[str]:
        """For each document the text that tells of another topic, sentence for sentence: see `World.twin`."""
        if not self._twins:                                      # to tell them takes as long as all the rest
            self._twins = [self.world.twin(index).text for index in range(self.start, self.start + len(self))]
        return self._twins


def read_world(n: int = DOCUMENTS, seed: int = 0, validation: float = 0.1) -> tuple[WorldTexts, WorldTexts]:
    """(training, held out): n documents of the world with this seed, of which the last share is held out.

    Sentences recur in a world with so few words; the documents held out are new as wholes, not in every sentence.
    InputError where n leaves nothing to train on.
    """
    if n < 1:
        raise InputError(f"tinyland: {n} documents; tell 1 or more (--world-documents)")
    kept = min(n - 1, round(n * validation))
    world = World(seed)
    return WorldTexts(world, n - kept), WorldTexts(world, kept, start=n - kept)

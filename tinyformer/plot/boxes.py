"""What stands in the picture of a graph, before anybody knows where?  Boxes, frames around them, and lines between."""

from dataclasses import dataclass, field

ACROSS, DOWN, ENTRY = 24.0, 20.0, 12.0        # between neighbours, between rows, between two lines into one box
HEAVY, LIGHT = 100.0, 1.0                     # a line gives way to a box


@dataclass(eq=False)
class Place:
    """Something that stands in a row: a box, a frame with what is in it, a line that passes, or its way in or out."""

    left: float = 4.0                         # its extent to either side of its axis
    right: float = 4.0
    height: float = 0.0
    weight: float = LIGHT
    edge: float = 0.0                         # how far within its height lines come in and go out
    row: int = 0
    x: float = 0.0                            # of the axis, and of the top, within its frame
    y: float = 0.0
    above: list = field(default_factory=list)                  # what it is joined to: (Place, key of the source)
    below: list = field(default_factory=list)
    chain: list = field(default_factory=list)                  # of a line: its places in all rows

    def entry(self, source) -> float:
        """How far from its axis the line of a source comes in."""
        return 0.0

    def exit(self, source) -> float:
        """How far from its axis the line of a source goes out."""
        return 0.0


@dataclass(eq=False)
class Box(Place):
    """A box of the picture, whose axis need not be its middle."""

    weight: float = HEAVY
    key: object = None
    door: float = 0.0                         # how wide it is where lines come in


@dataclass(eq=False)
class Group(Place):
    """A frame: its boxes and frames in their order, and the room it keeps on each side of them."""

    weight: float = HEAVY
    key: object = None
    inside: list = field(default_factory=list)
    margins: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)          # top, right, bottom, left
    sill: float = 0.0                         # how deep below the upper edge a line that comes in may first bend
    least: float = 0.0                        # width
    ways_in: dict = field(default_factory=dict)                # the key of a source -> its Place in the first row
    ways_out: dict = field(default_factory=dict)
    strokes: list = field(default_factory=list)

    def entry(self, source) -> float:
        return self.ways_in[source].x - self.left

    def exit(self, source) -> float:
        return self.ways_out[source].x - self.left

"""Where does each box of a graph stand?  In layers, each below what it came from, and no line through a box.

Sugiyama's way (Sugiyama, Tagawa, Toda 1981), frame by frame from the inside out.  Rows: the longest path from above.
A line that passes rows gets a place of its own in each.  The order in a row: by the mean of what stands above.  Then
each wants to stand straight below and above its neighbours, and rows are spread so that nothing overlaps.
"""

from itertools import pairwise

from tinyformer.plot.boxes import ACROSS, DOWN, HEAVY, Box, Group, Place
from tinyformer.plot.routes import emit, strokes_of


def arrange(whole: Group, lines: list[tuple]) -> tuple[dict, list[str]]:
    """Lay out everything: key -> (x, y, width, height), and the lines as SVG paths, each with True if it ends in a box.

    `lines` are pairs of keys of boxes, (source, target); one that is there twice is drawn twice.
    """
    homes: dict = {}

    def note(group: Group, above: tuple) -> None:
        for member in group.inside:
            homes[member.key] = (*above, group, member)
            if isinstance(member, Group):
                note(member, (*above, group))

    note(whole, ())
    _lay_out(whole, lines, homes)
    places: dict = {}
    paths: list = []
    emit(whole, whole.left, 0.0, places, paths)
    return places, paths


def _lay_out(group: Group, lines, homes) -> None:
    for member in group.inside:
        if isinstance(member, Group):
            _lay_out(member, lines, homes)
    edges = _edges(group, lines, homes)
    rows = _rows(group, edges)
    chains = _pass(edges, rows)
    _order(rows)
    _spread_out(rows)
    _settle(group, rows)
    group.strokes = strokes_of(rows, edges, chains, group.sill)


def _edges(group: Group, lines, homes) -> list[tuple]:
    """The lines as this frame sees them: (from, to, key of the source, how often), between its members and its ways."""
    found: dict = {}
    for source, target in lines:
        start, end = _member(group, homes[source]), _member(group, homes[target])
        if start is end:                                       # within one member, or nowhere here
            continue
        if start is None:
            start = group.ways_in.setdefault(source, Place())
        if end is None:
            end = group.ways_out.setdefault(source, Place())
        found[start, end, source] = found.get((start, end, source), 0) + 1
    return [(*edge, times if isinstance(edge[1], Box) else 1) for edge, times in found.items()]


def _member(group: Group, home: tuple):
    """Which member of the group is, or holds, the box with this home; None for one outside."""
    return home[home.index(group) + 1] if group in home else None


def _rows(group: Group, edges) -> list[list[Place]]:
    """Each place below all that it comes from; one that comes from nothing, just above what it goes to."""
    starts: dict = {}
    ends: dict = {}
    for start, end, *_ in edges:
        starts.setdefault(end, []).append(start)
        ends.setdefault(start, []).append(end)
    for member in group.inside:                                # in the order in which they were made
        member.row = max((start.row + 1 for start in starts.get(member, ())), default=1)
    last = max((member.row for member in group.inside), default=0)
    for way in group.ways_out.values():
        way.row = last + 1
    for member in reversed(group.inside):
        if member not in starts:
            member.row = min((end.row - 1 for end in ends.get(member, ())), default=member.row)
    rows: list[list[Place]] = [[] for _ in range(last + 2)]
    for place in (*group.ways_in.values(), *group.inside, *group.ways_out.values()):
        rows[place.row].append(place)
    return rows


def _pass(edges, rows) -> dict:
    """Give each line a place in every row that it passes; those of one source share them."""
    chains: dict = {}
    for start, end, source, _ in edges:
        chain = chains.setdefault((start, source), [start])
        while chain[-1].row < end.row - 1:
            chain.append(Place(row=chain[-1].row + 1, chain=chain))
            rows[chain[-1].row].insert(0, chain[-1])
        for upper, lower in pairwise([*chain[:end.row - start.row], end]):
            if (lower, source) not in upper.below:
                upper.below.append((lower, source))
                lower.above.append((upper, source))
    return chains


def _order(rows) -> None:
    """Each row by the mean place of its neighbours in the row above, and then once more from below."""
    for sweep in range(4):
        down = sweep % 2 == 0
        for other, row in pairwise(rows if down else rows[::-1]):
            spots = {place: i for i, place in enumerate(other)}

            def middle(place, spots=spots, down=down, row=row):
                near = [spots[other] for other, _ in (place.above if down else place.below)]
                return sum(near) / len(near) if near else row.index(place)

            means = {place: middle(place) for place in row}
            row.sort(key=means.__getitem__)


def _spread_out(rows) -> None:
    for row in rows:
        _stand(row, [0.0 for _ in row])
    for down in (True, False) * 4:
        for row in rows if down else rows[::-1]:
            _stand(row, [_wish(place, down) for place in row])
    west = {id(place.chain): min(other.x for other in place.chain[1:]) for row in rows for place in row
            if place.chain and place is place.chain[1]}
    for row in rows:                                           # at last, lines straight down, as far left as one has to
        _stand(row, [west.get(id(place.chain), place.x) for place in row])


def _wish(place: Place, down: bool) -> float:
    """Straight below what it comes from; a box minds boxes first, and the lines that pass only where there are none."""
    near = place.above if down else place.below
    boxes = [(other, source) for other, source in near if other.weight == HEAVY]
    spots = [other.x + other.exit(source) - place.entry(source) if down else
             other.x + other.entry(source) - place.exit(source)
             for other, source in (boxes if boxes and place.weight == HEAVY else near)]
    return sum(spots) / len(spots) if spots else place.x


def _stand(row: list[Place], wishes: list[float]) -> None:
    """Move the places of a row as little as it takes from their wishes, so that they keep their order and distance.

    Less the room before it, each place only has to stand no further left than the one before: neighbours that break
    this are pooled to their weighted mean (isotonic regression).
    """
    room, pools = 0.0, []                                      # pools: [sum of weighted wishes, sum of weights, number]
    offsets = []
    for i, (place, wish) in enumerate(zip(row, wishes, strict=True)):
        room += row[i - 1].right + place.left + ACROSS * (1 if place.weight == HEAVY else 0.5) if i else 0.0
        offsets.append(room)
        pools.append([place.weight * (wish - room), place.weight, 1])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            last = pools.pop()
            pools[-1] = [a + b for a, b in zip(pools[-1], last, strict=True)]
    flat = [total / weight for total, weight, number in pools for _ in range(number)]
    for place, x, offset in zip(row, flat, offsets, strict=True):
        place.x = x + offset


def _settle(group: Group, rows) -> None:
    """From places around an axis to places from the corner, and the size of the whole."""
    top, right, bottom, left = group.margins
    everything = [place for row in rows for place in row]
    west = min((place.x - place.left for place in everything), default=0.0)
    east = max((place.x + place.right for place in everything), default=0.0)
    width = max(east - west + left + right, group.least)
    shift = (width - (east - west) - left - right) / 2 + left - west
    y = top
    for row in rows[1:]:
        tall = max((place.height for place in row), default=0.0)
        for place in row:
            place.x += shift
            place.y = y + (tall - place.height) / 2
        y += tall + DOWN if tall else 0.0
    group.height = y - DOWN + bottom
    for way in group.ways_in.values():                         # through the upper edge of the frame itself,
        way.x += shift
    for way in group.ways_out.values():                        # and the lower one
        way.y = group.height
    ways = [*group.ways_in.values()] or [*group.ways_out.values()]
    axis = sum(way.x for way in ways) / len(ways) if ways else width / 2
    group.left, group.right = axis, width - axis

"""Which way does each line of a graph go?  Straight down through the rows that it passes, in curves between them."""

from itertools import pairwise

from tinyformer.plot.boxes import DOWN, ENTRY, Box, Group


def strokes_of(rows, edges, chains, sill: float) -> list[tuple]:
    """Every line in pieces: (where it begins, where it ends, where it may bend, whether it ends in a box)."""
    bounds = [(min((p.y for p in row), default=0.0), max((p.y + p.height for p in row), default=0.0)) for row in rows]
    bounds[0] = (0.0, sill)
    entries: dict = {}
    for _, end, _, times in edges:
        entries[end] = entries.get(end, 0) + times

    def begin(place, edge):
        if place is edge[0]:
            return place.x + place.exit(edge[2]), place.y + place.height - place.edge
        return place.x, bounds[place.row][1]

    def last_of(edge):
        start, end, source, _ = edge
        return chains[start, source][end.row - start.row - 1]

    used: dict = {}
    strokes = []
    for edge in sorted(edges, key=lambda edge: begin(last_of(edge), edge)[0]):     # into one box from left to right
        start, end, source, times = edge
        for upper, lower in pairwise(chains[start, source][:end.row - start.row]):
            top, bottom = ((lower.x, y) for y in bounds[lower.row])
            strokes += [(begin(upper, edge), top, bounds[upper.row][1], False), (top, bottom, top[1], False)]
        last = last_of(edge)
        for _ in range(times):
            aside = 0.0
            if isinstance(end, Box):                           # several come in beside one another
                apart = min(ENTRY, (end.door - ENTRY) / max(entries[end] - 1, 1))
                aside = (used.get(end, 0) - (entries[end] - 1) / 2) * apart
                used[end] = used.get(end, 0) + 1
            arrival = end.x + end.entry(source) + aside, end.y + end.edge
            strokes.append((begin(last, edge), arrival, bounds[last.row][1], isinstance(end, Box)))
    return list(dict.fromkeys(strokes))


def emit(group: Group, x: float, y: float, places: dict, paths: list) -> None:
    """Absolute places and paths of a group whose axis is at x and whose top is at y."""
    corner = x - group.left
    places[group.key] = (corner, y, group.left + group.right, group.height)
    for member in group.inside:
        if isinstance(member, Group):
            emit(member, corner + member.x, y + member.y, places, paths)
        else:
            places[member.key] = (corner + member.x - member.left, y + member.y, member.left + member.right,
                                  member.height)
    for begin, end, bend, arrives in group.strokes:
        (x0, y0), (x1, y1) = ((corner + a, y + b) for a, b in (begin, end))
        paths.append((_path(x0, y0, x1, y1, y + bend), arrives))


def _path(x0, y0, x1, y1, bend) -> str:
    """Straight down to the end of the row, and in a curve from there; the last stretch into a box is straight again."""
    if abs(x0 - x1) < 0.5:
        return f"M{x0:.1f} {y0:.1f}V{y1:.1f}"
    half = min(y1, bend + DOWN)
    middle = (bend + half) / 2
    return (f"M{x0:.1f} {y0:.1f}V{bend:.1f}C{x0:.1f} {middle:.1f} {x1:.1f} {middle:.1f} {x1:.1f} {half:.1f}"
            + (f"V{y1:.1f}" if y1 - half > 0.05 else ""))

"""Can the picture of a graph be read?  Nothing overlaps, nothing is cut, no line runs through a box."""

import re
import xml.etree.ElementTree as ET
from itertools import combinations

import numpy as np
import pictures
import pytest
import small

from tinyformer import Tensor, ops
from tinyformer.plot.graph import Array, Frame, Graph, Step
from tinyformer.plot.graph_picture import FILLS, LETTER

SVG = "{http://www.w3.org/2000/svg}"
CARDS = {fill for fill, _ in FILLS.values()}


def wild(seed: int) -> Graph:
    """Steps that are joined anyhow, within frames within frames."""
    rng = np.random.default_rng(seed)
    frames = {f"{name} 0": Frame(name, "Kind", times=1 + (name == "b")) for name in "abcd"}
    paths = [(), ("a 0",), ("a 0", "b 0"), ("a 0", "b 0"), ("a 0", "b 0"), ("a 0",), ("a 0", "c 0"), ("a 0", "c 0"), (),
             ("d 0",), ("d 0",), (), (), ()]
    steps = []
    for key, path in enumerate(paths):
        inputs = tuple(int(i) for i in rng.integers(0, key, rng.integers(1, 4))) if key else ()
        arrays = tuple(Array("name" * int(n), (3, 4)) for n in rng.integers(1, 4, rng.integers(0, 3)))
        steps.append(Step(key, "an_op", Array("", (2, 3), ((1.0, -2.5),) if key % 3 else None, ((0.1, 1e-7),)), inputs,
                          arrays, arrays[:1], frame=path))
    return Graph(steps, frames)


def drawn() -> dict:
    a = Tensor(3.0)
    numbers = ops.exp(a) * a / (a + 1)
    graphs = {"a leaf that is shared": numbers.graph().svg}
    for name, make, batch in (("bert", small.bert, small.pretraining_batch), ("gpt", small.gpt, small.text_batch),
                              ("seq2seq", small.seq2seq, small.seq2seq_batch)):
        model = make()
        graphs[name] = model.loss(batch()).graph().svg
    return graphs | {f"wild {seed}": wild(seed).svg for seed in range(8)}


@pytest.fixture(scope="module")
def svgs() -> dict:
    return {name: ET.fromstring(text) for name, text in drawn().items()}


def box(rect) -> tuple:
    x, y, width, height = (float(rect.get(name)) for name in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def cards(svg) -> list:
    return [box(rect) for rect in svg.iter(f"{SVG}rect") if rect.get("fill") in CARDS and rect.get("rx") == "5"]


def meet(one, other) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def holds(outer, inner) -> bool:
    return outer[0] <= inner[0] and outer[1] <= inner[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


def test_no_two_cards_overlap_and_all_are_on_the_sheet(svgs):
    for name, svg in svgs.items():
        found, (x, y, width, height) = cards(svg), map(float, svg.get("viewBox").split())
        assert len(found) > 3
        assert not [pair for pair in combinations(found, 2) if meet(*pair)], name
        assert all(holds((x, y, x + width, y + height), card) for card in found)


def test_frames_are_within_one_another_or_apart_and_cut_no_card(svgs):
    for name, svg in svgs.items():
        frames = [box(rect) for rect in svg.iter(f"{SVG}rect") if rect.get("rx") == "8"]
        for one, other in combinations(frames, 2):
            pile = abs(one[0] - other[0]) < 9 and abs(one[1] - other[1]) < 9           # several alike, one on top
            assert pile or not meet(one, other) or holds(one, other) or holds(other, one), name
        for card in cards(svg):
            assert all(holds(frame, card) or not meet(frame, card) for frame in frames), name


def test_every_text_has_room(svgs):
    """Within its card, and no name of a frame on a card or on another text."""
    for name, svg in svgs.items():
        texts = []
        for text in svg.iter(f"{SVG}text"):
            words = "".join(text.itertext())
            wide, x, y = len(words) * LETTER, float(text.get("x")), float(text.get("y"))
            x -= wide if text.get("text-anchor") == "end" else 0
            texts.append((x, y - 10, x + wide, y + 2))
            if text.find(f"{SVG}tspan") is not None:
                assert any(holds(card, texts[-1]) for card in cards(svg)), (name, words)
            else:
                assert not any(meet(card, texts[-1]) for card in cards(svg)), (name, words)
        assert not [pair for pair in combinations(texts, 2) if meet(*pair)], name


def points(path: str) -> list[tuple]:
    """A path of M, V and C as many points."""
    found = []
    for letter, numbers in re.findall(r"([MVC])([^MVCL]*)", path):
        values = [float(number) for number in numbers.split()]
        if letter == "M":
            found.append((values[0], values[1]))
        elif letter == "V":
            (x, y), n = found[-1], 20
            found += [(x, y + (values[0] - y) * i / n) for i in range(1, n + 1)]
        else:
            (x0, y0), (x1, y1, x2, y2, x3, y3), n = found[-1], values, 20
            for i in range(1, n + 1):
                t = i / n
                weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3
                found.append(tuple(sum(w * p for w, p in zip(weights, four, strict=True))
                                   for four in ((x0, x1, x2, x3), (y0, y1, y2, y3))))
    return found


def test_no_line_runs_through_a_card(svgs):
    for name, svg in svgs.items():
        inner = [(x0 + 1, y0 + 1, x1 - 1, y1 - 1) for x0, y0, x1, y1 in cards(svg)]
        for path in svg.iter(f"{SVG}path"):
            if path.get("fill") == "none":
                for x, y in points(path.get("d")):
                    assert not any(x0 < x < x1 and y0 < y < y1 for x0, y0, x1, y1 in inner), (name, path.get("d"))


def test_every_arrow_ends_at_a_card(svgs):
    for svg in svgs.values():
        ends = [points(path.get("d"))[-1] for path in svg.iter(f"{SVG}path") if path.get("marker-end")]
        assert ends and all(any(abs(y - card[1]) < 0.2 and card[0] < x < card[2] for card in cards(svg))
                            for x, y in ends)


def test_every_line_goes_on_until_it_arrives(svgs):
    """Where one piece of a line ends without an arrow, another begins: also through the edges of frames."""
    for name, svg in svgs.items():
        lines = [path for path in svg.iter(f"{SVG}path") if path.get("fill") == "none"]
        begins = np.array([points(path.get("d"))[0] for path in lines])
        for path in lines:
            if not path.get("marker-end"):
                gaps = np.abs(begins - points(path.get("d"))[-1]).max(1)
                assert gaps.min() < 0.6, (name, path.get("d"))


def test_many_inputs_come_in_side_by_side():
    steps = [Step(key, "exp", Array("", (2, 3))) for key in range(30)]
    svg = ET.fromstring(Graph([*steps, Step(30, "add_all", Array(), tuple(range(30)))], {}).svg)
    last = max(cards(svg), key=lambda card: card[3])
    ends = sorted(points(path.get("d"))[-1][0] for path in svg.iter(f"{SVG}path") if path.get("marker-end"))
    assert len(ends) == 30 and last[0] < ends[0] and ends[-1] < last[2] and np.diff(ends).min() > 0.5


@pytest.mark.parametrize("name", pictures.PICTURES)
def test_the_pictures_on_the_pages_are_what_is_drawn_today(name):
    kept = (pictures.FOLDER / name).read_text(encoding="utf-8")
    assert kept == pictures.PICTURES[name](), "python tests/pictures.py draws it again"


def test_a_layer_of_bert_fits_on_a_screen():
    svg = ET.fromstring((pictures.FOLDER / "bert-layer.svg").read_text(encoding="utf-8"))
    assert int(svg.get("height")) <= 900 and int(svg.get("width")) <= 1200

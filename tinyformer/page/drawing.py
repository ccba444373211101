"""How does a picture travel to the page, where nothing is shown as markup?  As plain data, of a few kinds of element.

The page makes each element anew and sets these attributes alone, so that no text in a picture can become anything else.
"""

from typing import Any
from xml.etree import ElementTree

ELEMENTS = {                                  # what a drawn graph is made of, and the attributes that each may have
    "svg": "width height viewBox font-family font-size role", "title": "", "defs": "", "g": "class",
    "marker": "id markerWidth markerHeight refX refY orient", "path": "d fill stroke stroke-width marker-end",
    "rect": "x y width height rx fill stroke", "text": "x y fill text-anchor", "tspan": "fill font-weight",
}


def as_data(svg: str) -> list:
    """An SVG text as [element, {attribute: value}, [children and texts]]; ValueError for anything but `ELEMENTS`."""
    return _data(ElementTree.fromstring(svg))


def _data(element: Any) -> list:
    name = element.tag.rpartition("}")[2]
    if name not in ELEMENTS:
        raise ValueError(f"as_data: the picture has an element {name!r}; it may have {', '.join(ELEMENTS)}")
    found: dict[str, str] = {key: value for key, value in element.attrib.items() if not key.startswith("{")}
    if other := found.keys() - {*ELEMENTS[name].split()}:
        raise ValueError(f"as_data: {name} has an attribute {min(other)!r}; it may have {ELEMENTS[name] or 'none'}")
    children: list = [element.text] if element.text and element.text.strip() else []
    for child in element:
        children.append(_data(child))
    return [name, found, children]

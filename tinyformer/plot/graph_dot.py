"""How is a graph handed to Graphviz?  As text in its language, with frames as clusters: `dot -Tpdf graph.dot`."""

from itertools import takewhile

from tinyformer.plot.graph import Graph, Step, said, shape_text

FILLS = {"parameter": "#FFF1D0", "input": "#ECECEC"}


def dot_text(graph: Graph) -> str:
    """The whole graph: first the steps in their order, each within its clusters, and then what they come from."""
    lines = ["digraph {", '  node [shape=box, fontname="monospace", fontsize=11];']
    opened: tuple[str, ...] = ()
    for step in graph.steps:
        shared = len([*takewhile(lambda pair: pair[0] == pair[1], zip(opened, step.frame, strict=False))])
        lines += ["}"] * (len(opened) - shared)
        lines += [f"subgraph {_quoted(f'cluster {key}')} {{ label={_quoted(graph.frames[key].label())};"
                  for key in step.frame[shared:]]
        opened = step.frame
        lines.append(f"  {step.key} [label={_quoted(f'{said(step)} {shape_text(step.result)}')}];")
    lines += ["}"] * len(opened)
    return "\n".join([*lines, *(line for step in graph.steps for line in _joined(step)), "}", ""])


def _joined(step: Step) -> list[str]:
    """What a step comes from: other steps, and parameters and inputs as boxes of their own."""
    lines = [f"  {source} -> {step.key};" for source in step.inputs]
    for kind, arrays in (("parameter", step.parameters), ("input", step.constants)):
        for place, array in enumerate(arrays):
            name = _quoted(f"{step.key} {kind} {place}")
            lines.append(f'  {name} [label={_quoted(array.label())}, style=filled, fillcolor="{FILLS[kind]}"];')
            lines.append(f"  {name} -> {step.key};")
    return lines


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

"""Where the boxes and arrows of a flow's picture stand, in pixels. Pure: a template draws and escapes them.

Layers from top to bottom by the longest way to a step. Ways that skip a layer or lead back run between the
layers to lanes on the right, so that no arrow crosses a box.
"""

from __future__ import annotations

from dataclasses import dataclass

from runtime.flows.definition import Act, Branch, Collect, Confirm, End, Flow, Say, Step
from runtime.flows.graph import layers

BOX_WIDTH, BOX_HEIGHT = 196, 58
GAP_X, GAP_Y, MARGIN, LANE = 26, 44, 14, 18
MAX_LABEL, MAX_TEXT = 22, 30
KINDS = {
    "collect": "Asks",
    "say": "Says",
    "act": "Does",
    "confirm": "Yes or no",
    "branch": "Chooses",
    "end": "Ends",
}


@dataclass(frozen=True, slots=True)
class Box:
    """A step: its corner, what it is and what it says."""

    step: str
    kind: str
    title: str
    text: str
    x: int
    y: int
    outcome: str = ""
    unreached: bool = False

    @property
    def text_x(self) -> int:
        """Where its words begin."""
        return self.x + 12

    @property
    def title_y(self) -> int:
        """The base line of its first row."""
        return self.y + 23

    @property
    def text_y(self) -> int:
        """The base line of its second row."""
        return self.y + 43


@dataclass(frozen=True, slots=True)
class Arrow:
    """A way: an SVG path and its label with the place where that stands."""

    path: str
    label: str
    x: int
    y: int
    anchor: str


@dataclass(frozen=True, slots=True)
class Picture:
    """All of it, with its size."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    width: int
    height: int

    box_width: int = BOX_WIDTH
    box_height: int = BOX_HEIGHT


def draw(flow: Flow) -> Picture:
    """Return the picture of a flow; steps that nothing leads to stand in the last row."""
    depth = layers(flow)
    last = max(depth.values(), default=-1) + 1
    boxes: dict[str, Box] = {}
    taken: dict[int, int] = {}
    for step in flow.steps:
        if step.id in boxes:
            continue
        layer = depth.get(step.id, last)
        column = taken.get(layer, 0)
        taken[layer] = column + 1
        boxes[step.id] = Box(
            step.id,
            step.kind,
            f"{KINDS[step.kind]} · {step.id}"[: MAX_TEXT + 6],
            _short(_summary(step), MAX_TEXT),
            MARGIN + column * (BOX_WIDTH + GAP_X),
            MARGIN + layer * (BOX_HEIGHT + GAP_Y),
            step.outcome if isinstance(step, End) else "",
            step.id not in depth,
        )
    inner = MARGIN + max(taken.values(), default=1) * (BOX_WIDTH + GAP_X)
    arrows, lanes = _arrows(flow, boxes, depth, inner)
    rows = max(taken, default=0) + 1
    width = inner + lanes * LANE + (MAX_LABEL * 7 if lanes else 0)
    return Picture(tuple(boxes.values()), tuple(arrows), width, MARGIN + rows * (BOX_HEIGHT + GAP_Y))


def _arrows(flow: Flow, boxes: dict[str, Box], depth: dict[str, int], inner: int) -> tuple[list[Arrow], int]:
    """Return the arrows and the number of lanes they take on the right."""
    arrows: list[Arrow] = []
    lanes = 0
    for step in flow.steps:
        ways = [(edge, target) for edge, target in flow.ways(step) if target in boxes]
        box = boxes[step.id]
        for place, (edge, target) in enumerate(ways):
            to = boxes[target]
            start = box.x + BOX_WIDTH * (place + 1) // (len(ways) + 1)
            label = _short(edge.label, MAX_LABEL)
            if depth.get(target, 0) == depth.get(step.id, 0) + 1:
                bottom, end = box.y + BOX_HEIGHT, to.x + BOX_WIDTH // 2
                bend = GAP_Y // 2
                path = f"M{start} {bottom} C{start} {bottom + bend} {end} {to.y - bend} {end} {to.y}"
                arrows.append(Arrow(path, label, start + 5, bottom + 14, "start"))
                continue
            lane = inner + lanes * LANE
            lanes += 1
            bottom, end = box.y + BOX_HEIGHT, to.x + BOX_WIDTH * 3 // 4
            out, back = bottom + GAP_Y // 2 + 5 * (place % 3), to.y - 10
            path = f"M{start} {bottom} V{out} H{lane} V{back} H{end} V{to.y}"
            arrows.append(Arrow(path, label, start + 5, bottom + 14, "start"))
    return arrows, lanes


def _summary(step: Step) -> str:
    """Return in a few words what the step is about."""
    if isinstance(step, Collect):
        return step.question
    if isinstance(step, Act):
        return step.action or "no action yet"
    if isinstance(step, Confirm):
        return step.question
    if isinstance(step, Branch):
        return f"by {step.on}"
    if isinstance(step, Say):
        return step.text
    return (step.text or step.outcome) if isinstance(step, End) and not step.reason else _reason(step)


def _reason(step: Step) -> str:
    return step.reason if isinstance(step, End) else ""


def _short(text: str, length: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"

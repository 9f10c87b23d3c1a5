"""A flow as a graph: what is reached, which ways lead where, what is certain at each step. Pure.

Paths visit a step at most once, and at most MAX_PATHS of them are looked at: a flow of 40 branches has more
than anybody reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from runtime.flows.definition import Collect, Confirm, Edge, End, Flow, Step

MAX_PATHS = 200
MAX_MOVES = 20_000  # in the search for paths: a tangle of branches has more ways than time
MIN_EXCHANGES, MAX_EXCHANGES = 2, 4  # "two to four exchanges before resolution" (the guide, step 3)


@dataclass(frozen=True, slots=True)
class Path:
    """One way from the start to an end; an exchange is a customer's message with the agent's reply.

    ``exchanges`` counts the opening message and each question on the way, as if nothing were known before.
    """

    steps: tuple[str, ...]
    labels: tuple[str, ...]  # of the way taken out of each step but the last
    exchanges: int
    end: str  # resolved, escalated, or "" where the way just stops

    @property
    def text(self) -> str:
        """The path in one line."""
        words = [self.steps[0]] if self.steps else []
        for label, step in zip(self.labels, self.steps[1:], strict=True):
            words.append(f"→ {f'({label}) ' if label else ''}{step}")
        return " ".join(words)


def asks(step: Step) -> bool:
    """Tell whether the step waits for the customer, counted by its own number of tries."""
    return isinstance(step, (Collect, Confirm))


def reached(flow: Flow, start: str = "") -> frozenset[str]:
    """Return the ids of the steps that some way from ``start`` (or the first step) leads to, itself too."""
    seen: set[str] = set()
    waiting = [start or flow.steps[0].id] if flow.steps else []
    while waiting:
        name = waiting.pop()
        step = flow.by_id.get(name)
        if step is None or name in seen:
            continue
        seen.add(name)
        waiting.extend(target for _, target in flow.ways(step))
    return frozenset(seen)


def paths(flow: Flow) -> list[Path]:
    """Return the ways from the start to an end, in the order of the steps' own ways."""
    found: list[Path] = []
    moves = 0

    def walk(name: str, steps: tuple[str, ...], labels: tuple[str, ...], exchanges: int) -> None:
        nonlocal moves
        moves += 1
        if len(found) >= MAX_PATHS or moves > MAX_MOVES or name in steps:
            return
        step = flow.by_id.get(name)
        if step is None:
            found.append(Path(steps, labels[: max(len(steps) - 1, 0)], exchanges, ""))
            return
        steps, exchanges = (*steps, name), exchanges + asks(step)
        if isinstance(step, End):
            found.append(Path(steps, labels, exchanges, step.outcome))
            return
        for edge, target in flow.ways(step):
            walk(target, steps, (*labels, edge.label), exchanges)

    if flow.steps:
        walk(flow.steps[0].id, (), (), 1)
    return found


def idle_cycles(flow: Flow) -> list[tuple[str, ...]]:
    """Return the circles on which nobody is asked, so that nothing counts how often they are gone round."""
    state: dict[str, int] = {}
    found: list[tuple[str, ...]] = []

    def visit(name: str, trail: tuple[str, ...]) -> None:
        step = flow.by_id.get(name)
        if step is None or asks(step) or state.get(name) == 2:
            return
        if name in trail:
            found.append(trail[trail.index(name) :])
            return
        for _, target in flow.ways(step):
            visit(target, (*trail, name))
        state[name] = 2

    for step in flow.steps:
        visit(step.id, ())
    return found


def certain_at(flow: Flow, gives: Callable[[Step, Edge], Iterable[str]]) -> dict[str, frozenset[str]]:
    """Return, by step, what every way to it has given; ``gives`` says what a way out of a step gives."""
    if not flow.steps:
        return {}
    start = flow.steps[0].id
    certain: dict[str, frozenset[str]] = {start: frozenset()}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        step = flow.by_id[name]
        for edge, target in flow.ways(step):
            if target not in flow.by_id:
                continue
            given = certain[name] | frozenset(gives(step, edge))
            merged = given & certain[target] if target in certain else given
            if certain.get(target) != merged:
                certain[target] = merged
                waiting.append(target)
    return certain


def layers(flow: Flow) -> dict[str, int]:
    """Return, by step that is reached, how far down it belongs: below all that lead to it, circles cut."""
    depth: dict[str, int] = {}
    order: list[str] = []
    on_way: set[str] = set()
    back: set[tuple[str, str]] = set()

    def visit(name: str) -> None:
        on_way.add(name)
        for _, target in flow.ways(flow.by_id[name]):
            if target in on_way:
                back.add((name, target))
            elif target in flow.by_id and target not in order:
                visit(target)
        on_way.discard(name)
        order.append(name)

    if flow.steps:
        visit(flow.steps[0].id)
    for name in reversed(order):
        depth.setdefault(name, 0)
        for _, target in flow.ways(flow.by_id[name]):
            if target in flow.by_id and (name, target) not in back:
                depth[target] = max(depth.get(target, 0), depth[name] + 1)
    return depth

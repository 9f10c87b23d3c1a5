"""What an editor shows beside a definition: findings, picture and paths, also where it cannot be read yet."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.template.loader import render_to_string

from core.errors import InvalidInput
from runtime.flows.checks import check
from runtime.flows.definition import Flow, flow_loads
from runtime.flows.graph import MAX_EXCHANGES, MIN_EXCHANGES, Path, paths
from runtime.flows.picture import draw
from runtime.flows.selectors import surroundings

MAX_PATHS_SHOWN = 30


def readout(text: str, intent: str) -> dict[str, Any]:
    """Return ``findings``, ``picture`` (safe HTML) and ``problem`` ("" where the definition can be read)."""
    try:
        flow, _ = flow_loads(text)
    except InvalidInput as fault:
        return {"problem": fault.message, "findings": [], "picture": ""}
    findings = [asdict(finding) for finding in check(flow, intent, surroundings())]
    return {"problem": "", "findings": findings, "picture": picture_html(flow)}


def picture_html(flow: Flow) -> str:
    """Return the picture of a flow with its ways written out, as HTML whose every text is escaped."""
    ways = paths(flow)
    context = {
        "picture": draw(flow) if flow.steps else None,
        "paths": [(way, is_usual(way)) for way in ways[:MAX_PATHS_SHOWN]],
        "more": max(len(ways) - MAX_PATHS_SHOWN, 0),
    }
    return render_to_string("admin/runtime/flow_picture.html", context)


def is_usual(way: Path) -> bool:
    """Tell whether the way takes two to four exchanges and ends."""
    return bool(way.end) and MIN_EXCHANGES <= way.exchanges <= MAX_EXCHANGES

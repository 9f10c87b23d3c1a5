"""What changed from one definition to another, step by step in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MAX_VALUE = 200


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return a line for each step that was added, taken out, moved or reworded."""
    old = {step["id"]: step for step in before.get("steps", ())}
    new = {step["id"]: step for step in after.get("steps", ())}
    lines = [f"{name}: added ({step['kind']})" for name, step in new.items() if name not in old]
    lines += [f"{name}: taken out ({step['kind']})" for name, step in old.items() if name not in new]
    for name, step in new.items():
        for field in sorted({*step, *old.get(name, step)}):
            was, now = old.get(name, step).get(field), step.get(field)
            if was != now:
                lines.append(f"{name}, {field}: {_short(was)} → {_short(now)}")
    if [name for name in old if name in new] != [name for name in new if name in old]:
        lines.append(f"The order is now {', '.join(new)}.")
    return lines


def _short(value: Any) -> str:
    if value is None or value == "":
        return "nothing"
    text = value if isinstance(value, str) else str(value)
    return f"“{text}”" if len(text) <= MAX_VALUE else f"“{text[:MAX_VALUE]}…”"

"""Who drafted an answer and what was left out, in words, from what its trace keeps. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.drafting import answering, grounding
from runtime.drafting.contracts import LLM

FAILURES: Mapping[str, str] = {
    "timeout": "the language model did not answer in time",
    "no_time": "there was no time left to ask the language model",
    "busy": "the language model was busy with other answers",
    "paused": "the language model had failed three times in a row and is not asked for 30 seconds",
    "unreachable": "the language model cannot be reached",
    "wants_a_tool": "the language model wanted to act instead of answering",
    "unfinished": "the language model broke off in the middle",
    "too_long": "the language model's answer was too long",
    "answer_too_large": "the language model's answer was too large",
    "private_address": "the language model's address leads into a private network",
    "bad_address": "the language model's address is not valid",
}


@dataclass(frozen=True, slots=True)
class DraftTold:
    """``by`` in words; ``why`` not the language model, "" where it was; what was left out, and why."""

    by: str
    why: str
    dropped: tuple[tuple[str, str], ...]
    more: int = 0
    llm_ms: float | None = None


def draft_told(kept: Mapping[str, Any]) -> DraftTold:
    """Return what the ``draft`` of a reply step says."""
    by_model = kept.get("by") == LLM
    dropped = tuple(
        (str(one.get("text", "")), grounding.WHYS.get(str(one.get("why", "")), str(one.get("why", ""))))
        for one in kept.get("dropped", ())
    )
    return DraftTold(
        "A language model, from the cited section" if by_model else "The cited section, in its own words",
        "" if by_model else _why(str(kept.get("why", ""))),
        dropped,
        int(kept.get("dropped_more", 0)),
        kept.get("llm_ms"),
    )


def drafts_told(steps: Sequence[Mapping[str, Any]]) -> list[DraftTold]:
    """Return the drafts of a turn from its trace's steps: one, or two where it answers two wishes."""
    details = next((step.get("details") or {} for step in steps if step.get("name") == "reply"), {})
    other = details.get("other") or {}
    return [draft_told(one["draft"]) for one in (details, other) if one.get("draft")]


def _why(code: str) -> str:
    if code in answering.WHYS:
        return answering.WHYS[code]
    reason = code.removeprefix("llm_")
    return FAILURES.get(reason, f"the language model gave no usable answer ({reason})") if code else ""

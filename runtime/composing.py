"""The words of a turn: the decision's own, and what the other of two wishes got. Decides nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from escalation import engine
from kb.contracts import SearchHit
from runtime.contracts import TurnRequest
from runtime.flows.texts import DONE
from runtime.handing_over import handoff_words
from runtime.replies import clarify_reply, out_of_scope_reply
from runtime.second_wish import is_said_first, put_off
from runtime.turn_state import Context, Engines, Outcome

DRAFTING_SECONDS = 1.8  # of a turn, for all the answers that it holds


def compose(outcome: Outcome, request: TurnRequest, context: Context, engines: Engines) -> Mapping[str, Any]:
    """Word what the turn says, and what the other of two wishes got: a question or a person comes last."""
    deadline = time.monotonic() + DRAFTING_SECONDS
    details = _word(outcome, request, context, engines, deadline)
    other = outcome.also
    if other is None:
        return details
    if is_said_first(other.decision):
        details = {"other": _word(other, request, context, engines, deadline), **details}
        follows = other.is_second and is_said_first(outcome.decision)
        first, last = (outcome, other) if follows else (other, outcome)
        outcome.reply, outcome.citations = (
            f"{first.reply}\n\n{last.reply}",
            (*first.citations, *last.citations),
        )
    elif other.profile:
        later = put_off(outcome.decision, other.decision, other.profile.label)
        outcome.reply = f"{later}\n\n{outcome.reply}" if later else outcome.reply
    return details


def _word(
    outcome: Outcome, request: TurnRequest, context: Context, engines: Engines, deadline: float
) -> Mapping[str, Any]:
    action, found = outcome.decision.action, outcome.search
    details: dict[str, Any] = {}
    if action == "escalate":
        outcome.reply = handoff_words(outcome, request, context, engines)
    elif action == "clarify":
        outcome.reply = clarify_reply(outcome.decision.reason, outcome.options)
    elif action == "out_of_scope" and found and found.out_of_scope:
        outcome.reply = out_of_scope_reply(found.out_of_scope, engines.article_url)
    elif action == engine.ACT and outcome.flow and outcome.flow.progress:
        outcome.reply = outcome.flow.progress.reply or DONE
    elif action == "answer" and found and found.hits:
        draft = engines.draft(outcome.query, found.hits, url_of=engines.article_url, deadline=deadline)
        outcome.reply = draft.reply
        details["draft"] = draft.as_json()
        outcome.citations = tuple(_citation(hit) for hit in found.hits[:1])
    else:
        raise ValueError(f"Nothing found goes with the decision {action!r}.")
    return {"wait_seconds": outcome.wait_seconds} if action == "escalate" else details


def _citation(hit: SearchHit) -> dict[str, Any]:
    return {
        "article_id": hit.article_id,
        "revision_id": hit.revision_id,
        "title": hit.title,
        "heading_path": list(hit.heading_path),
        "anchor": hit.anchor,
        "quote": hit.quote,
        "url": hit.url,
        "score": hit.score,
    }

"""A packet in the words of the desk: what is wanted, why a person, what was tried, shown and collected. Pure.

Says everything that the packet holds and adds nothing. The values stay the customer's: the page sets them as
text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

STEPS: Mapping[str, str] = {
    "answer": "Answered",
    "clarify": "Asked a question",
    "act": "Led through a flow",
    "out_of_scope": "Said that it is not covered",
    "escalate": "Handed over to a person",
    "rules": "read the rules",
    "classify": "classified the message",
    "intent": "looked the intent up",
    "search": "searched the knowledge base",
    "decide": "decided",
    "flow": "went on in the flow",
    "reply": "worded the reply",
    "handoff_message": "worded the handoff message",
    "sense": "read the words for danger",
    "attempts": "counted failed attempts",
    "team": "found the team",
    "second_intent": "looked the second intent up",
    "second_attempts": "counted its failed attempts",
    "second_search": "searched for it too",
    "second_decide": "decided on it",
}
DECISIONS = frozenset(("answer", "clarify", "act", "out_of_scope", "escalate"))
PIPELINE = frozenset(STEPS) - DECISIONS
SOURCES = {"customer": "Said by the customer"}
KNOWLEDGE_BASE = "knowledge_base"
ENTRY_TYPES = (str, int, float, bool)


def packet_shown(packet: Mapping[str, Any]) -> dict[str, Any]:
    """Return the packet by the desk's headings, as plain values."""
    pulled = packet.get("data_pulled") or []
    return {
        "wants": _wants(packet),
        "why": _why(packet.get("rule") or {}),
        "tried": _tried(packet.get("attempted_steps") or []),
        "articles": _articles(one for one in pulled if one.get("source") == KNOWLEDGE_BASE),
        "data": [_data(one) for one in pulled if one.get("source") != KNOWLEDGE_BASE],
        "customer": _customer(packet.get("customer") or {}),
        "missing": list(packet.get("missing") or []),
        "suggested_reply": packet.get("suggested_reply") or "",
    }


def _wants(packet: Mapping[str, Any]) -> dict[str, Any]:
    intent = packet.get("intent") or {}
    if not intent.get("intent"):
        return {"label": "", "note": str(intent.get("unavailable") or "not known"), "alternatives": []}
    if intent.get("chosen_by_customer"):
        note = "chosen by the customer"
    else:
        confidence, threshold = float(intent["confidence"]), float(intent["threshold"])
        note = f"{confidence:.0%} certain ({threshold:.0%} needed)"
    return {
        "label": intent.get("label") or intent["intent"],
        "note": note + (", under the threshold: a guess" if intent.get("is_fallback") else ""),
        "alternatives": [
            {"label": str(one["intent"]).replace("_", " "), "share": f"{float(one['confidence']):.0%}"}
            for one in packet.get("alternatives") or []
        ],
    }


def _why(rule: Mapping[str, Any]) -> dict[str, Any]:
    rule_id = rule.get("rule_id")
    return {
        "kind": rule.get("kind") or "",
        "trigger": str(rule.get("trigger") or "").replace("_", " "),
        "rule": f"rule {rule_id}, version {rule.get('rule_version')}" if rule_id else "a safeguard, no rule",
        "words": rule.get("matched_text") or "",
    }


def _tried(steps: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the steps; what the agent did on the last message without failing is one line."""
    shown: list[dict[str, Any]] = []
    done: list[str] = []
    last: Mapping[str, Any] = {}
    for step in steps:
        name, outcome = str(step.get("step") or ""), str(step.get("outcome") or "")
        if name in PIPELINE and outcome == "done":
            done.append(STEPS.get(name, name))
            last = step
            continue
        shown.append(
            {
                "at": step.get("at") or "",
                "turn": step.get("turn"),
                "what": STEPS.get(name, name),
                "outcome": "" if outcome == "answered" else outcome.replace("_", " "),
                "detail": step.get("detail") or "",
                "failed": outcome.startswith("failed"),
            }
        )
    if done:
        line = {"at": last.get("at") or "", "turn": last.get("turn"), "what": "On the last message"}
        shown.append({**line, "outcome": ", ".join(done), "detail": "", "failed": False})
    return shown


def _articles(pulled: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return each section once; it was shown to the customer where the packet quotes it."""
    found: dict[tuple[Any, Any], dict[str, Any]] = {}
    for one in pulled:
        data = one.get("data") or {}
        key = (data.get("article_id"), data.get("anchor"))
        heading = " › ".join([str(data.get("title") or "Article"), *map(str, data.get("heading_path") or [])])
        score = data.get("score")
        entry = found.setdefault(
            key,
            {
                "title": heading,
                "at": one.get("at") or "",
                "url": _address(data.get("url")),
                "score": f"{float(score):.2f}" if score is not None else "",
                "shown": False,
            },
        )
        entry["shown"] = entry["shown"] or bool(data.get("quote"))
    return sorted(found.values(), key=lambda entry: not entry["shown"])


def _address(url: Any) -> str:
    """Return the address where it is a web page's or our own, else nothing."""
    text = str(url or "")
    ours = text.startswith("/") and not text.startswith("//")
    return text if ours or text.startswith(("https://", "http://")) else ""


def _data(pulled: Mapping[str, Any]) -> dict[str, Any]:
    source = str(pulled.get("source") or "")
    return {
        "source": SOURCES.get(source, source.replace("_", " ")),
        "at": pulled.get("at") or "",
        "values": [[str(name).replace("_", " "), _text(value)] for name, value in _items(pulled.get("data"))],
    }


def _items(data: Any) -> Iterable[tuple[Any, Any]]:
    return data.items() if isinstance(data, Mapping) else ()


def _customer(customer: Mapping[str, Any]) -> list[list[str]]:
    verified = "yes" if customer.get("verified") else "no: the facts below are only said"
    lines: list[list[Any]] = [
        ["Customer", customer.get("external_id") or "anonymous"],
        ["Identity verified", verified],
        ["Kind of user", customer.get("user_type")],
        ["Tier", customer.get("tier")],
        ["Channel", customer.get("channel")],
        ["Page", customer.get("page")],
    ]
    return [[name, _text(value)] for name, value in lines if value]


def _text(value: Any) -> str:
    return str(value) if isinstance(value, ENTRY_TYPES) and value != "" else "–"

"""The map of the audit as plain data (JSON), and the same as Markdown and CSV. Pure.

What a support lead signs is exactly this content; exports of a signed version are made from it and from
nothing else, so that they say the same for ever.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from core.proportions import Share
from core.spreadsheet import csv_text
from tickets.contracts import CategoryFigures, CategoryLine, TicketAudit

LABEL_NAMES = {
    "ai_resolvable": "AI-resolvable",
    "ai_assisted": "AI-assisted",
    "human_only": "human-only",
    "": "no label yet",
}
PATH_NAMES = {
    "information": "explained",
    "action": "done for the customer",
    "engineering": "engineering",
    "specialist": "another team",
    "self_solved": "solved by the customer",
    "no_reply": "no reply",
    "unclassified": "unclassified",
}
OUTCOME_NAMES = {
    "not_escalated": "not escalated",
    "reassigned": "passed to another team",
    "escalated": "escalated",
    "unclassified": "unclassified",
}
FLAGS = {
    "needs_judgement": "judgement",
    "policy_exception": "policy exception",
    "multi_system": "several systems",
}
CSV_HEADER = (
    "category",
    "core",
    "label",
    "why",
    "flags",
    "tickets",
    "share",
    "cumulative_share",
    "escalated",
    "escalation_known",
    "always_escalated",
    "reopened",
    "reopen_known",
    "csat_mean",
    "csat_count",
    "resolution_median_seconds",
    "resolution_p90_seconds",
)


def content_of(
    audit: TicketAudit,
    *,
    knowledge_base: Mapping[str, Any],
    not_founded: Iterable[Mapping[str, str]],
) -> dict[str, Any]:
    """Return everything that the map says, as JSON can hold it, in a stable order."""
    names: dict[int | None, str] = {line.category_id: line.name for line in audit.lines}
    cells = [
        {"category": names.get(category, "No category"), "path": path, "outcome": outcome, "tickets": n}
        for (category, path, outcome), n in audit.pivot.items()
    ]
    return {
        "window": {
            "start": audit.window_start.isoformat() if audit.window_start else None,
            "end": audit.window_end.isoformat() if audit.window_end else None,
        },
        "sources": dict(sorted(audit.sources.items())),
        "total": _figures(audit.total),
        "categories": [_line(line) for line in audit.lines],
        "unclassified": _figures(audit.unclassified),
        "pivot": sorted(cells, key=lambda cell: (cell["category"], cell["path"], cell["outcome"])),
        "knowledge_base": dict(knowledge_base),
        "not_founded": [dict(row) for row in not_founded],
    }


def digest_of(content: Mapping[str, Any]) -> str:
    """Return the sha256 of a content, the same for the same content."""
    return hashlib.sha256(to_json(content).encode()).hexdigest()


def to_json(content: Mapping[str, Any]) -> str:
    """Return the content as JSON with sorted keys."""
    return json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True)


def to_csv(content: Mapping[str, Any]) -> str:
    """Return one row per category, and one for all tickets, safe to open in a spreadsheet."""
    rows = [_csv_row(row) for row in content["categories"]]
    rows.append(_csv_row({**_NO_DECISION, "name": "No category", "figures": content["unclassified"]}))
    rows.append(_csv_row({**_NO_DECISION, "name": "All tickets", "figures": content["total"]}))
    return csv_text(CSV_HEADER, rows)


def to_markdown(content: Mapping[str, Any], *, title: str, signature: str) -> str:
    """Return the map as a document to read."""
    total = content["total"]
    lines = [f"# {title}", "", signature, ""]
    window = content["window"]
    if window["start"]:
        lines += [f"{total['tickets']:,} closed tickets, {window['start'][:10]} to {window['end'][:10]}.", ""]
    lines += ["## Categories", "", "| Category | Tickets | All so far | Escalated | Who resolves it | Why |"]
    lines += ["|---|---:|---:|---|---|---|"]
    lines += [_markdown_row(row) for row in content["categories"]]
    patterns = [row["name"] for row in content["categories"] if row["always_escalated"]]
    lines += ["", "## Patterns", ""]
    lines += [f"- Always escalated: {_cell(name)}" for name in patterns] or [
        "- No category is always escalated."
    ]
    lines += [
        f"- {_cell(row['name'])}: {', '.join(FLAGS[flag] for flag in row['flags'])}"
        for row in content["categories"]
        if row["flags"]
    ]
    lines += ["", "## Knowledge base", "", *_knowledge_base_lines(content["knowledge_base"])]
    lines += [
        "",
        "## Before AI",
        "",
        "| Category | Escalated | CSAT | Median time to resolution | Reopened |",
    ]
    lines += ["|---|---|---|---|---|"]
    lines += [
        _baseline_row(row["name"], row["figures"])
        for row in [*content["categories"], {"name": "All tickets", "figures": total}]
    ]
    lines += ["", "## Not founded", ""]
    lines += [f"- {_cell(row['name'])}: {row['why']}" for row in content["not_founded"]] or [
        "- Every intent and threshold rests on this audit."
    ]
    return "\n".join(lines) + "\n"


def duration(seconds: int | None) -> str:
    """Return a time to resolution as people say it."""
    if seconds is None:
        return "not known"
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds} seconds"


_NO_DECISION = {
    "core": False,
    "label": "",
    "label_reason": "",
    "flags": [],
    "share": None,
    "cumulative_share": None,
    "always_escalated": False,
}


def _figures(figures: CategoryFigures) -> dict[str, Any]:
    return {
        "tickets": figures.tickets,
        "escalated": _share(figures.escalated),
        "needs_judgement": _share(figures.judgement),
        "policy_exception": _share(figures.policy_exception),
        "multi_system": _share(figures.multi_system),
        "reopened": _share(figures.reopened),
        "csat_good": _share(figures.csat_good),
        "csat_sum": figures.csat_sum,
        "csat_mean": round(figures.csat_mean, 2) if figures.csat_mean is not None else None,
        "touches_sum": figures.touches_sum,
        "touches_known": figures.touches_known,
        "paths": dict(sorted(figures.paths.items())),
        "outcomes": dict(sorted(figures.outcomes.items())),
        "resolution_count": figures.resolution_count,
        "resolution_median_seconds": figures.resolution_median_seconds,
        "resolution_p90_seconds": figures.resolution_p90_seconds,
    }


def _line(line: CategoryLine) -> dict[str, Any]:
    return {
        "id": line.category_id,
        "name": line.name,
        "core": line.is_core,
        "label": line.label,
        "label_reason": line.label_reason,
        "labelled_by": line.labelled_by,
        "flags": [flag for flag in FLAGS if getattr(line, flag)],
        "share": round(line.share, 4),
        "cumulative_share": round(line.cumulative_share, 4),
        "always_escalated": line.always_escalated,
        "figures": _figures(line.figures),
    }


def _share(share: Share) -> dict[str, Any]:
    return {
        "part": share.part,
        "whole": share.whole,
        "low": round(share.low, 4),
        "high": round(share.high, 4),
    }


def _csv_row(row: Mapping[str, Any]) -> list[Any]:
    figures = row["figures"]
    return [
        row["name"],
        "yes" if row["core"] else "no",
        LABEL_NAMES[row["label"]],
        row["label_reason"],
        ", ".join(FLAGS[flag] for flag in row["flags"]),
        figures["tickets"],
        row["share"],
        row["cumulative_share"],
        figures["escalated"]["part"],
        figures["escalated"]["whole"],
        "yes" if row["always_escalated"] else "no",
        figures["reopened"]["part"],
        figures["reopened"]["whole"],
        figures["csat_mean"],
        figures["csat_good"]["whole"],
        figures["resolution_median_seconds"],
        figures["resolution_p90_seconds"],
    ]


def _markdown_row(row: Mapping[str, Any]) -> str:
    figures = row["figures"]
    name = _cell(row["name"]) + ("" if row["core"] else " (not core)")
    badge = " **always escalated**" if row["always_escalated"] else ""
    return (
        f"| {name} | {figures['tickets']:,} | {100 * row['cumulative_share']:.0f} % "
        f"| {_said(figures['escalated'])}{badge} | {LABEL_NAMES[row['label']]} "
        f"| {_cell(row['label_reason'])} |"
    )


def _baseline_row(name: str, figures: Mapping[str, Any]) -> str:
    csat, rated = figures["csat_mean"], figures["csat_good"]["whole"]
    satisfied = "not known" if csat is None else f"{csat:.2f} of 5 ({rated:,})"
    return (
        f"| {_cell(name)} | {_said(figures['escalated'])} "
        f"| {satisfied} | {duration(figures['resolution_median_seconds'])} | {_said(figures['reopened'])} |"
    )


def _knowledge_base_lines(found: Mapping[str, Any]) -> list[str]:
    if not found:
        return ["- Not checked yet."]
    lines = []
    for part in found["parts"]:
        lines.append(f"- {part['title']}: {part['count']} ({part['checked']})")
        lines += [f"  - {_cell(text)}" for text in part["examples"]]
    return lines


def _said(share: Mapping[str, Any]) -> str:
    return str(Share(share["part"], share["whole"]))


def _cell(text: str) -> str:
    """Return a text that stays in its cell and is no markup."""
    escaped = "".join(f"\\{char}" if char in "\\`*_[]<>|#" else char for char in text)
    return " ".join(escaped.split())

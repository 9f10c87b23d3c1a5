"""The tables of evidence whose rows the database refuses to change: signed maps and baselines."""

from __future__ import annotations

from core.append_only import AppendOnly

GUARDS = (
    AppendOnly("tickets_auditreport", "A signed map is not changed; sign a new version."),
    AppendOnly("tickets_baseline", "A baseline is not changed; it was taken before AI."),
    AppendOnly("tickets_baselinerow", "A baseline is not changed; it was taken before AI."),
)

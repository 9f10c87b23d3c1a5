"""The table of signed moves, whose rows the database refuses to change."""

from __future__ import annotations

from core.append_only import AppendOnly

GUARDS = (AppendOnly("pilot_stagemove", "A signed move is not changed; the next move says what holds."),)

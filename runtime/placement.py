"""Where a conversation stands in the running pilots: is it theirs, and is a reply sent or only drafted? Pure.

A pilot has one scope, a channel or a category of tickets. While any pilot runs, what is in none of their
scopes is not the agent's. A conversation that a pilot has taken stays with it; of a stage that is limited to
a share, a customer is always on the same side. Decides not when a pilot moves on (the app above).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

SHADOW, ASSIST, LIVE = "shadow", "assist", "live"  # modes of a turn
LIMITED, FULL = "limited", "full"  # further stages of a pilot
CHANNEL, CATEGORY = "channel", "category"
# Why a conversation is not the agent's.
OUT_OF_SCOPE, HALTED, NO_WAY_BACK = "out_of_pilot", "pilot_halted", "no_way_back"
REVIEWED = frozenset((SHADOW, ASSIST))  # modes in which no reply leaves by itself


@dataclass(frozen=True, slots=True)
class Scope:
    """What one running pilot covers: ``value`` is the channel, or the category's id as text.

    ``percent`` of the customers get replies without a person where the stage is ``limited``.
    """

    pilot_id: int
    kind: str
    value: str
    stage: str
    percent: int = 0
    halted: bool = False


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a conversation stands; ``pilot_id`` is None where no pilot runs or none covers it."""

    mode: str = LIVE
    pilot_id: int | None = None
    in_scope: bool = True
    reason: str = ""

    @property
    def is_reviewed(self) -> bool:
        """Whether a person sees what the agent drafts before any customer does."""
        return self.in_scope and self.mode in REVIEWED

    @property
    def delivers(self) -> bool:
        """Whether the customer gets what the agent decides."""
        return self.in_scope and self.mode == LIVE


UNRESTRICTED = Placement()


def place(
    scopes: Sequence[Scope], *, channel: str, customer: str, placed_in: int | None = None
) -> Placement | None:
    """Return where a conversation stands; None where its category must be known first.

    ``customer`` names who is served (or the conversation), ``placed_in`` the pilot that has it already.
    """
    if not scopes:
        return UNRESTRICTED
    for scope in scopes:
        if scope.pilot_id == placed_in or (scope.kind == CHANNEL and scope.value == channel):
            return _placed(scope, customer)
    return None if any(scope.kind == CATEGORY for scope in scopes) else _outside(OUT_OF_SCOPE)


def place_by_category(scopes: Sequence[Scope], *, category_id: int | None, customer: str) -> Placement:
    """Return where a conversation of this category stands; an unknown category is in no scope."""
    for scope in scopes:
        if scope.kind == CATEGORY and category_id is not None and scope.value == str(category_id):
            return _placed(scope, customer)
    return _outside(OUT_OF_SCOPE)


def without_delivery(placement: Placement) -> Placement:
    """Return where a conversation stands whose replies have no way to the customer: live is nobody's."""
    return _outside(NO_WAY_BACK, placement.pilot_id) if placement.delivers else placement


def is_served(scope: Scope, customer: str) -> bool:
    """Tell whether a customer is among the scope's ``percent``: the same answer each time."""
    digest = hashlib.sha256(f"{scope.pilot_id}:{customer}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % 100 < scope.percent


def _placed(scope: Scope, customer: str) -> Placement:
    if scope.halted:
        return _outside(HALTED, scope.pilot_id)
    if scope.stage == LIMITED:
        mode = LIVE if is_served(scope, customer) else ASSIST
    else:
        mode = LIVE if scope.stage == FULL else scope.stage
    return Placement(mode, scope.pilot_id)


def _outside(reason: str, pilot_id: int | None = None) -> Placement:
    return Placement(SHADOW, pilot_id, in_scope=False, reason=reason)

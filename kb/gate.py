"""What stands between an approved text and its readers: checks at publication that warn or refuse, by policy.

Decides nothing about a text itself: each check says in words what is wrong, the policy what follows from it.
What is refused whatever the policy (no audience, a stale approval) is kb.review's business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.errors import Conflict
from kb import readiness
from kb.models import PublishingPolicy, Revision
from kb.questions.checking import questions_check

Check = Callable[[Revision], list[str]]

# Name of the policy's mode → the check that it governs. A check returns sentences, none if all is well.
CHECKS: Mapping[str, Check] = {"readiness_mode": readiness.problems, "questions_mode": questions_check}


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing that is wrong with a text about to be published, and whether that stops it."""

    message: str
    blocks: bool


def policy() -> PublishingPolicy:
    """Return the one policy, made with its defaults on first use."""
    return PublishingPolicy.objects.get_or_create(pk=1)[0]


def obstacles(revision: Revision, checks: Mapping[str, Check] = CHECKS) -> list[Obstacle]:
    """Return what the checks find wrong with the revision, in the order of the checks."""
    modes = policy()
    return [
        Obstacle(message, getattr(modes, mode) == PublishingPolicy.Mode.BLOCK)
        for mode, check in checks.items()
        for message in check(revision)
    ]


def refuse_blocked(revision: Revision, checks: Mapping[str, Check] = CHECKS) -> None:
    """Raise Conflict (``publication_blocked``) with every blocking message, if there is one."""
    blocking = [obstacle.message for obstacle in obstacles(revision, checks) if obstacle.blocks]
    if blocking:
        raise Conflict(
            "It cannot be published yet: " + " ".join(blocking),
            code="publication_blocked",
            extra={"obstacles": blocking},
        )

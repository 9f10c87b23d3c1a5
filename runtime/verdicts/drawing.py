"""Draw a sample of the turns since the last drawing, so that no turn is ever drawn twice. Judges none."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from django.db import IntegrityError
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import Conflict
from core.permissions import require
from core.writing import write_transaction
from runtime.models import SampledTurn, Turn, VerdictDraw, VerdictPolicy, VerdictStratum
from runtime.verdicts import sampling, workflow
from runtime.verdicts.policy import verdict_policy

PERMISSION = "runtime.draw_verdicts"
DRAW_TASK = "runtime.tasks.draw_verdicts"
BATCH = 500


def verdicts_draw(*, actor: Actor, until: datetime | None = None) -> VerdictDraw:
    """Draw from the turns between the last drawing and ``until`` (now); write the draw, strata and turns.

    Only turns that a customer got the outcome of count. Refuses with nothing_to_draw where there were none,
    drawn_meanwhile where somebody else has just done it; nothing is written then.
    """
    require(actor, PERMISSION)
    policy, end = verdict_policy(), until or timezone.now()
    start = window_start(end)
    by_stratum = _turns_by_stratum(start, end)
    places = {
        **_places(by_stratum, True, policy.escalated_size),
        **_places(by_stratum, False, policy.other_size),
    }
    if not places:
        raise Conflict(
            "No customer has written since the last sample. Draw again when there are new turns.",
            code="nothing_to_draw",
        )
    try:
        with write_transaction():
            drawn = VerdictDraw.objects.create(
                window_start=start, window_end=end, seed=policy.seed, drawn_by=actor.label[:150]
            )
            count = _keep(drawn, by_stratum, places, policy)
            activity.record(actor, "verdicts.drawn", drawn, after={"turns": count, "seed": policy.seed})
    except IntegrityError as error:
        raise Conflict("Somebody else has just drawn a sample.", code="drawn_meanwhile") from error
    return drawn


def verdicts_draw_when_due(*, actor: Actor) -> bool:
    """Draw where a week has gone by since the last drawing, or there was none; return whether it drew."""
    last = _last_end()
    if last is not None and timezone.now() - last < timedelta(days=workflow.WEEK_DAYS):
        return False
    try:
        verdicts_draw(actor=actor)
    except Conflict:  # nobody has written, or another worker was here
        return False
    return True


def window_start(end: datetime) -> datetime:
    """Return where the next window begins: where the last one ended, or some weeks ago."""
    return _last_end() or end - timedelta(days=workflow.FIRST_WINDOW_DAYS)


def _last_end() -> datetime | None:
    return VerdictDraw.objects.order_by("-window_end").values_list("window_end", flat=True).first()


def _turns_by_stratum(start: datetime, end: datetime) -> dict[str, list[int]]:
    rows = (
        Turn.objects.served()
        .filter(created_at__gte=start, created_at__lt=end, delivered=True)
        .order_by()
        .values_list("pk", "decision", "rule_trigger")
    )
    found: dict[str, list[int]] = defaultdict(list)
    for pk, decision, trigger in rows.iterator(chunk_size=5_000):
        found[sampling.stratum_of(decision, trigger)].append(pk)
    return found


def _places(by_stratum: dict[str, list[int]], escalated: bool, size: int) -> dict[str, int]:
    sizes = {name: len(ids) for name, ids in by_stratum.items() if sampling.is_escalated(name) == escalated}
    return sampling.allocate(sizes, size, workflow.AT_LEAST_PER_STRATUM) if size else {}


def _keep(
    drawn: VerdictDraw, by_stratum: dict[str, list[int]], places: dict[str, int], policy: VerdictPolicy
) -> int:
    """Write strata and turns; return how many turns."""
    stratum_of_turn: dict[int, VerdictStratum] = {}
    for name, count in sorted(places.items()):
        stratum = VerdictStratum.objects.create(
            draw=drawn,
            name=name,
            escalated=sampling.is_escalated(name),
            population=len(by_stratum[name]),
            drawn=count,
        )
        for pk in sampling.chosen(by_stratum[name], count, policy.seed):
            stratum_of_turn[pk] = stratum
    doubles = {pk for pk in stratum_of_turn if sampling.is_double(pk, policy.seed, policy.double_percent)}
    SampledTurn.objects.bulk_create(
        (
            SampledTurn(
                turn_id=pk,
                stratum=stratum_of_turn[pk],
                position=position,
                is_double=pk in doubles,
                missing=2 if pk in doubles else 1,
            )
            for position, pk in enumerate(sampling.in_queue_order(list(stratum_of_turn), policy.seed))
        ),
        batch_size=BATCH,
    )
    return len(stratum_of_turn)

"""What Linear tells of an issue that an action of ours created, or may have created.

The id is one that we chose before the call, so an issue with it can only be that call's: where its outcome
was unknown, it happened.
"""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from core.writing import write_transaction
from integrations.outgoing import DONE
from runtime import workflow
from runtime.actions.ledger import MAX_TRAIL
from runtime.inbound.settling import handled, ignored
from runtime.models import ActionLedger, InboundEvent

OPERATION = "linear_create_issue"
NO_ISSUE = "No action of ours has created this issue."


def issue_take(event: InboundEvent) -> None:
    """Settle the unknown call that created the issue, or note on the known one how the issue stands."""
    said = event.content
    rows = ActionLedger.objects.filter(
        operation=OPERATION, payload__body__variables__input__id=said["issue_id"], forgotten_at=None
    )
    row = rows.order_by("pk").first()
    if row is None:
        ignored(event, NO_ISSUE)
        return
    was_unknown = row.state == workflow.UNKNOWN
    with write_transaction():
        same = ActionLedger.objects.filter(pk=row.pk, state=row.state, looks=row.looks)
        if not same.update(**_changes(row, said)):
            row.refresh_from_db()
            ActionLedger.objects.filter(pk=row.pk).update(trail=_trail(row, said))
            was_unknown = False
        if was_unknown:
            handled(event, f"Call {row.pk} did happen: it is settled as succeeded.")
        else:
            handled(event, f"Noted on call {row.pk}.")


def _changes(row: ActionLedger, said: dict[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {"trail": _trail(row, said)}
    if row.state == workflow.UNKNOWN:
        changes |= {
            "state": workflow.SUCCEEDED,
            "finished_at": timezone.now(),
            "look_at": None,
            "error_code": "",
            "message": f"Linear issue {said['identifier']}, as its webhook tells.",
            "data": {"issue_identifier": said["identifier"], "issue_url": said["url"]},
        }
    return changes


def _trail(row: ActionLedger, said: dict[str, Any]) -> list[dict[str, Any]]:
    state = "removed there" if said["removed"] else said["state"]
    return [*row.trail, {"what": "webhook", "found": DONE, "code": state[:60], "ms": 0}][-MAX_TRAIL:]

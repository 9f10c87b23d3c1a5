"""What an action is asked with and what it leaves, for everyone who asks: flows, previews, the admin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

SUCCEEDED, FAILED, UNKNOWN, DRY_RUN = "succeeded", "failed", "unknown", "dry_run"


@dataclass(frozen=True, slots=True)
class ActionCall:
    """One call of a configured action.

    - ``action``: slug of the configured action, such as ``linear_create_issue``.
    - ``arguments``: values of its parameters by name, as text.
    - ``idempotency_key``: the same key never has a second effect; a flow derives it from the conversation,
      the flow's run and the step.
    - ``dry_run``: build the exact payload and stop; nothing is sent.
    - ``conversation_id``, ``reference``: where it is called, for those who read the ledger (``turn 3, step
      report``); neither changes what is sent.
    """

    action: str
    arguments: Mapping[str, str]
    idempotency_key: str
    dry_run: bool = False
    conversation_id: UUID | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What became of a call.

    - ``state``: ``succeeded``; ``failed`` (it had no effect); ``unknown`` (it may have had one: to be
      reconciled, never repeated blindly); ``dry_run``.
    - ``data``: what came back, by name, as flows may show it (``issue_identifier``, ``issue_url`` …).
    - ``message``: one line for people: what was done, or why not. Holds no secret.
    - ``payload``: what is or would be sent, without the credentials.
    - ``ledger_id``: the row that was committed before the call; None for a dry run.
    """

    state: str
    data: Mapping[str, str] = field(default_factory=dict)
    message: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
    ledger_id: int | None = None


@dataclass(frozen=True, slots=True)
class ActionInfo:
    """A configured action as a flow may name it.

    ``parameters`` it takes, those ``required`` among them, the names of the ``data`` that come back;
    ``writes``: it changes something in the other system; ``is_ready``: neither it nor its connection is
    switched off.
    """

    slug: str
    label: str
    parameters: tuple[str, ...]
    required: tuple[str, ...]
    data: tuple[str, ...]
    writes: bool
    is_ready: bool = True


class ActionRunner(Protocol):
    """runtime.actions.services.action_run: returns whatever happens, raises nothing that a system raises."""

    def __call__(self, call: ActionCall) -> ActionResult: ...

"""Runs as rows: where a conversation stands in a flow, kept before every action and with every turn.

A position is committed *before* its action is asked for, in a transaction of its own: a process that dies
between the action and the turn's record leaves a run that stands at the action, and whoever comes next asks
for it again with the same key, which has no second effect. While a turn is at an action others are told to
wait (ACT_LEASE); a turn that ends in any way but death gives the run free.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone

from core.errors import Conflict
from core.writing import write_transaction
from runtime import workflow as conversation_workflow
from runtime.flows import interpreter, workflow
from runtime.flows.contracts import ActiveFlow, FlowTurn, RunningFlow
from runtime.flows.definition import Flow, flow_read
from runtime.flows.events import events_of
from runtime.flows.interpreter import Position
from runtime.models import Conversation, FlowRun, FlowVersion, ResolutionFlow
from runtime.turn_state import Outcome, Overtaken

ACT_LEASE = timedelta(seconds=45)  # longer than any action may take
MAX_EVENTS = 300
MAX_READ = 256  # flows kept in memory
ENDS = {
    interpreter.DONE: workflow.RESOLVED,
    interpreter.CANCELS: workflow.ABANDONED,
    interpreter.ESCALATES: workflow.ESCALATED,
    interpreter.FAILED_ACTION: workflow.ESCALATED,
}


_flows: dict[str, Flow] = {}


def active_flow(intent: str) -> ActiveFlow | None:
    """Return the active flow of an intent, read and ready (one query)."""
    row = (
        ResolutionFlow.objects.filter(intent=intent, state=workflow.ACTIVE)
        .select_related("active_version")
        .first()
    )
    if row is None or row.active_version is None:
        return None
    return _ready(row.active_version, row)


def active_version(version_id: int) -> ActiveFlow | None:
    """Return a version of a flow, whether active or not, read and ready."""
    version = FlowVersion.objects.filter(pk=version_id).select_related("flow").first()
    return _ready(version, version.flow) if version else None


def running_run(conversation: Conversation) -> FlowRun | None:
    """Return the conversation's run that goes on, with its version and flow."""
    return (
        FlowRun.objects.filter(conversation=conversation, state=workflow.RUNNING)
        .select_related("version__flow")
        .first()
    )


def as_running(run: FlowRun) -> RunningFlow:
    """Return the run as a turn takes it on; raise Conflict while another turn is at one of its actions."""
    if run.acting_since is not None and run.acting_since > timezone.now() - ACT_LEASE:
        raise Conflict(
            "I'm still working on the last message of this conversation. Send this one again in a moment.",
            code="conversation_busy",
        )
    return RunningFlow(
        _ready(run.version, run.version.flow), Position.of_json(run.position), run.key, run.events
    )


def once_key(owner: int | None, retry_key: str, text: str) -> str:
    """Return the key of a run that the opening message of a request with an Idempotency-Key may begin."""
    digest = hashlib.sha256("\x00".join((str(owner), retry_key, text)).encode()).hexdigest()
    return f"once-{digest[:48]}"


def unrecorded_conversation(key: str) -> Conversation | None:
    """Return the conversation that a request with this key began and could not record, if there is one."""
    run = FlowRun.objects.filter(key=key, state=workflow.RUNNING, conversation__turn_count=0)
    found = run.select_related("conversation").first()
    return found.conversation if found else None


class Journal:
    """Keeps one turn's run; ``begin`` returns the row of a conversation that is not stored yet."""

    def __init__(
        self,
        *,
        conversation: Conversation | None,
        run: FlowRun | None,
        begin: Callable[[], Conversation],
        once: str = "",
    ) -> None:
        self.conversation = conversation
        self.run = run
        self._begin = begin
        self._once = once
        self._held: tuple[int, int] | None = None  # the run that stands at an action of ours, as committed

    def new_key(self) -> str:
        """Return the key of a run that begins with this turn; the same for every try of the same turn."""
        if self.conversation is not None:
            return f"{self.conversation.pk}-{self._next_number()}"
        if self._once and not FlowRun.objects.filter(key=self._once).exists():
            return self._once
        return str(uuid.uuid4())

    def before_act(self, flow: FlowTurn, position: Position) -> None:
        """Commit where the run stands; raise Overtaken where somebody else has moved the conversation."""
        try:
            with write_transaction():
                self._hold_conversation()
                if self.run is not None and self.run.key != flow.key:
                    self._leave("The customer turned to something else.", timezone.now())
                now = timezone.now()
                self._write(flow, position, acting_since=now, events=self._asking(flow, position, now))
        except IntegrityError as clash:  # another turn has begun a run meanwhile
            raise Overtaken from clash
        if self.run is not None:
            self._held = (self.run.pk, self.run.revision)

    def record(self, outcome: Outcome, conversation: Conversation, number: int, at: datetime) -> None:
        """Write where the turn left its flow; within the turn's own transaction."""
        self.conversation = conversation
        if outcome.left is not None and self.run is not None and self.run.key == outcome.left.key:
            self._leave(outcome.left.abandoned, at)
        turn = outcome.flow
        if turn is None:
            return
        progress = turn.progress
        events = [*turn.events_before, *events_of(turn, number, at)][-MAX_EVENTS:]
        ends = _end_of(outcome)
        if progress is None and not ends:
            return  # a question came between: the run waits where it was
        self._write(
            turn,
            turn.position,
            acting_since=None,
            events=events,
            **(
                {"state": ends, "ended_at": at, "reason": _reason(outcome)[:300], "step": turn.position.step}
                if ends
                else {}
            ),
        )

    def settled(self) -> None:
        """Take note that the turn is committed."""
        self._held = None

    def release(self) -> None:
        """Give the run free after a turn that was not recorded; it stands at its action."""
        if self._held is not None:
            pk, revision = self._held
            self._held = None
            FlowRun.objects.filter(pk=pk, revision=revision).update(acting_since=None)

    def _asking(self, flow: FlowTurn, position: Position, at: datetime) -> list[Mapping[str, Any]]:
        """Return the events with the one that stays if the action's outcome is never heard of."""
        number = (self.conversation.turn_count if self.conversation else 0) + 1
        asking = {"turn": number, "at": at.isoformat(), "step": position.step, "detail": ""}
        return [*flow.events_before, {**asking, "outcome": "action asked for"}][-MAX_EVENTS:]

    def _hold_conversation(self) -> None:
        """Make sure that nobody has taken a turn meanwhile; store a conversation that begins."""
        if self.conversation is None:
            self.conversation = self._begin()
            self.conversation.save(force_insert=True)
            return
        still = Conversation.objects.filter(
            pk=self.conversation.pk,
            turn_count=self.conversation.turn_count,
            state=conversation_workflow.OPEN,
        )
        if not still.exists():
            raise Overtaken

    def _write(self, flow: FlowTurn, position: Position, **changes: Any) -> None:
        fields = {"position": position.as_json(), "step": position.step, **changes}
        if self.run is None:
            if self.conversation is None:
                raise LookupError("A run belongs to a conversation.")
            self.run = FlowRun.objects.create(
                conversation=self.conversation,
                version_id=flow.active.version_id,
                number=self._next_number(),
                key=flow.key,
                **fields,
            )
            return
        self._change(**fields)

    def _leave(self, reason: str, at: datetime) -> None:
        """End the run that the customer has left for something else."""
        self._change(state=workflow.ABANDONED, ended_at=at, reason=reason[:300], acting_since=None)
        self.run = None

    def _change(self, **fields: Any) -> None:
        if self.run is None:
            raise LookupError("There is no run to change.")
        rows = FlowRun.objects.filter(pk=self.run.pk, revision=self.run.revision, state=workflow.RUNNING)
        if not rows.update(revision=F("revision") + 1, updated_at=timezone.now(), **fields):
            raise Overtaken
        self.run.revision += 1

    def _next_number(self) -> int:
        if self.conversation is None or self.conversation._state.adding:
            return 1
        return FlowRun.objects.filter(conversation=self.conversation).count() + 1


def _end_of(outcome: Outcome) -> str:
    """Return the state in which the turn leaves its run, "" where it goes on."""
    progress = outcome.flow.progress if outcome.flow else None
    if outcome.decision.action == "escalate":
        return workflow.ESCALATED
    return ENDS.get(progress.outcome, "") if progress else ""


def _reason(outcome: Outcome) -> str:
    progress = outcome.flow.progress if outcome.flow else None
    if progress is not None and progress.outcome == interpreter.CANCELS:
        return "Called off by the customer."
    return (progress.reason if progress else "") or (
        outcome.decision.reason if outcome.decision.action == "escalate" else ""
    )


def _ready(version: FlowVersion, row: ResolutionFlow) -> ActiveFlow:
    return ActiveFlow(version.pk, version.number, row.intent, row.title, _flow_of(version))


def _flow_of(version: FlowVersion) -> Flow:
    """Return the version's flow; what was read once is kept under its hash, which never lies."""
    flow = _flows.get(version.sha256)
    if flow is None:
        flow = flow_read(version.definition)
        if len(_flows) >= MAX_READ:
            _flows.clear()
        _flows[version.sha256] = flow
    return flow

"""Flows for tests, and a runner of actions that keeps what a real one keeps: one effect per key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from integrations.outgoing import WRITE
from integrations.systems import OPERATIONS
from runtime.actions.contracts import DRY_RUN, SUCCEEDED, ActionCall, ActionInfo, ActionResult

DATA = {
    "stripe_find_invoice": {"invoice_status": "paid", "amount_due": "0.00"},
    "linear_create_issue": {"issue_identifier": "SUP-7", "issue_url": "https://linear.app/SUP-7"},
}

# As they are configured where nobody has added or renamed anything.
ACTIONS = {
    name: ActionInfo(
        slug=name,
        label=operation.label,
        parameters=tuple(one.name for one in operation.parameters),
        required=tuple(one.name for one in operation.parameters if one.required),
        data=operation.data_names,
        writes=operation.effect == WRITE,
    )
    for name, operation in OPERATIONS.items()
}


def definition(*steps: dict[str, Any]) -> dict[str, Any]:
    """Return a definition of format 1."""
    return {"format": 1, "steps": list(steps)}


def collect(step_id: str, slot: str, kind: str = "email", **more: Any) -> dict[str, Any]:
    """Return a step that asks."""
    question = more.pop("question", f"What is your {slot}?")
    return {"id": step_id, "kind": "collect", "slot": slot, "type": kind, "question": question, **more}


DONE = {"id": "done", "kind": "end", "outcome": "resolved", "text": "Glad that helped."}
PERSON = {"id": "person", "kind": "end", "outcome": "escalated", "reason": "The customer is not satisfied."}
INVOICE = definition(
    collect("ask_email", "email", invalid="That is no e-mail address. Which one is it?"),
    collect("ask_invoice", "invoice", "reference", pattern=r"INV-\d+", max_tries=2),
    {
        "id": "find",
        "kind": "act",
        "action": "stripe_find_invoice",
        "arguments": {"email": "{email}", "invoice_number": "{invoice}"},
    },
    {"id": "tell", "kind": "say", "text": "Invoice {invoice} is {result.invoice_status}."},
    {"id": "solved", "kind": "confirm", "question": "Does that settle it?", "yes": "done", "no": "person"},
    DONE,
    PERSON,
)
BUG = definition(
    collect("ask_problem", "problem", "text", question="What happens?"),
    {"id": "sure", "kind": "confirm", "question": "Shall I report this: {problem}?", "no": "ask_problem"},
    {
        "id": "report",
        "kind": "act",
        "action": "linear_create_issue",
        "arguments": {"title": "{problem}", "description": "Reported: {problem}"},
    },
    {"id": "done", "kind": "end", "outcome": "resolved", "text": "It is {report.issue_identifier}."},
)


@dataclass
class Ledger:
    """Runs actions as runtime.actions does: the same key has one effect and always the same result."""

    calls: list[ActionCall] = field(default_factory=list)
    effects: list[ActionCall] = field(default_factory=list)
    results: dict[str, ActionResult] = field(default_factory=dict)
    failing: ActionResult | None = None

    def __call__(self, call: ActionCall) -> ActionResult:
        """Perform the call, or say again what became of it."""
        self.calls.append(call)
        if call.dry_run:
            return ActionResult(DRY_RUN, message="Nothing is sent.")
        if call.idempotency_key not in self.results:
            self.effects.append(call)
            done = ActionResult(SUCCEEDED, DATA.get(call.action, {}), f"{call.action}: done")
            self.results[call.idempotency_key] = self.failing or done
        return self.results[call.idempotency_key]

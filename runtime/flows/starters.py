"""Flows to begin with, one for each of the guide's six starter intents. Data: people change the words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Starter:
    """A flow to copy: for whom, what it does in a line, and its definition."""

    intent: str
    title: str
    summary: str
    definition: Mapping[str, Any]


def _flow(*steps: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"format": 1, "steps": list(steps)}


def _solved(question: str, closing: str, reason: str) -> tuple[Mapping[str, Any], ...]:
    """Return the usual end: did that help? Resolved, or a person."""
    return (
        {"id": "solved", "kind": "confirm", "question": question, "yes": "done", "no": "person"},
        {"id": "done", "kind": "end", "outcome": "resolved", "text": closing},
        {"id": "person", "kind": "end", "outcome": "escalated", "reason": reason},
    )


BILLING = Starter(
    "billing_inquiry",
    "Look up an invoice",
    "Asks for e-mail and invoice number, looks the invoice up in Stripe, says where it stands.",
    _flow(
        {
            "id": "ask_email",
            "kind": "collect",
            "slot": "email",
            "type": "email",
            "question": "Which e-mail address gets your invoices?",
            "invalid": "I couldn't find an e-mail address in that. Which address gets your invoices?",
        },
        {
            "id": "ask_invoice",
            "kind": "collect",
            "slot": "invoice_number",
            "type": "reference",
            "pattern": "INV-[0-9]+",
            "question": "Which invoice is it about? Its number begins with INV.",
            "invalid": "That doesn't look like an invoice number. It reads like INV-1234, top right on the "
            "invoice.",
        },
        {
            "id": "find_invoice",
            "kind": "act",
            "action": "stripe_find_invoice",
            "arguments": {"email": "{email}", "invoice_number": "{invoice_number}"},
        },
        {
            "id": "tell",
            "kind": "say",
            "text": "Invoice {invoice_number} is {result.invoice_status}. Due: {result.amount_due} "
            "{result.currency}, paid: {result.amount_paid} {result.currency}. You can see it here: "
            "{result.hosted_invoice_url}",
        },
        *_solved(
            "Does that answer your question?",
            "Good to hear. Write to us any time.",
            "The invoice's status did not answer the customer's question.",
        ),
    ),
)
BUG = Starter(
    "bug_report",
    "Report a bug",
    "Collects what happens and since when, reads it back, files it in Linear and says its number.",
    _flow(
        {
            "id": "ask_problem",
            "kind": "collect",
            "slot": "problem",
            "type": "text",
            "question": "What did you do, step by step, and what happened instead of what you expected?",
        },
        {
            "id": "ask_since",
            "kind": "collect",
            "slot": "since",
            "type": "date",
            "question": "Since when does it happen? A day is enough, such as yesterday or 3 March.",
        },
        {
            "id": "check",
            "kind": "confirm",
            "question": "I'd pass this on to our developers: “{problem}”, since {since}. Is that right?",
            "no": "ask_problem",
        },
        {
            "id": "file_issue",
            "kind": "act",
            "action": "linear_create_issue",
            "arguments": {"title": "{problem}", "description": "{problem}\n\nSince: {since}"},
        },
        {
            "id": "done",
            "kind": "end",
            "outcome": "resolved",
            "text": "Thank you. It is filed as {result.issue_identifier}; our developers look at it next.",
        },
    ),
)
ACCESS = Starter(
    "account_access",
    "Get back into an account",
    "Asks for the address and what stands in the way, then says the way back in. Needs no other system.",
    _flow(
        {
            "id": "ask_email",
            "kind": "collect",
            "slot": "email",
            "type": "email",
            "question": "With which e-mail address do you sign in?",
        },
        {
            "id": "ask_problem",
            "kind": "collect",
            "slot": "obstacle",
            "type": "choice",
            "choices": ["Password", "Sign-in code", "Locked"],
            "question": "What stands in the way: your password, the sign-in code, or does it say that you "
            "are locked out?",
            "invalid": "Please say one of these: password, sign-in code, or locked.",
        },
        {
            "id": "which",
            "kind": "branch",
            "on": "obstacle",
            "cases": [
                {"values": ["Password"], "next": "password"},
                {"values": ["Locked"], "next": "locked"},
            ],
            "otherwise": "code",
        },
        {
            "id": "password",
            "kind": "say",
            "text": "On the sign-in page choose “Forgot password” and enter {email}. The link that arrives "
            "works for 60 minutes, and only the newest one works.",
            "next": "solved",
        },
        {
            "id": "locked",
            "kind": "say",
            "text": "After too many wrong tries {email} is locked for 15 minutes. It opens by itself; a "
            "password reset opens it at once.",
            "next": "solved",
        },
        {
            "id": "code",
            "kind": "say",
            "text": "Use one of your backup codes in place of the sign-in code. An owner of your workspace "
            "can also turn the second step off for {email} under People.",
        },
        *_solved(
            "Are you in now?",
            "Welcome back.",
            "The usual ways back into the account did not work.",
        ),
    ),
)
EXPORT = Starter(
    "data_export",
    "Export data",
    "Asks what is to be exported, says the way to it and who may do it. Needs no other system.",
    _flow(
        {
            "id": "ask_what",
            "kind": "collect",
            "slot": "what",
            "type": "choice",
            "choices": ["Items", "Movements", "Everything"],
            "question": "What would you like to take out: your items, the stock movements, or everything?",
        },
        {
            "id": "which",
            "kind": "branch",
            "on": "what",
            "cases": [{"values": ["Everything"], "next": "everything"}],
            "otherwise": "part",
        },
        {
            "id": "part",
            "kind": "say",
            "text": "Open Exports, choose {what} and then CSV. The file is ready within a few minutes and "
            "stays there for 7 days.",
            "next": "solved",
        },
        {
            "id": "everything",
            "kind": "say",
            "text": "An owner or admin opens Settings › Data and chooses Export workspace. We send a link "
            "when the archive is ready; for a large workspace that takes up to an hour.",
        },
        *_solved(
            "Did you get your file?",
            "Good. The file stays under Exports for 7 days.",
            "The export did not work as described.",
        ),
    ),
)
FEATURE = Starter(
    "feature_request",
    "Pass on a wish",
    "Collects the wish and how much it matters, then tells the product team in Slack.",
    _flow(
        {
            "id": "ask_wish",
            "kind": "collect",
            "slot": "wish",
            "type": "text",
            "question": "What would you like to be able to do, and what would it change for you?",
        },
        {
            "id": "ask_weight",
            "kind": "collect",
            "slot": "weight",
            "type": "choice",
            "choices": ["Nice to have", "Important", "Blocking"],
            "question": "How much does it matter: nice to have, important, or blocking?",
        },
        {
            "id": "check",
            "kind": "confirm",
            "question": "I'd tell our product team: “{wish}” ({weight}). Shall I?",
            "yes": "tell_team",
            "no": "not_sent",
        },
        {
            "id": "tell_team",
            "kind": "act",
            "action": "slack_post_message",
            "arguments": {"text": "A customer wishes ({weight}): {wish}"},
        },
        {
            "id": "done",
            "kind": "end",
            "outcome": "resolved",
            "text": "It's with them. They read every wish, and I can't promise a date.",
        },
        {"id": "not_sent", "kind": "end", "outcome": "resolved", "text": "All right, nothing is sent."},
    ),
)
INTEGRATION = Starter(
    "integration_setup",
    "Connect another system",
    "Asks which system and plan, says whether the plan has it and how it is connected.",
    _flow(
        {
            "id": "ask_system",
            "kind": "collect",
            "slot": "system",
            "type": "choice",
            "choices": ["Slack", "Zapier", "Accounting"],
            "question": "Which system would you like to connect: Slack, Zapier or your accounting?",
        },
        {
            "id": "ask_plan",
            "kind": "collect",
            "slot": "plan",
            "type": "choice",
            "choices": ["Starter", "Team", "Enterprise"],
            "question": "Which plan is your workspace on: Starter, Team or Enterprise?",
        },
        {
            "id": "by_plan",
            "kind": "branch",
            "on": "plan",
            "cases": [{"values": ["Starter"], "next": "not_included"}],
            "otherwise": "how",
        },
        {
            "id": "how",
            "kind": "say",
            "text": "An owner or admin opens Settings › Integrations, chooses {system} and signs in there. "
            "The first sync begins at once.",
            "next": "solved",
        },
        {
            "id": "not_included",
            "kind": "say",
            "text": "Integrations belong to the Team and Enterprise plans. An owner can change the plan "
            "under Settings › Billing; {system} can be connected right after.",
        },
        *_solved(
            "Is that what you needed?",
            "Good. Have a nice day.",
            "The integration could not be connected as described.",
        ),
    ),
)
STARTERS: Mapping[str, Starter] = {
    starter.intent: starter for starter in (BILLING, FEATURE, BUG, ACCESS, INTEGRATION, EXPORT)
}
EMPTY: Mapping[str, Any] = _flow(
    {"id": "ask", "kind": "collect", "slot": "answer", "type": "text", "question": ""},
    {"id": "done", "kind": "end", "outcome": "resolved", "text": ""},
)

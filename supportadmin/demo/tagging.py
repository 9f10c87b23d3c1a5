"""The demo's tagging inbox: a few hundred messages, some of them decided by the demo's people.

The people know what each ticket is about, as the demo's plan does. The worker fills the inbox anew once the
audit has sorted the tickets.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import NAMESPACE_URL, uuid5

from django.db import transaction
from django.utils import timezone

from core import jobs
from core.actors import Actor
from intents.models import TaggingDecision, TaggingItem
from intents.tagging.contracts import Answer
from intents.tagging.deciding import decision_record
from intents.tagging.filling import TASK, inbox_fill
from intents.tagging.policy import tagging_policy
from intents.tagging.sampling import draw, is_double
from intents.tagging.settling import item_settle
from supportadmin.demo.content import read_intents
from supportadmin.demo.tickets.source import DemoTickets
from tickets.models import ImportBatch
from tickets.services.classifying import Budget
from tickets.services.renewing import ROWS, texts_renew

MESSAGES = 2 * ROWS  # so many tickets are cleaned at once; the worker cleans the rest
ASKED = 24  # the worker asks the model about the rest
DOUBLES, SINGLES = 22, 4
DISAGREE_EVERY = 7
ENOUGH_WORDS = 6
CONFUSED = {
    "billing_inquiry": "plan_change",
    "plan_change": "billing_inquiry",
    "feature_request": "bug_report",
    "bug_report": "feature_request",
    "user_management": "account_access",
    "account_access": "user_management",
    "data_import": "data_export",
    "data_export": "data_import",
}
FILL_AGAIN = timedelta(minutes=3)


def demo_inbox(*, tagger: Actor, lead: Actor, admin: Actor) -> int:
    """Fill the inbox and let people decide on some of it; return how many messages wait. Idempotent."""
    if not TaggingItem.objects.exists():
        for _ in range(MESSAGES // ROWS):
            texts_renew(Budget.of(0))
        inbox_fill(pool=MESSAGES, ask_at_most=ASKED)
        jobs.enqueue(TASK, dedupe_key=TASK, requested_by="quickstart", not_before=timezone.now() + FILL_AGAIN)
    if not TaggingDecision.objects.exists():
        with transaction.atomic():
            _decide(tagger, lead)
            _propose(tagger)
            _settle_one(admin)
    return TaggingItem.objects.waiting().count()


def _decide(tagger: Actor, lead: Actor) -> None:
    """Let the tagger decide on both kinds of messages, and the lead be the second person."""
    percent = tagging_policy().double_percent
    doubles = singles = 0
    for item, slug in _known():
        second = is_double(item.text_hash, percent)
        if (second and doubles == DOUBLES) or (not second and singles == SINGLES):
            continue
        _say(tagger, item, Answer.intent(slug), shown_release=item.release)
        if not second:
            singles += 1
            continue
        doubles += 1
        differs = doubles % DISAGREE_EVERY == 0
        _say(lead, item, Answer.intent(CONFUSED.get(slug, "bug_report") if differs else slug))


def _propose(tagger: Actor) -> None:
    """Let the tagger miss an intent: nobody has one for the printing of labels."""
    item = TaggingItem.objects.waiting().filter(text__icontains="print", decisions=None).first()
    if item is not None:
        wish = "Printing labels: sizes, printers, what stands on them. Not: barcodes that do not scan."
        _say(tagger, item, Answer.new_intent("Label printing", wish))


def _settle_one(admin: Actor) -> None:
    """Settle the first disagreement, which makes it a golden message."""
    decision = TaggingDecision.objects.filter(role="first", item__state="adjudication").order_by("pk").first()
    if decision is not None and decision.intent is not None:
        key = uuid5(NAMESPACE_URL, f"settled:{decision.item_id}")
        item_settle(
            actor=admin, key=key, item_id=decision.item_id, answer=Answer.intent(decision.intent.slug)
        )


def _known() -> list[tuple[TaggingItem, str]]:
    """Return the waiting messages that say enough and mean one of our intents, with its slug."""
    ours = {intent["slug"] for intent in read_intents()}
    meant = DemoTickets(ImportBatch.objects.order_by("pk")[0].window_end).meanings()
    found = []
    for item in TaggingItem.objects.waiting().defer("vector"):
        slug = meant.get(item.source_ref.partition(":")[2], "")
        if slug in ours and len(item.text.split()) >= ENOUGH_WORDS:
            found.append((item, slug))
    return found


def _say(actor: Actor, item: TaggingItem, answer: Answer, *, shown_release: int | None = None) -> None:
    decision_record(
        actor=actor,
        key=uuid5(NAMESPACE_URL, f"{actor.label}:{item.text_hash}"),
        item_id=item.pk,
        answer=answer,
        seconds=1.2 + 3 * draw(item.text_hash, actor.label),
        shown_release=shown_release,
    )

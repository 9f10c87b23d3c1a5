"""The demo's handoffs that people have finished, and a sample of turns that they have judged in part."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from core.actors import Actor
from core.draws import draw
from runtime.contracts import Customer, TurnRequest
from runtime.models import Handoff, RepeatCheck, SampledTurn, VerdictDraw
from runtime.repeats.checking import repeats_check
from runtime.services import handoff_accept, handoff_resolve, message_reply, turn_take
from runtime.verdicts import workflow
from runtime.verdicts.drawing import verdicts_draw
from runtime.verdicts.judging import verdict_record

JUDGED_SHARE = 0.7
WRONG_SHARE = 0.12
# What the customer wrote before the wish for a person, and what the person answered.
CASES = (
    (
        "I was charged 49 EUR twice on March 3, invoice INV-1042. I am ada@northwind.example.",
        ("Hi Ada, sorry about that! Could you send me the invoice number?", "Thanks, refunded."),
    ),
    (
        'The import fails, the error says "E403 permission denied". I have already cleared the cache.',
        ("I see the error E403 permission denied in your log. Are you an admin?",),
    ),
    (
        "Invoice INV-2077 shows the wrong VAT number, please correct it.",
        ("Good morning! Which plan are you on, and what is your e-mail?", "Corrected."),
    ),
    (
        "We are on the Team plan and want to know why 120 USD were taken on 2026-02-11.",
        ("Hello, how much were you charged and when were you charged?",),
    ),
    (
        "My invoice INV-3001 is missing from the billing page.",
        ("I have INV-3001 in front of me and send it to you as a PDF.",),
    ),
    (
        "Order ORD-5512 was paid by card on 2026-02-20, but the seats are not there.",
        ("On it! What is the order number?", "Found it, the seats are there now."),
    ),
)


def handoffs_finish(*, bot: Actor, agent: Actor, channel: str) -> int:
    """Let a person settle some handoffs, and read what was asked again; idempotent."""
    if RepeatCheck.objects.exists():
        return RepeatCheck.objects.count()
    for number, (words, replies) in enumerate(CASES):
        customer = Customer(f"settled-{number:03}", user_type="admin", tier="team", verified=True)
        first = turn_take(
            actor=bot, request=TurnRequest(text=words, channel=channel, customer=customer, page="/billing")
        )
        if first.handoff_id is None:
            wish = TurnRequest(
                text="I want to talk to a person.",
                conversation_id=first.conversation_id,
                channel=channel,
                customer=customer,
                page="/billing",
            )
            turn_take(actor=bot, request=wish)
        _settle(agent, Handoff.objects.get(conversation=first.conversation_id), replies)
    return repeats_check()["handoffs"]


def sample_judge(*, lead: Actor, judges: tuple[Actor, ...]) -> int:
    """Draw a sample of the turns so far and let people judge most of it; idempotent."""
    if not VerdictDraw.objects.exists():
        verdicts_draw(actor=lead)
    for sampled in SampledTurn.objects.select_related("stratum").order_by("position"):
        if draw(str(sampled.position), "judged in the demo") < JUDGED_SHARE:
            for judge in judges[: sampled.missing]:
                _judge(judge, sampled)
    return SampledTurn.objects.filter(missing=0).count()


def _settle(agent: Actor, handoff: Handoff, replies: tuple[str, ...]) -> None:
    handoff = handoff_accept(actor=agent, handoff=handoff)
    for text in replies:
        message_reply(actor=agent, handoff=handoff, text=text)
    handoff_resolve(actor=agent, handoff=handoff, outcome=Handoff.Outcome.OTHERWISE, note="Settled.")


def _judge(judge: Actor, sampled: SampledTurn) -> None:
    chance = draw(f"{sampled.position}", "verdict in the demo")
    fault = workflow.OVER if sampled.stratum.escalated else workflow.UNDER
    answer = fault if chance < WRONG_SHARE else workflow.CANNOT_TELL if chance > 0.96 else workflow.RIGHT
    reasons = workflow.REASONS.get(answer)
    verdict_record(
        actor=judge,
        key=uuid5(NAMESPACE_URL, f"demo-verdict:{sampled.position}:{judge.id}"),
        sampled_id=sampled.pk,
        answer=answer,
        reason=next(iter(reasons)) if reasons else "",
        seconds=3 + 8 * chance,
    )

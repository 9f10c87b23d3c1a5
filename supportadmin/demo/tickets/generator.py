"""Write the closed tickets of the demo company, the same ones for the same seed and time.

``plan`` decides what each ticket truly is; here it becomes what a help desk would hand out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from integrations.contracts import SourceMessage, SourceTicket, Status
from supportadmin.demo.tickets.people import agent_of, customer_of
from supportadmin.demo.tickets.phrases import categories, common
from supportadmin.demo.tickets.plan import Case, plan
from supportadmin.demo.tickets.talk import Talk, messages_of, times_of
from supportadmin.demo.tickets.wording import Words

SOURCE = "demo"
FIRST_LINE = "Support"
RATED_RATIO, COMMENTED_RATIO = 0.33, 0.3
NOT_CLOSED: dict[str, Status] = {"open": "open", "merged": "merged", "deleted": "deleted"}
STILL_OPEN: tuple[Status, ...] = ("open", "pending", "new", "hold")


def generate(*, seed: int, now: datetime, count: int = 3_000) -> Iterator[SourceTicket]:
    """Yield ``count`` tickets closed in the 90 days before ``now`` and some that must not count, by number.

    Raises ValueError for fewer than 1,000, or a time without a time zone.
    """
    now = now.astimezone(UTC) if now.tzinfo else now
    for case in plan(seed=seed, now=now, count=count):
        yield _ticket(case, seed, now)


def _ticket(case: Case, seed: int, now: datetime) -> SourceTicket:
    random = Random(f"ticket {seed} {case.number}")  # noqa: S311 - repeatable on purpose
    customer, agent = customer_of(random, seed), agent_of(random)
    talk = Talk(random, case, customer, agent)
    said = talk.run()
    times, closed = times_of(random, case.created_at, said, _latest(case, now))
    if case.fate == "open":
        said, times = said[: 1 + random.randrange(2)], times[:2]
        times = times[: len(said)]
    messages = messages_of(random, case, customer, agent, said, times)
    status, closed_at = _status(random, case, closed)
    answers = [message for message in messages if message.author == "agent" and message.is_public]
    filed = categories()[case.filed_as]
    csat, comment = _rating(random, case, talk, closed) if closed_at else (None, "")
    return SourceTicket(
        source=SOURCE,
        external_id=case.external_id,
        subject=_subject(random, talk.words, case, said[0].text),
        status=status,
        created_at=case.created_at,
        updated_at=max(messages[-1].created_at, closed_at or messages[-1].created_at),
        messages=messages,
        closed_at=closed_at,
        channel=customer.channel,
        kind=filed.kind,
        priority=_priority(random, said[0].text),
        customer_external_id=customer.external_id,
        group=case.thread.group or FIRST_LINE,
        tags=_tags(random, case),
        csat=csat,
        csat_comment=comment,
        reopens=talk.reopens,
        agent_replies=len(answers),
        reassignments=_reassignments(random, case),
        first_reply_seconds=_seconds(case.created_at, answers),
        resolution_seconds=int((closed_at - case.created_at).total_seconds()) if closed_at else None,
        escalated=case.thread.outcome == "escalated",
        extra={"organisation": customer.company},
    )


def _latest(case: Case, now: datetime) -> datetime:
    if case.fate == "closed_before_window":
        return now - timedelta(days=91)
    return now - timedelta(minutes=10)


def _status(random: Random, case: Case, closed: datetime) -> tuple[Status, datetime | None]:
    if case.fate == "open":
        return random.choice(STILL_OPEN), None
    return NOT_CLOSED.get(case.fate, "closed" if random.random() < 0.7 else "solved"), closed


def _subject(random: Random, words: Words, case: Case, first: str) -> str:
    """Return a subject: a typical one, the message's first words, or none to speak of."""
    opening = case.words or next(
        (line for line in first.splitlines() if len(line) > 25), first.splitlines()[0]
    )
    roll = random.random()
    if roll < 0.62 and not case.words:
        subject = words.pick(case.scenario.subjects)
    elif roll < 0.95:
        subject = opening if len(opening) < 60 else opening[:54].rsplit(" ", 1)[0] + "…"
    else:
        subject = random.choice(("(no subject)", "help", "Question", "Hello", "problem", "Re:"))
    if case.personal and case.personal.value in subject:
        return "Question"
    return subject if random.random() < 0.96 else random.choice(("Re: ", "FW: ", "AW: ")) + subject


def _tags(random: Random, case: Case) -> tuple[str, ...]:
    tags = list(categories()[case.filed_as].tags)
    if case.thread.group:
        tags.append(case.thread.group.lower().replace(" ", "_"))
    if random.random() < 0.12:
        tags.append(random.choice(("vip", "via_form", "q_review", "de", "followup")))
    return tuple(tags)


def _priority(random: Random, text: str) -> str:
    lowered = text.lower()
    if any(sign in lowered for sign in ("urgent", "asap", "!!", "help,", "is down")):
        return random.choice(("high", "urgent", "urgent"))
    return random.choices(("low", "normal", "high"), (18, 74, 8))[0]


def _reassignments(random: Random, case: Case) -> int:
    if case.thread.outcome == "not_escalated":
        return 0
    return random.choices((1, 2, 3), (75, 20, 5))[0]


def _seconds(created_at: datetime, answers: list[SourceMessage]) -> int | None:
    return int((answers[0].created_at - created_at).total_seconds()) if answers else None


def _rating(random: Random, case: Case, talk: Talk, closed: datetime) -> tuple[int | None, str]:
    """Return the customer's mark, mostly none; slow, reopened and refused ones are worse."""
    if case.thread.path == "no_reply" or random.random() > RATED_RATIO:
        return None, ""
    worse = 0.1 + 0.35 * (talk.reopens > 0) + 0.25 * (closed - case.created_at > timedelta(days=4))
    worse += 0.3 * (case.category.slug == "refund_dispute" and case.thread.path == "specialist")
    csat = (
        random.choice((1, 1, 2, 3)) if random.random() < worse else random.choices((5, 4, 3), (70, 25, 5))[0]
    )
    comments = common()["csat"]["good" if csat >= 4 else "bad"]
    return csat, talk.words.pick(comments) if csat != 3 and random.random() < COMMENTED_RATIO else ""

"""The demo's closed tickets: the same for the same seed, nothing real in them, and planted as planned."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

from integrations.contracts import SourceTicket
from supportadmin.demo.content import read_intents
from supportadmin.demo.tickets.generator import generate
from supportadmin.demo.tickets.phrases import Category, categories, referenced_texts
from supportadmin.demo.tickets.plan import Case, plan, plants
from tickets.import_plan import hash_of
from tickets.workflow import CLOSED_STATUSES

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
WINDOW = timedelta(days=90)
COUNT = 3_000
EMAIL = re.compile(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)")
ADDRESS = re.compile(r"https?://([\w.-]+)")
IPV4 = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
PHONE = re.compile(r"(?<![\w-])(?:\+\d{1,3}[ -]?)?\(?\d{3,5}\)?[ -]\d{3}[ -]?\d{3,4}(?![\w-])")
DOCUMENTATION = [ipaddress.ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]
FICTION = re.compile(r"555[ -]?01\d\d|7946 ?0\d{3}|7700 ?900 ?\d{3}|07700 900\d{3}")
ALWAYS_ESCALATED = {"security_compliance", "vendor_onboarding"}
TOLERATED_ERRORS = 3  # standard errors of a drawn share
CARD_SPACING = re.compile(r"\b\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{4}\b|\b\d{4} \d{6} \d{5}\b")


@cache
def made(seed: int = 1) -> tuple[SourceTicket, ...]:
    """Return the tickets of a seed."""
    return tuple(generate(seed=seed, now=NOW, count=COUNT))


@cache
def planned() -> tuple[Case, ...]:
    return tuple(plan(seed=1, now=NOW, count=COUNT))


def counting() -> list[Case]:
    return [case for case in planned() if case.fate == "counts"]


def digest(tickets: Sequence[SourceTicket]) -> str:
    return hashlib.sha256("".join(map(hash_of, tickets)).encode()).hexdigest()


def texts() -> list[str]:
    """Return all that a reader sees of any ticket."""
    return [
        text
        for ticket in made()
        for text in (ticket.subject, ticket.csat_comment, *(message.body for message in ticket.messages))
    ]


def test_the_same_seed_makes_the_same_tickets_and_another_seed_others() -> None:
    assert digest(made()) == digest(tuple(generate(seed=1, now=NOW, count=COUNT)))
    assert digest(made()) != digest(tuple(generate(seed=2, now=NOW, count=COUNT)))


def test_every_ticket_that_an_intent_quotes_is_there_with_its_words_and_counts() -> None:
    by_id = {ticket.external_id: ticket for ticket in made()}
    wanted = referenced_texts()
    sources = {e.get("source_ref") for intent in read_intents() for e in intent["examples"]}
    assert set(wanted) <= sources
    fates = {case.external_id: case.fate for case in planned()}
    for ref, words in wanted.items():
        assert fates[ref] == "counts"
        assert words in by_id[ref].messages[0].body, ref
    assert len(by_id) == len(made()) == COUNT + sum(plants()["not_counting"].values())


def test_no_template_is_left_over() -> None:
    left = [text for text in texts() if re.search(r"\{\w*\}|\[[^\]\n]*\|[^\]\n]*\]|\|\|", text)]
    assert left == []


def test_only_addresses_and_numbers_that_belong_to_nobody_are_used() -> None:
    words = "\n".join(texts())
    domains = {domain.lower() for domain in (*EMAIL.findall(words), *ADDRESS.findall(words))}
    foreign = {
        d for d in domains if not d.endswith((".example", "example.com", "example.org", "example.net"))
    }
    assert foreign == set()
    for found in IPV4.findall(words):
        assert any(ipaddress.ip_address(found) in net for net in DOCUMENTATION), found
    without_cards = CARD_SPACING.sub(" ", words)
    numbers = {number for number in PHONE.findall(without_cards) if not FICTION.search(number)}
    ibans = "".join(plants()["personal_data"]["iban"]["values"])
    assert {number for number in numbers if number not in ibans} == set()


def test_tickets_that_count_were_closed_in_the_90_days_and_the_others_were_not() -> None:
    fates = {case.external_id: case.fate for case in planned()}
    outcome = Counter()
    for ticket in made():
        fate = fates[ticket.external_id]
        closed = ticket.status in CLOSED_STATUSES and ticket.closed_at is not None
        inside = closed and NOW - WINDOW <= ticket.closed_at <= NOW
        assert inside is (fate == "counts"), (ticket.external_id, fate)
        moments = [ticket.created_at, *(message.created_at for message in ticket.messages)]
        assert moments == sorted(moments)
        assert ticket.updated_at <= NOW
        outcome[fate] += 1
    assert outcome == {"counts": COUNT, **plants()["not_counting"]}


def test_categories_have_their_shares_to_one_ticket() -> None:
    found = Counter(case.category.slug for case in counting())
    total = sum(category.share for category in categories().values())
    for slug, category in categories().items():
        assert abs(found[slug] - COUNT * category.share / total) < 1, slug


def test_mislabelled_tickets_are_exactly_as_many_as_planned_and_by_the_planned_confusions() -> None:
    wrong = [case for case in counting() if case.filed_as != case.category.slug]
    assert len(wrong) == round(COUNT * plants()["mislabelled_ratio"])
    assert all(case.filed_as in plants()["confusions"][case.category.slug] for case in wrong)


def test_escalations_are_those_of_the_plan_in_every_ticket() -> None:
    by_id = {case.external_id: case for case in planned()}
    for ticket in made():
        assert ticket.escalated is (by_id[ticket.external_id].thread.outcome == "escalated")


def test_the_share_of_escalations_is_that_of_the_written_threads_and_two_categories_always_escalate() -> None:
    drawn: defaultdict[str, list[bool]] = defaultdict(list)
    for case in counting():
        if not case.words:  # those that an intent quotes have a scenario given
            drawn[case.category.slug].append(case.thread.outcome == "escalated")
    for slug, found in drawn.items():
        expected = _written_share(categories()[slug])
        error = (expected * (1 - expected) / len(found)) ** 0.5
        assert abs(sum(found) / len(found) - expected) <= TOLERATED_ERRORS * error + 1e-9, slug
    assert {slug for slug, found in drawn.items() if all(found)} == ALWAYS_ESCALATED


def _written_share(category: Category) -> float:
    """Return the share of tickets that escalate by the weights of scenarios and threads."""
    scenarios = sum(scenario.weight for scenario in category.scenarios)
    share = 0.0
    for scenario in category.scenarios:
        threads = sum(thread.weight for thread in scenario.threads)
        escalated = sum(thread.weight for thread in scenario.threads if thread.outcome == "escalated")
        share += scenario.weight / scenarios * escalated / threads
    return share * (1 - (category.self_solved_percent + category.no_reply_percent) / 100)


def test_new_topics_are_only_of_the_last_days_and_grow() -> None:
    for slug, category in categories().items():
        if category.last_days is None:
            continue
        times = sorted(case.created_at for case in counting() if case.category.slug == slug)
        since = NOW - timedelta(days=category.last_days)
        assert times[0] >= since
        middle = since + (NOW - since) / 2
        assert sum(at >= middle for at in times) > sum(at < middle for at in times), slug


def test_personal_data_is_planted_as_often_as_planned_and_stands_in_its_ticket() -> None:
    by_id = {ticket.external_id: ticket for ticket in made()}
    found = Counter(case.personal.kind for case in planned() if case.personal)
    assert found == {kind: row["tickets"] for kind, row in plants()["personal_data"].items()}
    for case in planned():
        if case.personal:
            bodies = " ".join(message.body for message in by_id[case.external_id].messages)
            assert case.personal.value in bodies, case.external_id

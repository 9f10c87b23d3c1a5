"""Decide which tickets there are: their true category, path and outcome, and what is planted in which.

Writes no word of any ticket; the same seed, time and count give the same plan.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

from supportadmin.demo.tickets import clock
from supportadmin.demo.tickets.phrases import (
    Category,
    Scenario,
    Thread,
    categories,
    common,
    lines,
    referenced_texts,
    scenario_of_ref,
)

LEAST_COUNT = 1_000  # below it the tickets that intents point at would not fit their categories' shares
FIRST_NUMBER = 1_001
PREFIX = "DEMO-"
SELF_SOLVED = Thread("self_solved", "not_escalated", 1, frozenset(), "", ())
NO_REPLY = Thread("no_reply", "not_escalated", 1, frozenset(), "", ())


@dataclass(frozen=True, slots=True)
class Personal:
    """Personal data planted in a ticket: the ``value`` and the ``sentence`` around it."""

    kind: str
    value: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Case:
    """A ticket before its words. ``fate``: counts, or why it does not. ``filed_as``: a category's slug."""

    number: int
    created_at: datetime
    fate: str
    category: Category
    scenario: Scenario
    thread: Thread
    filed_as: str
    words: str = ""  # that an intent quotes from it
    personal: Personal | None = None

    @property
    def external_id(self) -> str:
        """Return the id under which the help desk knows it."""
        return f"{PREFIX}{self.number}"


@lru_cache
def plants() -> dict[str, Any]:
    """Return what ``planted.yaml`` says."""
    text = (Path(__file__).parent / "planted.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def plan(*, seed: int, now: datetime, count: int) -> list[Case]:
    """Return ``count`` tickets that count and some that do not, in order of their numbers.

    Raises ValueError for fewer than 1,000, or a time without a time zone.
    """
    if count < LEAST_COUNT:
        raise ValueError(f"The demo has at least {LEAST_COUNT} tickets.")
    if now.tzinfo is None:
        raise ValueError("The time needs a time zone.")
    random = Random(f"plan {seed}")  # noqa: S311 - repeatable on purpose
    apart = plants()["not_counting"]
    inside = count + apart["open"] + apart["merged"] + apart["deleted"]
    numbers = _numbers(random, inside)
    times = clock.arrivals(random, now, inside)
    fates = _fates(random, numbers, apart)
    slots = [(n, at) for n, at in zip(numbers, times, strict=True) if n not in fates]
    cases = _cases(random, now, slots)
    cases += [
        _any_case(random, now, n, at, fates[n]) for n, at in zip(numbers, times, strict=True) if n in fates
    ]
    cases += _early(random, now, apart["closed_before_window"])
    return _with_personal_data(random, _with_wrong_kinds(random, sorted(cases, key=lambda case: case.number)))


def _numbers(random: Random, count: int) -> list[int]:
    """Return ids in order: all that intents point at, and others with a gap now and then."""
    wanted = {int(ref.removeprefix(PREFIX)) for ref in referenced_texts()}
    last = max(*wanted, FIRST_NUMBER + count) + 40
    others = [number for number in range(FIRST_NUMBER, last) if number not in wanted]
    return sorted(wanted | set(random.sample(others, count - len(wanted))))


def _fates(random: Random, numbers: list[int], apart: dict[str, int]) -> dict[int, str]:
    """Choose the tickets inside the window that do not count; open ones are young."""
    wanted = {int(ref.removeprefix(PREFIX)) for ref in referenced_texts()}
    free = [number for number in numbers if number not in wanted]
    young = random.sample(free[-len(free) // 8 :], apart["open"])
    others = random.sample(sorted(set(free) - set(young)), apart["merged"] + apart["deleted"])
    fates = dict.fromkeys(young, "open")
    fates |= dict.fromkeys(others[: apart["merged"]], "merged")
    return fates | dict.fromkeys(others[apart["merged"] :], "deleted")


def _cases(random: Random, now: datetime, slots: list[tuple[int, datetime]]) -> list[Case]:
    """Give every slot a category by its share, with seasons; those that intents point at have theirs."""
    left = _quotas(len(slots))
    cases, free = [], []
    for number, at in slots:
        known = scenario_of_ref().get(f"{PREFIX}{number}")
        if known is None:
            free.append((number, at))
            continue
        left[known[0].slug] -= 1
        words = referenced_texts()[f"{PREFIX}{number}"]
        cases.append(_case(random, number, at, "counts", known[0], known[1], words=words))
    for slug, chosen in _new_topics(random, now, free, left).items():
        cases += [_free_case(random, now, number, at, categories()[slug]) for number, at in chosen]
        free = [slot for slot in free if slot not in set(chosen)]
        left.pop(slug)
    for number, at in random.sample(free, len(free)):
        open_quotas = [slug for slug, quota in left.items() if quota > 0]
        weights = [left[slug] * _season(categories()[slug], at, now) for slug in open_quotas]
        slug = random.choices(open_quotas, weights)[0]
        left[slug] -= 1
        cases.append(_free_case(random, now, number, at, categories()[slug]))
    return cases


def _quotas(count: int) -> dict[str, int]:
    """Divide ``count`` by the categories' shares, largest remainders first."""
    total = sum(category.share for category in categories().values())
    exact = {slug: count * category.share / total for slug, category in categories().items()}
    quotas = {slug: int(share) for slug, share in exact.items()}
    by_remainder = sorted(exact, key=lambda slug: (quotas[slug] - exact[slug], slug))
    for slug in by_remainder[: count - sum(quotas.values())]:
        quotas[slug] += 1
    return quotas


def _new_topics(
    random: Random, now: datetime, free: list[tuple[int, datetime]], left: dict[str, int]
) -> dict[str, list[tuple[int, datetime]]]:
    """Return the slots of categories that came up lately; more of them every day."""
    found = {}
    for category in categories().values():
        if category.last_days is None:
            continue
        since = now - timedelta(days=category.last_days)
        recent = [slot for slot in free if slot[1] >= since]
        drawn = sorted(
            recent, key=lambda slot: random.random() ** (1 / (2 + (slot[1] - since).days)), reverse=True
        )
        found[category.slug] = drawn[: left[category.slug]]
    return found


def _season(category: Category, at: datetime, now: datetime) -> float:
    if clock.is_outage(at, now) and any(scenario.season == "incident" for scenario in category.scenarios):
        return 9
    return 1.7 if category.season == "month_end" and clock.is_month_end(at) else 1


def _free_case(
    random: Random, now: datetime, number: int, at: datetime, category: Category, fate: str = "counts"
) -> Case:
    outage = clock.is_outage(at, now)
    weights = [s.weight * (14 if outage and s.season == "incident" else 1) for s in category.scenarios]
    scenario = random.choices(category.scenarios, weights)[0]
    roll = random.random() * 100
    if roll < category.self_solved_percent:
        return _case(random, number, at, fate, category, scenario, thread=SELF_SOLVED)
    if roll < category.self_solved_percent + category.no_reply_percent:
        return _case(random, number, at, fate, category, scenario, thread=NO_REPLY)
    return _case(random, number, at, fate, category, scenario)


def _case(
    random: Random,
    number: int,
    at: datetime,
    fate: str,
    category: Category,
    scenario: Scenario,
    *,
    thread: Thread | None = None,
    words: str = "",
) -> Case:
    thread = thread or random.choices(scenario.threads, [t.weight for t in scenario.threads])[0]
    return Case(number, at, fate, category, scenario, thread, category.slug, words)


def _any_case(random: Random, now: datetime, number: int, at: datetime, fate: str) -> Case:
    old = [category for category in categories().values() if category.last_days is None]
    category = random.choices(old, [category.share for category in old])[0]
    return _free_case(random, now, number, at, category, fate)


def _early(random: Random, now: datetime, count: int) -> list[Case]:
    """Return tickets that were closed before the window, the last of them a day before it began."""
    start = now - timedelta(days=clock.WINDOW_DAYS)
    times = sorted(start - timedelta(days=random.uniform(4, 40)) for _ in range(count))
    numbers = sorted(random.sample(range(FIRST_NUMBER - 3 * count, FIRST_NUMBER), count))
    return [
        _any_case(random, now, number, at.replace(microsecond=0), "closed_before_window")
        for number, at in zip(numbers, times, strict=True)
    ]


def _with_wrong_kinds(random: Random, cases: list[Case]) -> list[Case]:
    """File some under a category of the help desk that is not theirs."""
    confusions = plants()["confusions"]
    might = [case.number for case in cases if case.fate == "counts" and case.category.slug in confusions]
    counting = sum(case.fate == "counts" for case in cases)
    wrong = set(random.sample(might, round(counting * plants()["mislabelled_ratio"])))
    return [
        replace(case, filed_as=random.choice(confusions[case.category.slug]))
        if case.number in wrong
        else case
        for case in cases
    ]


def _with_personal_data(random: Random, cases: list[Case]) -> list[Case]:
    """Plant personal data in as many tickets as the file says, one kind in each."""
    chosen: dict[int, Personal] = {}
    for kind, row in plants()["personal_data"].items():
        might = [c for c in cases if c.fate == "counts" and not c.words and c.number not in chosen]
        if "categories" in row:
            might = [case for case in might if case.category.slug in row["categories"]]
        values = row.get("values") or list(_addresses(random, row["tickets"]))
        for case, value in zip(random.sample(might, row["tickets"]), values, strict=True):
            sentence = random.choice(lines(row["sentences"])).replace("{value}", value)
            chosen[case.number] = Personal(kind, value, sentence)
    return [replace(case, personal=chosen.get(case.number)) for case in cases]


def _addresses(random: Random, count: int) -> Iterable[str]:
    people = random.sample(common()["people"]["last"], count)
    firms = random.sample(common()["people"]["companies"], count)
    for last, firm in zip(people, firms, strict=True):
        first = random.choice(common()["people"]["first"])
        domain = "-".join(firm.lower().replace("&", "and").replace(".", "").replace("'", "").split())
        yield f"{first}.{last}@{domain}.example".lower().replace(" ", "").replace("'", "")

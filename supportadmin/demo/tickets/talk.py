"""Let customer and agent talk a case through: who says what in which order, and when.

The case says how it ends; this module only finds the words and the hours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from integrations.contracts import Author, SourceMessage
from supportadmin.demo.tickets import clock, letters
from supportadmin.demo.tickets.html_dress import as_html
from supportadmin.demo.tickets.people import Agent, Customer
from supportadmin.demo.tickets.phrases import Step, common
from supportadmin.demo.tickets.plan import Case
from supportadmin.demo.tickets.turns import macro_text, turns
from supportadmin.demo.tickets.wording import Words

HOUR = 3600
# Median of office hours until an agent's next message, by what the path needs.
PATH_HOURS = {"engineering": 13.0, "specialist": 7.0, "action": 1.6}
REOPENED_RATIO, NUDGED_RATIO, NOT_HEARD_RATIO = 0.055, 0.07, 0.15
PERSONAL_REPEATED_RATIO = 0.2


@dataclass(frozen=True, slots=True)
class Said:
    """A message without its time: who, the text, and the seconds since the one before."""

    who: Author
    text: str
    wait_seconds: float
    in_office_hours: bool = True
    is_public: bool = True


class Talk:
    """The conversation of one case, said message by message."""

    def __init__(self, random: Random, case: Case, customer: Customer, agent: Agent) -> None:
        self.random, self.case, self.customer, self.agent = random, case, customer, agent
        known = {
            "me": customer.first,
            "mylast": customer.last,
            "company": customer.company,
            "role": customer.role,
            "Role": customer.role.capitalize(),
            "agent": agent.name,
        }
        self.words = Words(random, case.created_at, known)
        self.said: list[Said] = []
        self.reopens = 0
        self.first_words = case.words or self.words.pick(case.scenario.openings)

    def run(self) -> list[Said]:
        """Return all messages of the case."""
        self._open()
        if self.case.thread.path == "no_reply":
            self._withdraw()
        elif self.case.thread.path == "self_solved":
            self._solve_alone()
        else:
            self._follow(self.case.thread.steps)
            self._end()
        return self.said

    def _open(self) -> None:
        keep = self.case.personal.sentence if self.case.personal else ""
        text = letters.opening(
            self.random, self.words, self.customer, self.first_words, keep, self.case.category.context
        )
        if self.case.words and self.case.words not in text:
            text = self.case.words
        self.said.append(Said("customer", text, 0))

    def _withdraw(self) -> None:
        withdrawn = common()["withdrawn"]
        self._customer(self.words.pick(withdrawn["customer"]))
        self._note(self.words.pick(withdrawn["note"]))

    def _solve_alone(self) -> None:
        steps = self.case.scenario.threads[0].steps
        if self.random.random() < 0.35:
            self._follow(steps[:1])
        self._customer(self.words.pick(self.case.category.self_solved))
        if self.random.random() < 0.5:
            self._agent(
                self.words.say(
                    "[Great, thanks for letting us know.|Good to hear, closing this.|No problem at all!]"
                )
            )

    def _follow(self, steps: tuple[Step, ...]) -> None:
        """Say the steps that happen; some customers lose patience first."""
        if self.random.random() < NUDGED_RATIO:
            self._customer(self.words.pick(common()["nudges"]))
        for who, text, canned in turns(self.random, self.words, steps, self.first_words):
            if who == "A":
                self._agent(text, canned)
            elif who == "N":
                self._note(text)
            elif who == "C":
                self._customer(text)
            else:
                self._thank()

    def _thank(self) -> None:
        casual = letters.is_casual(self.first_words)
        self._customer(self.words.pick(common()["thanks"]["casual" if casual else "polite"]))

    def _end(self) -> None:
        shared, roll = common(), self.random.random()
        if roll < REOPENED_RATIO:
            self.reopens = 1 + (roll < REOPENED_RATIO / 6)
            self._customer(self.words.pick(shared["reopened"]), days=1.5)
            self._agent(self.words.pick(shared["reopened_answers"]))
        elif self.said[-1].who == "agent" and roll > 1 - NOT_HEARD_RATIO:
            self._agent("", macro_text("not_heard"), days=5)

    def _agent(self, text: str, canned: str = "", *, days: float = 0) -> None:
        is_first = not any(said.who == "agent" and said.is_public for said in self.said)
        text = "\n\n".join(part for part in (canned, text) if part)
        personal = self.case.personal
        if is_first and personal and self.random.random() < PERSONAL_REPEATED_RATIO:
            text += f" I've noted {personal.value}."
        if canned:
            dressed = f"Hi {self.customer.first},\n\n{text}\n\n{self.agent.name}"
        else:
            dressed = letters.answer(
                self.random, self.words, self.customer, self.agent, text, is_first=is_first
            )
        hours = 1.4 if is_first else PATH_HOURS.get(self.case.thread.path, 1.8)
        if self.customer.channel == "chat" and self.case.thread.path in ("information", "self_solved"):
            hours = 0.09
        self.said.append(Said("agent", dressed, self._spread(hours) + days * 10 * HOUR))

    def _note(self, text: str) -> None:
        self.said.append(Said("agent", text, self._spread(0.3), is_public=False))

    def _customer(self, text: str, *, days: float = 0) -> None:
        answered = self.said[-1].text if self.said[-1].is_public and self.said[-1].who == "agent" else ""
        hours = 0.05 if self.customer.channel == "chat" else 2.2
        dressed = letters.reply(self.random, self.words, self.customer, text, answered)
        wait = self._spread(hours) + days * 24 * HOUR * self.random.uniform(0.5, 2)
        self.said.append(Said("customer", dressed, wait, in_office_hours=False))

    def _spread(self, median_hours: float) -> float:
        """Return seconds, log-normal around the median as waiting times are."""
        return max(45.0, median_hours * HOUR * math.exp(self.random.gauss(0, 0.75)))


def times_of(
    random: Random, created_at: datetime, said: list[Said], latest: datetime
) -> tuple[list[datetime], datetime]:
    """Return when each message was written and when the ticket was solved, none of it after ``latest``."""
    at, times = created_at, []
    for message in said:
        if message.wait_seconds and message.in_office_hours:
            at = clock.after_office_seconds(at, message.wait_seconds)
        elif message.wait_seconds:
            at += timedelta(seconds=int(message.wait_seconds))
        times.append(at)
    waits = random.random() < 0.35
    closed = (
        clock.after_office_seconds(at, random.uniform(8, 40) * HOUR) if waits else at + timedelta(seconds=30)
    )
    if closed > latest:
        share = (latest - created_at) / (closed - created_at) * random.uniform(0.5, 0.95)
        times = [_whole(created_at + (time - created_at) * share) for time in times]
        closed = _whole(created_at + (closed - created_at) * share)
    return times, closed


def messages_of(
    random: Random, case: Case, customer: Customer, agent: Agent, said: list[Said], times: list[datetime]
) -> tuple[SourceMessage, ...]:
    """Return the messages as the help desk hands them out: some HTML, few with broken letters."""
    touched = not case.words and case.personal is None
    messages = []
    for number, (one, at) in enumerate(zip(said, times, strict=True), 1):
        message = SourceMessage(
            author=one.who,
            body=one.text,
            created_at=at,
            external_id=f"{case.number}-{number}",
            author_external_id=customer.external_id if one.who == "customer" else agent.external_id,
            is_public=one.is_public,
        )
        if one.who == "customer" and touched and random.random() < 0.02:
            message = replace(message, body=letters.garbled(one.text))
        elif (
            (touched or number > 1)
            and one.is_public
            and (
                customer.writes_html if one.who == "customer" else number > 1 and customer.channel == "email"
            )
        ):
            message = replace(message, body=as_html(random, one.text), is_html=True)
        messages.append(message)
    return tuple(messages)


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)

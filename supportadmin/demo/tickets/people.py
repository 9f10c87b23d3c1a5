"""The customers and agents of the demo's tickets, and how each of them writes."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from supportadmin.demo.tickets.phrases import common

CUSTOMERS = 900
CHANNELS = {"email": 58, "web": 25, "chat": 17}


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer; ``typos`` is the share of words that go wrong, ``signature`` a line their mail adds."""

    external_id: str
    first: str
    last: str
    company: str
    role: str
    channel: str
    typos: float
    signature: str
    writes_html: bool


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent; ``terse`` is how often they write in shorthand and without greeting."""

    external_id: str
    name: str
    terse: float


def customer_of(random: Random, seed: int) -> Customer:
    """Return one of the demo's customers, some of whom write often."""
    number = min(int(random.expovariate(1 / 280)), CUSTOMERS - 1)
    own = Random(f"customer {seed} {number}")  # noqa: S311 - repeatable on purpose
    people, shared = common()["people"], common()
    channel = own.choices(list(CHANNELS), list(CHANNELS.values()))[0]
    signature = ""
    if channel == "email" and own.random() < 0.3:
        signature = own.choice(shared["mobile_signatures"] + shared["disclaimers"])
    return Customer(
        external_id=f"cust-{number + 1:04}",
        first=own.choice(people["first"]),
        last=own.choice(people["last"]),
        company=own.choice(people["companies"]),
        role=own.choice(shared["slots"]["role"]),
        channel=channel,
        typos=own.choice((0, 0, 0, 0, 0, 0.03, 0.08)),
        signature=signature,
        writes_html=channel == "email" and own.random() < 0.4,
    )


def agent_of(random: Random) -> Agent:
    """Return the agent who takes a ticket."""
    row = random.choice(common()["agents"])
    return Agent(row["id"], row["name"], row["terse"])

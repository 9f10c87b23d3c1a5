"""Turn a thread's steps into turns: which of the optional steps happen, and what is one message.

Finds no hours and dresses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from supportadmin.demo.tickets.matching import fitting
from supportadmin.demo.tickets.phrases import Step, common
from supportadmin.demo.tickets.wording import Words

Turn = tuple[str, str, str]  # who (A, N, C or T), what they say, the macro before or after it


def turns(random: Random, words: Words, steps: tuple[Step, ...], asked: str) -> Iterator[Turn]:
    """Yield the turns that follow ``asked``, the customer's first words."""
    happening = _happening(random, steps)
    number = 0
    while number < len(happening):
        step = happening[number]
        following = happening[number + 1] if number + 1 < len(happening) else None
        pair = {step.who, following.who} if following else set()
        if pair == {"M", "A"} and "not_heard" not in (step.variants[0], following and following.variants[0]):
            macro, other = (step, following) if step.who == "M" else (following, step)
            assert macro is not None and other is not None  # noqa: S101, PT018
            yield "A", words.say(fitting(random, asked, other.variants)), macro_text(macro.variants[0])
            number += 2
            continue
        if step.who == "M":
            yield "A", "", macro_text(step.variants[0])
        elif step.who == "T":
            yield "T", "", ""
        else:
            said = words.say(fitting(random, asked, step.variants))
            yield step.who, said, ""
            asked = said if step.who == "C" else asked
        number += 1


def macro_text(name: str) -> str:
    """Return a canned text, which many tickets have word for word."""
    return "\n".join(common()["macros"][name])


def _happening(random: Random, steps: tuple[Step, ...]) -> list[Step]:
    """Return the steps that happen; an optional answer happens when the question before it does."""
    found: list[Step] = []
    before: Step | None = None
    asked = False
    for step in steps:
        if step.who == "A" and step.percent < 100 and before is not None and before.who == "C":
            happens = asked
        else:
            happens = random.random() * 100 < step.percent
        if happens:
            found.append(step)
        before, asked = step, happens
    return found

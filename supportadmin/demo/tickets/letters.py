"""Dress what is said as a message: greeting, circumstances, sign-off, shorthand, slips of the keyboard.

Decides nothing about what a ticket is about, and leaves words alone that must stand as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from supportadmin.demo.tickets.people import Agent, Customer
from supportadmin.demo.tickets.phrases import common
from supportadmin.demo.tickets.wording import Words

Part = Callable[[], str]
GREETED = re.compile(r"^(hi|hello|hey|dear|good (morning|day)|morning)\b", re.IGNORECASE)
QUESTION = re.compile(
    r"\?|\b(how|where|which|what|who|can (i|we)|could (i|we|you)|is (it|there)|do you|does|would)\b",
    re.IGNORECASE,
)
SHORTHAND = {
    r"password": "pw",
    r"account": "acct",
    r"please": "pls",
    r"message": "msg",
    r"because": "b/c",
    r"quantity": "qty",
    r"two-factor": "2FA",
    r"information": "info",
    r"minutes": "min",
    r"your": "ur",
    r"people": "ppl",
    r"payment": "pmt",
    r"thanks": "thx",
    r"without": "w/o",
}
SHORT = re.compile(r"(?<![\w/])(" + "|".join(SHORTHAND) + r")(?![\w/])", re.IGNORECASE)
WORD = re.compile(r"(?<![\w@./:'’-])[a-z]{5,12}(?![\w@./:'’-])")


def is_casual(text: str) -> bool:
    """Whether somebody writes like this without greeting and full stops."""
    return text[:1].islower() or text[-1:] not in ".!?"


def opening(
    random: Random, words: Words, customer: Customer, said: str, keep: str, context: tuple[str, ...]
) -> str:
    """Return a customer's first message: ``said`` with all around it; ``keep`` is added untouched."""
    casual = is_casual(said)
    around = _circumstances(random, words, said, context, casual=casual)
    tone = "casual" if casual else "polite"
    parts = [] if GREETED.match(said) else _greeting(random, words, tone, customer)
    body = slip(random, said, customer.typos)
    gap = "\n\n" if customer.channel == "email" and not casual and random.random() < 0.4 else " "
    for sentence in around:
        joint = ". " if gap == " " and body[-1:] not in ".!?)" else gap
        body += joint + slip(random, sentence, customer.typos)
    if keep:
        body += ("\n" if random.random() < 0.5 else " " if body[-1:] in ".!?" else ". ") + keep
    parts.append(body)
    parts += _sign_off(random, words, tone, customer)
    return "\n\n".join(parts)


def reply(random: Random, words: Words, customer: Customer, said: str, answered: str) -> str:
    """Return a customer's later message, now and then above a quote of what it answers."""
    body = slip(random, said, customer.typos)
    if customer.channel == "email" and random.random() < 0.25:
        body += "\n\n" + words.pick(common()["signoffs"]["casual" if is_casual(said) else "polite"])
    if customer.channel == "email" and answered and random.random() < 0.3:
        quoted = "\n".join("> " + line for line in answered.splitlines())
        body += f"\n\nOn {words['weekday']} at {words['clock']}, Larkstow Support wrote:\n{quoted}"
    return body


def answer(
    random: Random, words: Words, customer: Customer, agent: Agent, said: str, *, is_first: bool
) -> str:
    """Return an agent's message around ``said``."""
    terse = random.random() < agent.terse
    body = shorten(random, said) if terse else said
    if customer.channel == "chat":
        return body if not is_first or terse else f"Hi {customer.first}, {agent.name} here. {body}"
    shared = common()
    parts = []
    if not terse or random.random() < 0.4:
        parts.append(words.pick(shared["openers"]["first" if is_first else "later"]))
    parts.append(body)
    if not terse and random.random() < 0.3:
        parts[-1] += " " + words.pick(shared["closers"])
    if terse:
        parts += [agent.name] if random.random() < 0.5 else []
    else:
        parts.append(
            random.choice(
                ("Best,\n{0}\nLarkstow Support", "{0} | Larkstow Support", "Kind regards\n{0}")
            ).format(agent.name)
        )
    return "\n\n".join(parts)


def shorten(random: Random, text: str) -> str:
    """Return an agent's text in the shorthand that teams use among themselves."""
    return SHORT.sub(lambda match: SHORTHAND[match[0].lower()] if random.random() < 0.8 else match[0], text)


def slip(random: Random, text: str, share: float) -> str:
    """Return ``text`` with this share of its longer words mistyped."""
    if not share:
        return text
    return WORD.sub(lambda match: _mistyped(random, match[0]) if random.random() < share else match[0], text)


def garbled(text: str) -> str:
    """Return ``text`` as a mail program shows it that takes UTF-8 for Windows-1252."""
    typographic = text.replace("'", "’").replace(" - ", " – ")
    return typographic.encode().decode("cp1252", errors="replace")


def _mistyped(random: Random, word: str) -> str:
    at = random.randint(1, len(word) - 2)
    kind = random.randrange(3)
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + word[at + 1 :] if kind == 1 else word[:at] + word[at] + word[at:]


def _circumstances(
    random: Random, words: Words, said: str, context: tuple[str, ...], *, casual: bool
) -> list[str]:
    """Return sentences about who, where and how urgent; a question has no symptoms."""
    fitting = [kind for kind in context if kind != "trouble" or not QUESTION.search(said)]
    weights = (50, 38, 12) if casual else (28, 44, 28)
    wanted = min(random.choices((0, 1, 2), weights)[0], len(fitting))
    found = [words.pick(common()["context"][kind]) for kind in random.sample(fitting, wanted)]
    return [_lowered(random, text) if casual else _raised(text) for text in found]


def _lowered(random: Random, text: str) -> str:
    """Return a sentence as somebody in a hurry types it."""
    first = text.split(" ", 1)[0]
    if (
        first not in {"I", "I'm", "I've"}
        and not first[1:2].isupper()
        and first
        in {
            "We're",
            "We",
            "It",
            "My",
            "No",
            "The",
            "There's",
            "Would",
            "Same",
            "This",
            "Using",
            "It's",
            "For",
            "Month",
            "Affected",
            "Happened",
        }
    ):
        text = text[0].lower() + text[1:]
    if random.random() < 0.5:
        text = text.replace("I'm", "im").replace("It's", "its").replace("don't", "dont")
    return text.rstrip(".") if random.random() < 0.7 else text


def _raised(text: str) -> str:
    text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?)" else text + "."


def _greeting(random: Random, words: Words, tone: str, customer: Customer) -> list[str]:
    often = {"chat": 0.3, "web": 0.45, "email": 0.7}[customer.channel] * (0.55 if tone == "casual" else 1.2)
    return [words.pick(common()["greetings"][tone])] if random.random() < often else []


def _sign_off(random: Random, words: Words, tone: str, customer: Customer) -> list[str]:
    if customer.channel == "chat":
        return []
    parts = []
    if random.random() < (0.45 if tone == "casual" else 0.8):
        parts.append(words.pick(common()["signoffs"][tone]))
    if customer.signature:
        parts.append(words.say(customer.signature))
    if customer.channel == "email" and random.random() < 0.03:
        parts.append("\n".join(words.say(line) for line in common()["quoted"]))
    return parts

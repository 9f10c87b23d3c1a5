"""The reply that the desk offers to the person who takes over: a draft from what is known, without a model.

It greets, shows that the conversation has been read, and offers the best section that the customer has not
seen yet, or what the flow still lacks. It is never sent by itself. Pure; the packet holds it as
``suggested_reply``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from escalation.triggers import (
    ANGER,
    BILLING_DISPUTE,
    FLOW_ESCALATION,
    HUMAN_ONLY_INTENT,
    HUMAN_REQUEST,
    LEGAL,
    NO_ANSWER,
    REPEATED_FAILURE,
    STEP_FAILURE,
    TOOL_FAILURE,
)
from kb.contracts import SearchHit
from runtime.markdown_words import markdown_words

GREETING = (
    "Hello, I'm from the support team and I'm taking over here. I've read your conversation, so you don't "
    "need to repeat anything."
)
ACKNOWLEDGED: Mapping[str, str] = {
    HUMAN_REQUEST: "You asked for a person, and now you have one.",
    HUMAN_ONLY_INTENT: "I'll look after this personally.",
    NO_ANSWER: "I'm sorry that you got no good answer so far.",
    STEP_FAILURE: "I'm sorry: something went wrong on our side.",
    TOOL_FAILURE: "I'm sorry: our systems could not finish that for you.",
    FLOW_ESCALATION: "Thank you for the details you have given.",
    ANGER: "I'm sorry for the trouble this has caused you.",
    BILLING_DISPUTE: "I understand that an amount is not right, and I'm checking it.",
    LEGAL: "I take what you write seriously and will answer it with care.",
    REPEATED_FAILURE: "I'm sorry that our earlier answers did not solve this.",
}
WITHOUT_ARTICLES = frozenset((LEGAL, HUMAN_ONLY_INTENT))  # what a person weighs word by word
NEXT = "I'm looking into it now and will write to you here."
MINIMUM_SCORE = 0.3  # under it a section is rather about something else (see kb.ranking)
MAX_QUOTE_CHARACTERS = 1_200


def suggested_reply(
    *,
    reason: str,
    topic: str,
    collected: Mapping[str, str],
    missing: Sequence[str],
    hits: Sequence[SearchHit],
    seen: Collection[tuple[int, str]],
) -> str:
    """Return the draft. ``topic`` is the intent's label, "" where it is not certain.

    ``collected`` and ``missing`` are a flow's slots; ``seen`` are the sections, as (article id, anchor), that
    the customer has been shown.
    """
    first = " ".join(filter(None, (GREETING, ACKNOWLEDGED.get(reason, ""), _about(topic))))
    parts = [first, _noted(collected), _asked(missing) or _offered(reason, hits, seen)]
    return "\n\n".join(filter(None, parts))


def _about(topic: str) -> str:
    return f"As I understand it, this is about: {topic}." if topic else ""


def _noted(collected: Mapping[str, str]) -> str:
    if not collected:
        return ""
    return "This is what I have from you:\n" + "\n".join(
        f"- {_words(name)}: {value}" for name, value in collected.items()
    )


def _asked(missing: Sequence[str]) -> str:
    """Ask for the next thing that is not known; never for one that is."""
    return f"To go on, I only need this from you: {_words(missing[0])}." if missing else ""


def _offered(reason: str, hits: Sequence[SearchHit], seen: Collection[tuple[int, str]]) -> str:
    if reason in WITHOUT_ARTICLES:
        return NEXT
    fresh = (hit for hit in hits if hit.score >= MINIMUM_SCORE and (hit.article_id, hit.anchor) not in seen)
    best = next(fresh, None)
    if best is None:
        return NEXT
    heading = " › ".join((best.title, *best.heading_path))
    url = best.url if best.url.startswith(("https://", "http://")) else ""
    return f"This should help:\n\n{heading}\n{_plain(best.quote)}" + (f"\n{url}" if url else "")


def _words(name: str) -> str:
    return name.replace("_", " ")


def _plain(markdown: str) -> str:
    """Return the words, shortened at a line's end where they are many."""
    text = markdown_words(markdown)
    if len(text) <= MAX_QUOTE_CHARACTERS:
        return text
    return text[:MAX_QUOTE_CHARACTERS].rpartition("\n")[0] or text[:MAX_QUOTE_CHARACTERS]

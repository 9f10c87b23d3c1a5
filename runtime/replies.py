"""The words of questions and refusals. Pure; what a customer reads of an article is its own text.

Answers are runtime.drafting's, handoff messages escalation.language's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from escalation.triggers import FLAGGED_CATEGORY, HUMAN_ONLY_INTENT, HUMAN_REQUEST, NO_ANSWER
from kb.contracts import ExclusionHit
from kb.links import resolve

BEFORE_A_PERSON = (
    "Someone from our team will handle this personally. Could you describe it in a sentence or two "
    "first, so they have what they need?"
)
OPEN_QUESTIONS: Mapping[str, str] = {
    HUMAN_REQUEST: (
        "I can bring in a person. So that the right one picks this up: what is it about, in a sentence?"
    ),
    HUMAN_ONLY_INTENT: BEFORE_A_PERSON,
    FLAGGED_CATEGORY: BEFORE_A_PERSON,
    NO_ANSWER: (
        "I haven't found a good answer to that yet. Could you tell me a little more: what are you trying to "
        "do, and what happens?"
    ),
}
OPEN_QUESTION = "I want to be sure that I understand you. Could you say in other words what you need?"


def clarify_reply(trigger: str, options: Sequence[Mapping[str, str]]) -> str:
    """Return one question: a choice between the options, or an open one that fits the trigger."""
    if not options:
        return OPEN_QUESTIONS.get(trigger, OPEN_QUESTION)
    choices = "\n".join(f"{number}. {option['label']}" for number, option in enumerate(options, 1))
    return (
        f"Just so I get this right, which of these is it about?\n\n{choices}\n\n"
        "Answer with the number, or tell me in your own words."
    )


def out_of_scope_reply(exclusion: ExclusionHit, url_of: Callable[[str], str]) -> str:
    """Return what is not covered, in the article's own words, with a way on."""
    text = linked(exclusion.text, url_of)
    return (
        f"This is outside what I can help with. Our article “{exclusion.title}” says so: {text}\n\n"
        "If you'd like a person to look at it, just ask for one."
    )


def own_words() -> dict[str, str]:
    """Return every question and refusal by its occasion, with … in place of what varies."""
    options = [{"label": "…"}, {"label": "…"}]
    asked = {f"Question: {trigger.replace('_', ' ')}": text for trigger, text in OPEN_QUESTIONS.items()}
    return {
        **asked,
        "Question: anything else": OPEN_QUESTION,
        "Question with choices": clarify_reply("", options),
        "Out of scope": out_of_scope_reply(ExclusionHit(0, "…", "…", 0.0), lambda slug: ""),
    }


def linked(markdown: str, url_of: Callable[[str], str]) -> str:
    """Turn links between articles into addresses, or into mere titles."""
    return resolve(markdown, lambda slug: public(url_of(slug)))


def public(url: str) -> str:
    """Return an address that holds outside of our own pages, or nothing."""
    return url if url.startswith(("https://", "http://")) else ""

"""How tickets ended, by decision tables: resolution path, escalation outcome and the three flags."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.outcomes import Facts, Outcome, Said, outcome_of


def conversation(*lines: str) -> tuple[Said, ...]:
    """Return messages from lines such as "c: Hello", "a: Hi", "n: an agents' note"."""
    authors = {"c": ("customer", True), "a": ("agent", True), "n": ("agent", False)}
    return tuple(Said(authors[line[0]][0], line[3:], authors[line[0]][1]) for line in lines)


@pytest.mark.row("1.3")
@pytest.mark.parametrize(
    ("lines", "path"),
    [
        (("c: How do I add a seat?", "a: You can add one under Settings, People."), "information"),
        (("c: Export?", "a: Here is how: https://help.example/hc/articles/1"), "information"),
        (("c: Charged twice", "a: Sorry! I have refunded the second payment."), "action"),
        (("c: Locked out", "a: Done, your account has been unlocked."), "action"),
        (("c: Page crashes", "a: I passed this to engineering."), "engineering"),
        (("c: Page crashes", "n: filed a bug for it", "a: We will keep you posted."), "engineering"),
        (("c: DPA please", "a: Our legal team reviewed it."), "specialist"),
        (("c: It fails", "a: Which browser?", "c: Never mind, it works again now."), "self_solved"),
        (("c: I was charged twice", "a: We refunded it.", "c: Please close this ticket"), "action"),
        (("c: Buy cheap watches",), "no_reply"),
        (("c: Hm", "a: Hello there."), "unclassified"),
        ((), "unclassified"),
    ],
)
def test_the_path_is_told_by_what_agents_say(lines: tuple[str, ...], path: str) -> None:
    assert outcome_of(Facts(conversation(*lines))).path == path


@pytest.mark.row("1.3")
@pytest.mark.parametrize(
    ("facts", "escalation"),
    [
        (Facts(escalated=True), "escalated"),
        (Facts(escalated=False), "not_escalated"),
        (Facts(escalated=False, reassignments=2), "reassigned"),
        (Facts(reassignments=0), "not_escalated"),
        (Facts(), "unclassified"),
        (Facts(tags=("vip", "escalated")), "escalated"),
        (Facts(tags=("deescalation",)), "unclassified"),
        (Facts(conversation("a: I have escalated this to our specialists.")), "escalated"),
        (Facts(conversation("c: Please escalate this!"), escalated=False), "not_escalated"),
    ],
)
def test_the_escalation_is_what_the_help_desk_or_an_agent_says_and_never_a_guess(
    facts: Facts, escalation: str
) -> None:
    assert outcome_of(facts).escalation == escalation


@pytest.mark.row("1.7")
@pytest.mark.parametrize(
    ("line", "flags"),
    [
        ("a: I discussed this with my manager, who decided to refund it.", (True, False, False)),
        (
            "a: This is outside our refund window, but as a one-time courtesy we refunded it.",
            (False, True, False),
        ),
        ("n: checked Stripe and Salesforce: two customers with one address", (False, False, True)),
        ("n: checked Stripe", (False, False, False)),
        ("c: Make an exception and ask your manager", (False, False, False)),
    ],
)
def test_flags_are_raised_by_agents_words_with_the_words_as_evidence(
    line: str, flags: tuple[bool, bool, bool]
) -> None:
    found = outcome_of(Facts(conversation(line)))
    assert (found.needs_judgement, found.policy_exception, found.multi_system) == flags
    for name, is_raised in zip(("needs_judgement", "policy_exception", "multi_system"), flags, strict=True):
        assert (name in found.evidence) == is_raised


@given(
    st.lists(st.tuples(st.sampled_from(["customer", "agent", "system"]), st.text(max_size=200)), max_size=6)
)
def test_any_conversation_gets_one_of_the_known_values(lines: list[tuple[str, str]]) -> None:
    found = outcome_of(Facts([Said(author, text) for author, text in lines]))
    assert isinstance(found, Outcome)
    assert found.path in {
        "information",
        "action",
        "engineering",
        "specialist",
        "self_solved",
        "no_reply",
        "unclassified",
    }
    assert found.escalation in {"escalated", "unclassified"}

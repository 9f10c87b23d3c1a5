"""Handoff messages: the linter, and what customers read."""

from __future__ import annotations

import pytest

from core.actors import Actor
from escalation.defaults import PLAIN_MESSAGE, TEMPLATES
from escalation.language import handoff_message
from escalation.language_lint import message_lint, template_lint
from escalation.models import HandoffTemplate
from escalation.services import defaults_install, template_save

SYSTEM = Actor.system("test")
GOOD = (
    "I'm connecting you with a support specialist who can help with this. They'll have the full context of "
    "our conversation, so you won't need to repeat anything. Typical wait time is under five minutes"
)


def codes(body: str, locale: str = "en") -> set[str]:
    return {finding.code for finding in message_lint(body, locale=locale)}


@pytest.mark.row("4.11")
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Transferring to agent.", {"reassurance", "wait"}),
        (GOOD, {"fixed_time"}),  # all three parts are there; a fixed number is worth a warning
        ("Please hold.", {"reassurance", "takeover", "wait"}),
        ("A specialist will join you shortly.", {"reassurance"}),
        ("Don't worry, a specialist can help and you won't need to repeat anything.", {"wait"}),
        ("We are sorry. Typical wait time is {wait_minutes} min.", {"takeover"}),
    ],
)
def test_the_linter_names_the_parts_that_a_message_lacks(body: str, expected: set[str]) -> None:
    assert codes(body) == expected


@pytest.mark.row("4.11", "R20")
@pytest.mark.parametrize(
    "sneaky",
    [
        "{user.__class__}",
        "{{x}}",
        "%(x)s",
        "{wait_minutes!r}",
        "{}",
        "{0}",
        "${x}",
        "{email}",
        "{",
        "<% x %>",
    ],
)
def test_anything_but_the_named_placeholder_is_refused(sneaky: str) -> None:
    assert "unknown_placeholder" in codes(f"{GOOD} {sneaky}")
    assert "unknown_placeholder" in codes(f"Ein Mensch übernimmt. {sneaky}", locale="de")


@pytest.mark.row("4.11")
def test_every_default_message_passes_the_linter() -> None:
    for template in TEMPLATES:
        assert template_lint(template.body, template.body_without_wait, locale="en") == []
    assert codes(PLAIN_MESSAGE) == set()


@pytest.mark.row("4.11")
@pytest.mark.django_db
def test_a_bad_message_is_not_stored() -> None:
    with pytest.raises(Exception, match="Reassure") as refusal:
        template_save(actor=SYSTEM, reason="", body="Transferring to agent.")
    assert refusal.value.code == "template_lint"
    with pytest.raises(Exception, match="without it too"):
        template_save(actor=SYSTEM, reason="", body=TEMPLATES[0].body)
    assert HandoffTemplate.objects.count() == 0


@pytest.mark.row("4.11", "4.12")
@pytest.mark.django_db
def test_a_number_is_said_only_where_the_wait_is_known() -> None:
    defaults_install(actor=SYSTEM)
    known = handoff_message("no_answer", wait_minutes=4)
    unknown = handoff_message("no_answer", wait_minutes=None)
    assert known.endswith("Typical wait time is under 4 minutes.")
    assert known.startswith("I don't have a reliable answer")
    assert unknown.endswith("as soon as possible.")
    assert not any(character.isdigit() for character in unknown)


@pytest.mark.row("4.11")
@pytest.mark.django_db
def test_the_closest_template_is_chosen_by_locale_then_reason() -> None:
    assert handoff_message("no_answer", wait_minutes=None) == PLAIN_MESSAGE
    defaults_install(actor=SYSTEM)
    template_save(actor=SYSTEM, reason="", body="Ein Mensch übernimmt.", locale="de")
    assert handoff_message("no_answer", wait_minutes=3, locale="de") == "Ein Mensch übernimmt."
    assert handoff_message("human_request", wait_minutes=3, locale="fr").startswith("Of course")

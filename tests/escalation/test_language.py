"""Handoff messages: the linter in four languages, which template is the closest, and what customers read."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.actors import Actor
from core.errors import InvalidInput, NotAllowed
from core.models import Activity
from escalation.contracts import Situation, Words
from escalation.defaults import OFF_HOURS_MESSAGES, PLAIN_MESSAGE, TEMPLATES
from escalation.language import by_closeness, handoff_message, opens_at_text, told_minutes, words_fill
from escalation.language_lint import (
    ERROR,
    OFF_HOURS,
    WITHOUT_WAIT,
    message_lint,
    parts_of,
    template_lint,
)
from escalation.models import HandoffTemplate
from escalation.services import defaults_install, template_delete, template_save
from escalation.wordings import WORDINGS
from tests.escalation.handoff_wordings import BAD, GOOD, LATER_BAD, LATER_GOOD

SYSTEM = Actor.system("test")
LETTERS = {"reassurance": "R", "takeover": "T", "wait": "W"}
GUIDES = (
    "I'm connecting you with a support specialist who can help with this. They'll have the full context of "
    "our conversation, so you won't need to repeat anything. Typical wait time is under five minutes"
)
BERLIN = ZoneInfo("Europe/Berlin")
MONDAY_NINE = datetime(2026, 11, 30, 9, tzinfo=BERLIN)
CLOSED = Situation(
    off_hours=True,
    opens_at=MONDAY_NINE,
    now=datetime(2026, 11, 27, 18, tzinfo=BERLIN),
    time_zone="Europe/Berlin",
)


def codes(body: str, locale: str = "en", **more: str) -> set[str]:
    return {finding.code for finding in message_lint(body, locale=locale, **more)}


def missing(locale: str, body: str) -> str:
    errors = [finding.code for finding in message_lint(body, locale=locale) if finding.level == ERROR]
    return "".join(sorted(LETTERS[code] for code in errors))


@pytest.mark.row("4.11")
def test_the_corpus_is_large_and_in_four_languages() -> None:
    assert (len(GOOD), len(BAD)) == (64, 66)
    assert {locale for locale, *_ in GOOD} == {locale for locale, *_ in BAD} == WORDINGS.keys()


@pytest.mark.row("4.11")
@pytest.mark.parametrize(("locale", "body"), [*GOOD, *LATER_GOOD])
def test_a_message_with_its_three_parts_is_accepted(locale: str, body: str) -> None:
    assert missing(locale, body) == ""


@pytest.mark.row("4.11")
@pytest.mark.parametrize(("locale", "body", "parts"), [*BAD, *LATER_BAD])
def test_a_message_that_lacks_a_part_is_refused_with_its_name(locale: str, body: str, parts: str) -> None:
    assert missing(locale, body) == parts


@pytest.mark.row("4.11")
def test_the_guides_own_message_passes_with_a_word_about_its_fixed_number() -> None:
    assert codes(GUIDES) == {"fixed_time"}


@pytest.mark.row("4.11")
def test_the_linter_shows_which_words_fulfil_which_part() -> None:
    body = "I’m sorry. A specialist will reply in {wait_minutes} minutes."
    assert {part.code: body[part.start : part.end] for part in parts_of(body, locale="en")} == {
        "reassurance": "sorry",
        "takeover": "specialist will reply",
        "wait": "{wait_minutes}",
    }


@pytest.mark.row("4.11")
def test_in_a_language_that_is_not_known_only_placeholders_are_checked() -> None:
    assert codes("Um momento.", locale="pt-BR") == {"wording_not_checked"}
    assert codes("{nome}", locale="pt-BR") == {"wording_not_checked", "unknown_placeholder"}


@pytest.mark.row("4.11", "R20")
@pytest.mark.parametrize("variant", ["body", WITHOUT_WAIT, OFF_HOURS])
@pytest.mark.parametrize(
    "sneaky",
    [
        *("{user.__class__}", "{{x}}", "%(x)s", "{wait_minutes!r}", "{opens_at:>9}", "{}", "{0}", "${x}"),
        *("{email}", "{customer}", "{", "<% x %>"),
    ],
)
def test_anything_but_the_named_placeholders_is_refused(sneaky: str, variant: str) -> None:
    assert "unknown_placeholder" in codes(f"{GUIDES} {sneaky}", variant=variant)
    assert "unknown_placeholder" in codes(f"Ein Mensch übernimmt. {sneaky}", locale="de", variant=variant)


@pytest.mark.row("4.11", "4.18")
@pytest.mark.parametrize(
    ("variant", "placeholder", "code"),
    [
        ("body", "{opens_at}", "opening_unknown"),
        (WITHOUT_WAIT, "{opens_at}", "opening_unknown"),
        (WITHOUT_WAIT, "{wait_minutes}", "wait_unknown"),
        (OFF_HOURS, "{wait_minutes}", "wait_unknown"),
        (OFF_HOURS, "", "opening_missing"),
    ],
)
def test_a_placeholder_stands_only_where_it_is_known(variant: str, placeholder: str, code: str) -> None:
    assert code in codes(f"{GUIDES} {placeholder}", variant=variant)


@pytest.mark.row("4.11", "4.18")
def test_every_default_message_passes_the_linter_in_every_situation() -> None:
    for one in TEMPLATES:
        linted = template_lint(one.body, one.body_without_wait, one.body_off_hours, locale=one.locale)
        assert linted == {"body": [], "body_without_wait": [], "body_off_hours": []}, one
    assert codes(PLAIN_MESSAGE) == set()
    assert OFF_HOURS_MESSAGES.keys() == WORDINGS.keys()


@pytest.mark.row("4.11")
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"body": "Transferring to agent."}, "template_lint"),
        ({"body": TEMPLATES[0].body}, "template_lint"),  # the variant without the wait is missing
        ({"body": PLAIN_MESSAGE, "body_off_hours": "We are closed."}, "template_lint"),
        ({"body": PLAIN_MESSAGE, "reason": "bored"}, "unknown_reason"),
        ({"body": PLAIN_MESSAGE, "locale": "<b>"}, "bad_locale"),
    ],
)
def test_a_bad_message_is_not_stored(fields: dict[str, str], code: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        template_save(actor=SYSTEM, **{"reason": "", **fields})
    assert refusal.value.code == code
    assert HandoffTemplate.objects.count() == Activity.objects.count() == 0


REASONS, TIERS, LOCALES = ("no_answer", ""), ("pro", ""), ("pt-BR", "pt", "en")
ALL = [Words(reason, tier, locale, "body") for locale, reason, tier in product(LOCALES, REASONS, TIERS)]


@pytest.mark.row("4.11")
def test_templates_are_close_by_language_then_reason_then_tier() -> None:
    found = by_closeness(reversed(ALL), reason="no_answer", locale="pt-BR", tier="pro")
    assert found == ALL
    assert by_closeness(ALL, reason="no_answer", locale="pt_br", tier="pro")[0] == ALL[0]


@pytest.mark.row("4.11")
@pytest.mark.parametrize(
    ("reason", "tier", "locale", "expected"),
    [
        ("no_answer", "pro", "pt", ("no_answer", "pro", "pt")),
        ("no_answer", "basic", "pt", ("no_answer", "", "pt")),
        ("other", "pro", "pt-PT", ("", "pro", "pt")),  # Portuguese of another country is Portuguese
        ("other", "", "sv", ("", "", "en")),
        ("no_answer", "pro", "", ("no_answer", "pro", "en")),
    ],
)
def test_what_does_not_fit_is_never_sent(reason: str, tier: str, locale: str, expected: object) -> None:
    first = by_closeness(ALL, reason=reason, locale=locale or "en", tier=tier)[0]
    assert (first.reason, first.tier, first.locale) == expected


@pytest.mark.row("4.11", "4.12")
@pytest.mark.django_db
def test_a_number_is_said_only_where_the_wait_is_known() -> None:
    defaults_install(actor=SYSTEM)
    known = handoff_message("no_answer", situation=Situation(wait_seconds=190))
    unknown = handoff_message("no_answer")
    assert known.startswith("I don't have a reliable answer")
    assert known.endswith("Typical wait time is under 4 minutes.")
    assert unknown.endswith("as soon as possible.")
    assert not any(character.isdigit() for character in unknown)


@pytest.mark.row("4.12")
@pytest.mark.parametrize(
    ("seconds", "english", "german"),
    [
        (1, "under 2 minutes", "unter 2 Minuten"),
        (120, "under 2 minutes", "unter 2 Minuten"),
        (121, "under 3 minutes", "unter 3 Minuten"),
        (5_400, "under 90 minutes", "unter 90 Minuten"),
        (5_401, "under 2 hours", "unter 2 Stunden"),
        (7_201, "under 3 hours", "unter 3 Stunden"),
    ],
)
def test_minutes_are_rounded_up_and_become_hours_beyond_ninety(seconds, english, german) -> None:
    for locale, said in (("en", english), ("de", german)):
        template = next(one for one in TEMPLATES if (one.reason, one.locale) == ("", locale))
        words = Words("", "", locale, template.body)
        assert f"{said}." in words_fill(words, Situation(wait_seconds=seconds))


@pytest.mark.row("4.12")
@given(seconds=st.integers(0, 10**6))
def test_what_is_told_is_never_shorter_than_the_estimate(seconds: int) -> None:
    assert told_minutes(seconds) * 60 >= seconds


@pytest.mark.row("4.18")
@pytest.mark.django_db
def test_off_hours_the_customer_reads_when_the_team_opens_and_is_asked_for_an_address() -> None:
    defaults_install(actor=SYSTEM)
    assert handoff_message("human_request", situation=CLOSED).startswith(
        "Of course. Our team is not here right now: a support specialist will take over on Monday at 09:00 "
        "(Berlin time) and reply here."
    )
    asks = handoff_message("human_request", situation=CLOSED_AND_ASKS, locale="de-AT")
    assert "übernimmt am Montag um 09:00 Uhr (Ortszeit Berlin)" in asks
    assert asks.endswith(
        "\n\nWenn Sie die Antwort per E-Mail möchten, schreiben Sie hier einfach Ihre Adresse."
    )


CLOSED_AND_ASKS = Situation(
    off_hours=True, opens_at=MONDAY_NINE, now=CLOSED.now, time_zone="Europe/Berlin", asks_for_email=True
)


@pytest.mark.row("4.18")
@pytest.mark.django_db
def test_without_words_for_off_hours_the_next_closest_in_the_language_or_ours_are_sent() -> None:
    template_save(actor=SYSTEM, reason="no_answer", body=PLAIN_MESSAGE)
    assert "on Monday at 09:00" in handoff_message("no_answer", situation=CLOSED)  # ours
    own = "A specialist takes over {opens_at}; you won't need to repeat anything."
    template_save(actor=SYSTEM, reason="", body=PLAIN_MESSAGE, body_off_hours=own)
    assert handoff_message("no_answer", situation=CLOSED).startswith("A specialist takes over on Monday")
    assert handoff_message("no_answer", situation=CLOSED, locale="de").startswith("A specialist takes over")
    german = GOOD[37][1]
    template_save(actor=SYSTEM, reason="", body=german, locale="de")
    assert handoff_message("no_answer", situation=CLOSED, locale="de").startswith("Unser Team ist gerade")


@pytest.mark.row("4.18")
@pytest.mark.django_db
def test_where_no_opening_is_in_sight_none_is_promised() -> None:
    defaults_install(actor=SYSTEM)
    never = Situation(off_hours=True, opens_at=None)
    assert handoff_message("no_answer", situation=never).endswith("as soon as possible.")


@pytest.mark.row("4.18")
@pytest.mark.parametrize(
    ("locale", "days", "text"),
    [
        ("en", 0, "today at 09:00 (Berlin time)"),
        ("en", 3, "on Monday at 09:00 (Berlin time)"),
        ("en", 7, "on Monday, 30 November at 09:00 (Berlin time)"),
        ("fr", 0, "aujourd'hui à 09:00 (heure de Berlin)"),
        ("fr", 8, "lundi 30 novembre à 09:00 (heure de Berlin)"),
        ("es", 8, "el lunes, 30 de noviembre, a las 09:00 (hora de Berlin)"),
        ("de", 8, "am Montag, 30. November, um 09:00 Uhr (Ortszeit Berlin)"),
        ("pt-BR", 3, "2026-11-30 09:00 (Berlin)"),
    ],
)
def test_an_opening_is_said_in_the_customers_language(locale: str, days: int, text: str) -> None:
    now = MONDAY_NINE - timedelta(days=days, hours=1)
    situation = Situation(off_hours=True, opens_at=MONDAY_NINE, now=now, time_zone="Europe/Berlin")
    assert opens_at_text(situation, locale) == text


@pytest.mark.row("4.11")
@pytest.mark.django_db
def test_a_template_is_kept_per_reason_tier_and_locale_and_can_be_taken_away(make_user) -> None:
    assert handoff_message("no_answer") == PLAIN_MESSAGE
    for tier, name in (("", "team"), ("enterprise", "account team")):
        body = f"I'm sorry. Someone from our {name} will reply as soon as possible."
        template_save(actor=SYSTEM, reason="no_answer", tier=tier, body=body)
    assert "our team" in handoff_message("no_answer", tier="pro")
    assert "our account team" in handoff_message("no_answer", tier="enterprise")
    reader = Actor.of_user(make_user("reader", "escalation.view_handofftemplate"))
    mine = HandoffTemplate.objects.get(tier="enterprise")
    with pytest.raises(NotAllowed):
        template_delete(actor=reader, template=mine)
    template_delete(actor=SYSTEM, template=mine)
    assert "our team" in handoff_message("no_answer", tier="enterprise")
    assert Activity.objects.get(verb="handoff_template.deleted").before["body"].startswith("I'm sorry.")

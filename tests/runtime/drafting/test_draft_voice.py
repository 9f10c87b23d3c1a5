"""The voice of answers as a lead keeps it: one row, held to the brand's words, seen on real sections."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from core.actors import Actor
from core.errors import InvalidInput, NotAllowed
from core.models import Activity
from kb.models import VoiceTerm
from kb.voice import voice_checked
from runtime.contracts import TurnRequest
from runtime.drafting.live import draft_answer
from runtime.drafting.voice_row import PERMISSION, draft_voice, draft_voice_save
from runtime.models import DraftVoice, Trace
from runtime.services import turn_take
from tests.runtime.conftest import ENGINES, HIT, SYSTEM

pytestmark = [pytest.mark.django_db, pytest.mark.row("2.14")]
ADDRESS = "admin:runtime_draftvoice_change"
VIEW = "runtime.view_draftvoice"
FIELDS = {"opening": "", "opening_steps": "", "closing": "", "heading": "section", "source_line": "source"}


@pytest.fixture
def lead(make_user: Any) -> Actor:
    return Actor.of_user(make_user("lead", VIEW, PERMISSION))


def test_the_next_answer_has_the_saved_voice(lead: Actor) -> None:
    draft_voice_save(actor=lead, opening_steps="These are the steps:", closing=" Tell me how it goes. ")
    draft = draft_answer("export", [HIT], url_of=lambda slug: "", deadline=0)
    assert draft.reply.startswith("These are the steps:\n\n1. Open **Settings**.")
    assert draft.reply.endswith(
        "Tell me how it goes.\n\nSource: [How do I export my workspace?](https://help.example.com/export)"
    )
    (entry,) = Activity.objects.filter(verb="draft_voice.changed")
    assert entry.after == {"opening_steps": "These are the steps:", "closing": "Tell me how it goes."}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"opening": "Refunds take 5 days:"}, "line_breaks_voice"),
        ({"closing": "See https://evil.example"}, "line_breaks_voice"),
        ({"closing": "[Here](x)"}, "line_breaks_voice"),
        ({"opening": "One\nTwo"}, "line_breaks_voice"),
        ({"opening": "Sorry for the inconvenience!"}, "line_breaks_voice"),
        ({"opening": "x" * 201}, "invalid_voice"),
        ({"heading": "none"}, "invalid_voice"),
        ({"pk": "2"}, "not_editable"),
    ],
)
def test_a_line_that_claims_something_or_breaks_the_voice_is_refused(
    changes: dict[str, str], code: str, lead: Actor
) -> None:
    VoiceTerm.objects.create(unwanted="sorry for the inconvenience", instead="sorry")
    with pytest.raises(InvalidInput) as refusal:
        draft_voice_save(actor=lead, **changes)
    assert refusal.value.code == code
    assert not DraftVoice.objects.exclude(opening="", closing="", heading="section").exists()
    assert Activity.objects.filter(verb="draft_voice.changed").count() == 0


def test_who_may_not_change_it_does_not(make_user: Any) -> None:
    with pytest.raises(NotAllowed):
        draft_voice_save(actor=Actor.of_user(make_user("tagger", VIEW)), opening="Hello:")
    assert draft_voice().opening == ""
    assert DraftVoice.objects.count() == 0


def test_the_brand_voice_page_looks_at_the_lines_too() -> None:
    VoiceTerm.objects.create(unwanted="kindly", instead="please")
    DraftVoice.objects.create(pk=1, opening="Kindly read this:")
    (found,) = [one for one in voice_checked() if one.kind == "Lines around answers"]
    assert found.texts == 1
    assert [hit.name for hit in found.hits] == ["Opening"]
    assert found.hits[0].url == reverse("admin:runtime_draftvoice_changelist")


def test_the_page_shows_and_saves(make_user: Any, sign_in: Any) -> None:
    client = sign_in(make_user("lead", VIEW, PERMISSION))
    moved = client.get(reverse("admin:runtime_draftvoice_changelist"))
    assert moved.url == reverse(ADDRESS, args=(1,))
    page = client.get(moved.url)
    assert "No language model is set" in page.content.decode()
    assert "No article is published yet" in page.content.decode()
    saved = client.post(moved.url, {**FIELDS, "opening": "Here you go:"})
    assert saved.status_code == 302
    assert draft_voice().opening == "Here you go:"
    refused = client.post(moved.url, {**FIELDS, "opening": "Only $5:"})
    assert "leave out figures" in refused.content.decode()
    assert draft_voice().opening == "Here you go:"


def test_who_may_only_look_sees_no_way_to_change(make_user: Any, sign_in: Any) -> None:
    client = sign_in(make_user("viewer", VIEW))
    DraftVoice.objects.create(pk=1, opening="Here you go:")
    address = reverse(ADDRESS, args=(1,))
    assert client.get(address).status_code == 200
    assert client.post(address, FIELDS).status_code == 403
    assert draft_voice().opening == "Here you go:"
    nobody = sign_in(make_user("nobody"))
    assert nobody.get(address).status_code == 403
    assert nobody.post(reverse("admin:runtime_draftvoice_preview"), FIELDS).status_code == 403


def test_what_is_typed_is_shown_around_real_sections_and_not_saved(
    make_user: Any, sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.admin.draft_voice.sample_sections", lambda limit: [HIT] * limit)
    client = sign_in(make_user("lead", VIEW, PERMISSION))
    typed = {**FIELDS, "opening_steps": "The steps:", "closing": "Now $5 off"}
    answer = client.post(reverse("admin:runtime_draftvoice_preview"), typed)
    data = answer.json()
    assert list(data["problems"]) == ["closing"]
    assert len(data["previews"]) == 3
    assert data["previews"][0] == {
        "title": "How do I export my workspace? › Steps",
        "text": "The steps:\n\n1. Open Settings.\n2. Choose Export.\n\nNow $5 off\n\n"
        "Source: How do I export my workspace?",
    }
    assert draft_voice().opening_steps == ""
    too_long = client.post(reverse("admin:runtime_draftvoice_preview"), {**FIELDS, "opening": "x" * 300})
    assert too_long.status_code == 400
    assert list(too_long.json()["problems"]) == ["opening"]


def test_the_turns_page_says_who_drafted_and_what_was_left_out(
    make_user: Any, sign_in: Any, rules: None
) -> None:
    result = turn_take(actor=SYSTEM, request=TurnRequest("hello"), engines=ENGINES)
    trace = Trace.objects.get(turn_id=result.turn_id)
    for step in trace.steps:
        if step["name"] == "reply":
            step["details"] = {
                "draft": {
                    "by": "extractive",
                    "why": "answer_not_supported",
                    "dropped": [{"text": "It costs <b>$5</b>.", "why": "not_supported"}],
                    "llm_ms": 12.5,
                }
            }
    Trace.objects.filter(turn_id=result.turn_id).update(steps=trace.steps)
    client = sign_in(make_user("reader", "runtime.view_turn", "runtime.view_conversation"))
    page = client.get(reverse("admin:runtime_turn_change", args=(result.turn_id,))).content.decode()
    assert "The cited section, in its own words, 12.5 ms" in page
    assert "the sentence that answers is not among those that are supported" in page
    assert "It costs &lt;b&gt;$5&lt;/b&gt;." in page
    assert "no cited sentence says it" in page

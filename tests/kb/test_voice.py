"""The voice guide: three sample replies that keep to its words, and every text that does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from core import jobs
from core.actors import Actor
from core.errors import InvalidInput, NotAllowed
from core.models import Activity, User
from escalation.models import HandoffTemplate
from escalation.services import defaults_install
from intents.models import Intent
from kb.linting import voice_term_save
from kb.models import Article, Revision, RevisionLint, VoiceGuide, VoiceTerm
from kb.ports import customer_texts
from kb.review import article_archive
from kb.services import revision_save_draft
from kb.voice import VoiceHit, sample_problems, voice_checked, voice_guide, voice_guide_save
from tests.kb.conftest import BODY
from tests.kb.test_revisions import refused

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
PAGE, GUIDE = "/admin/kb/voiceguide/brand/", "/admin/kb/voiceguide/1/change/"
OWNER = ("kb.view_voiceguide", "kb.change_voiceguide", "kb.view_voiceterm", "kb.view_article")
SAYS = "“utilise” is not how we speak: write “use”."
TEXT = {"tone": "Plain and warm.", "sample_1": "Hi Kim,\n\nthat works now.", "sample_2": "", "sample_3": ""}


@pytest.fixture
def utilise(db: None) -> VoiceTerm:
    term = VoiceTerm(unwanted="utilise", instead="use")
    voice_term_save(actor=SYSTEM, term=term)
    jobs.run_due()
    return term


@pytest.fixture
def owner(make_user: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    return sign_in(make_user("olga", *OWNER))


def hits_by_kind() -> dict[str, list[VoiceHit]]:
    return {one.kind: list(one.hits) for one in voice_checked()}


@pytest.mark.row("2.19")
def test_the_guide_keeps_a_tone_and_exactly_three_samples(owner: Client) -> None:
    assert owner.get("/admin/kb/voiceguide/")["Location"] == GUIDE
    answer = owner.post(GUIDE, {**TEXT, "sample_1": "Hi Kim,\r\n\r\nthat works now. "})
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    kept = VoiceGuide.objects.get()
    assert (kept.pk, kept.tone, kept.samples) == (1, "Plain and warm.", ["Hi Kim,\n\nthat works now."])
    line = Activity.objects.get(verb="voice_guide.changed")
    assert (line.actor_label, line.before["tone"], line.after["tone"]) == ("olga", "", "Plain and warm.")
    page = owner.get(PAGE)
    assert [title for title, _ in page.context["slots"]] == [
        "First sample reply",
        "Second sample reply",
        "Third sample reply",
    ]
    assert page.content.decode().count("Not written yet.") == 2


@pytest.mark.row("2.19")
def test_a_sample_that_uses_an_unwanted_word_is_refused_and_nothing_is_written(
    owner: Client, utilise: VoiceTerm
) -> None:
    before = Activity.objects.count()
    page = owner.get("/admin/kb/voiceguide/", follow=True)
    answer = owner.post(GUIDE, {**TEXT, "sample_3": "Please Utilise it."})
    assert (page.status_code, answer.status_code) == (200, 200)
    shown = answer.context["adminform"].form.errors
    assert shown == {"sample_3": ["W001: “Utilise” is not how we speak: write “use”."]}
    guide = VoiceGuide(pk=1, **{**TEXT, "sample_2": "Utilise it."})
    refusal = refused(
        InvalidInput, "sample_breaks_voice", lambda: voice_guide_save(actor=SYSTEM, guide=guide)
    )
    assert refusal.extra["problems"] == {"sample_2": ["W001: “Utilise” is not how we speak: write “use”."]}
    assert refusal.message.startswith("Second sample reply: W001:")
    long = VoiceGuide(pk=1, sample_1="x" * 1_501)
    refused(InvalidInput, "too_long", lambda: voice_guide_save(actor=SYSTEM, guide=long))
    assert (Activity.objects.count(), voice_guide().samples, voice_guide().tone) == (before, [], "")


@pytest.mark.row("2.19", "8.1")
def test_who_may_not_change_the_guide_does_not(
    make_user: Callable[..., User], sign_in: Callable[[User], Client], writer: Actor
) -> None:
    VoiceGuide.objects.create(pk=1, tone="Plain.")
    reader = sign_in(make_user("rita", "kb.view_voiceguide"))
    assert reader.get(PAGE).status_code == 200
    assert reader.post(GUIDE, TEXT).status_code == 403
    assert reader.post(PAGE).status_code == 405
    stranger = sign_in(make_user("sam", "kb.view_article"))
    assert (stranger.get(PAGE).status_code, stranger.get("/admin/kb/voiceguide/").status_code) == (403, 403)
    refused(
        NotAllowed,
        "not_allowed",
        lambda: voice_guide_save(actor=writer, guide=VoiceGuide(pk=1, tone="Loud.")),
    )
    assert (VoiceGuide.objects.get().tone, Activity.objects.count()) == ("Plain.", 0)


@pytest.mark.row("2.19")
def test_a_word_that_a_sample_uses_is_told_when_it_is_added(
    make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    voice_guide_save(actor=SYSTEM, guide=VoiceGuide(tone="", sample_2="Utilise it."))
    root = sign_in(make_user("root", superuser=True))
    page = root.post("/admin/kb/voiceterm/add/", {"unwanted": "utilise", "instead": "use"}, follow=True)
    assert "A sample reply of the voice guide uses it. W001: “Utilise” is not how we speak: write “use”." in [
        str(message) for message in page.context["messages"]
    ]
    assert list(sample_problems({"sample_2": "Utilise it."})) == ["sample_2"]
    assert [(hit.name, hit.message) for hit in hits_by_kind()["Sample replies"]] == [
        ("Second sample reply", "“Utilise” is not how we speak: write “use”.")
    ]


@pytest.mark.row("2.19")
def test_the_page_lists_articles_drafts_messages_and_choices_with_rule_and_place(
    owner: Client,
    live: Callable[..., Article],
    draft: Callable[..., Revision],
    writer: Actor,
    utilise: VoiceTerm,
) -> None:
    defaults_install(actor=SYSTEM)
    published = live("published", "How do I utilise it?", BODY)
    archived = live("archived", "Archived?", f"{BODY}\nUtilise it.\n")
    article_archive(actor=writer, article=archived)
    revision_save_draft(
        actor=writer, article=published, base_number=1, title="How do I use it?", body=f"{BODY}\nutilise\n"
    )
    template = HandoffTemplate.objects.get(reason="", locale="en")
    HandoffTemplate.objects.filter(pk=template.pk).update(body_without_wait="We utilise a person.")
    Intent.objects.create(slug="use", label="Utilise an item", description="x", state="active")
    found = hits_by_kind()
    assert found["Published articles"] == [
        VoiceHit("Published articles", "How do I utilise it?", 0, SAYS, article_id=published.pk)
    ]
    line = len(BODY.strip().splitlines()) + 2
    assert found["Drafts"] == [VoiceHit("Drafts", "How do I use it?", line, SAYS, article_id=published.pk)]
    url = f"/admin/escalation/handofftemplate/{template.pk}/change/"
    assert found["Handoff messages"] == [
        VoiceHit("Handoff messages", "Any reason (en), without a wait", 0, SAYS, url=url)
    ]
    (choice,) = found["Choices in its questions"]
    assert (choice.name, choice.url) == ("Utilise an item", "/admin/intents/intent/?q=use")
    assert (found["The agent's own replies"], found["Sample replies"]) == ([], [])
    page = owner.get(PAGE)
    text = page.content.decode()
    assert text.count(">W001<") == 4
    assert f'href="/admin/kb/article/{published.pk}/change/"' in text
    assert f'href="{url}"' in text
    one = owner.get(PAGE, {"kind": "Drafts"})
    assert [hit.kind for hit in one.context["hits"]] == ["Drafts"]
    assert len(owner.get(PAGE, {"kind": "Nothing such"}).context["hits"]) == 4
    RevisionLint.objects.all().delete()
    assert "2 texts of articles wait for the linter." in owner.get(PAGE).content.decode()


@pytest.mark.row("2.19")
def test_every_wording_of_the_agent_is_looked_through() -> None:
    """A reply that a customer could read and that is not offered here would never be held to the voice."""
    offered = customer_texts()
    kinds = ["Handoff messages", "The agent's own replies", "Choices in its questions"]
    kinds += ["Lines around answers", "Resolution flows"]
    assert list(offered) == kinds
    names = {one.name for one in offered["The agent's own replies"]}
    assert names == {
        "Question: human request",
        "Question: human only intent",
        "Question: flagged category",
        "Question: no answer",
        "Question: anything else",
        "Question with choices",
        "Out of scope",
        "Asks again: E-mail address",
        "Asks again: Order or invoice number",
        "Asks again: Amount of money",
        "Asks again: Date",
        "Asks again: One of a list, such as a plan",
        "Asks again: Yes or no",
        "Asks again: Phone number",
        "Asks again: Free text",
        "A flow is called off",
        "A flow ends without a word",
    }
    assert [one.name for one in offered["Handoff messages"]] == ["Where no message can be read"]
    voice_term_save(actor=SYSTEM, term=VoiceTerm(unwanted="outside", instead="beyond"))
    (hit,) = hits_by_kind()["The agent's own replies"]
    assert (hit.name, hit.url, hit.article_id) == ("Out of scope", "", None)


@pytest.mark.row("2.19", "4.11")
def test_a_handoff_message_is_saved_with_a_warning_about_its_words(
    make_user: Callable[..., User], sign_in: Callable[[User], Client], utilise: VoiceTerm
) -> None:
    defaults_install(actor=SYSTEM)
    lead = sign_in(make_user("lee", "escalation.view_handofftemplate", "escalation.change_handofftemplate"))
    template = HandoffTemplate.objects.get(reason="", locale="en")
    change = f"/admin/escalation/handofftemplate/{template.pk}/change/"
    body = f"{template.body_without_wait} We utilise the queue."
    page = lead.post(change, {"body": body, "body_without_wait": ""}, follow=True)
    said = [str(message) for message in page.context["messages"] if message.level_tag == "warning"]
    assert said == [f"Saved, but the brand's voice is another. W001: {SAYS}"]
    assert HandoffTemplate.objects.get(reason="", locale="en").body == body
    page = lead.post(change, {"body": template.body_without_wait, "body_without_wait": ""}, follow=True)
    assert [message.level_tag for message in page.context["messages"]] == ["success"]


@pytest.mark.row("2.19")
def test_empty_guide_and_words_say_what_to_do_next(owner: Client) -> None:
    text = owner.get(PAGE).content.decode()
    assert "Nobody has written down the tone yet." in text
    assert "No words yet, so nothing is looked for." in text
    assert "Add words first" in text
    VoiceTerm.objects.create(unwanted="xyzzy")
    assert "Every one of these texts keeps to the words." in owner.get(PAGE).content.decode()


@pytest.mark.browser
@pytest.mark.row("2.19")
@pytest.mark.django_db(transaction=True)
def test_the_samples_stand_below_the_linter_while_somebody_writes(
    page: Page, live_server: Any, make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    voice_guide_save(actor=SYSTEM, guide=VoiceGuide(**{**TEXT, "sample_2": "All <b>good</b>."}))
    writer = sign_in(make_user("wim", "kb.view_article", "kb.add_article", "kb.change_article"))
    cookie = writer.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    page.goto(f"{live_server.url}/admin/kb/article/add/")
    guide = page.locator(".kb-live-lint + #kb-voice-guide")
    expect(guide.locator("summary")).to_have_text("How we speak, with 2 sample replies")
    expect(guide.get_by_text("that works now")).to_be_hidden()
    guide.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(guide.get_by_text("that works now")).to_be_visible()
    expect(guide.get_by_text("All <b>good</b>.")).to_be_visible()

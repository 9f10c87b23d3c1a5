"""The linter with what the database knows, the voice guide, readiness, and the gate at publication."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from core import jobs
from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed
from core.models import Activity, Job, User
from escalation.models import Rule
from escalation.services import defaults_install, rule_create, rule_disable, rule_enable, rule_update
from kb.linting import findings_of, voice_findings, voice_term_delete, voice_term_save
from kb.models import Article, PairFinding, PublishingPolicy, Revision, RevisionLint, VoiceTerm
from kb.readiness import readiness_of, ready_share
from kb.review import revision_approve, revision_publish, revision_submit
from kb.services import article_set_audience
from tests.kb.conftest import REVIEWER, WRITER
from tests.kb.test_admin import LIST, move_url
from tests.kb.test_revisions import refused

pytestmark = pytest.mark.django_db
MakeDraft = Callable[..., Revision]
READY = "# How do I leave?\n\n1. Open **People**.\n\n## What this does NOT cover\n\n- Billing.\n"
LINT = f"{LIST}lint/"


@pytest.fixture
def wanda(sign_in: Callable[[User], Client], writer: Actor) -> Client:
    return sign_in(User.objects.get(pk=writer.id))


def rules_of(body: str, article: Article | None = None) -> list[str]:
    return [finding.rule for finding in findings_of("How do I leave?", body, article=article)]


@pytest.mark.row("2.1", "2.3", "2.4")
def test_links_rules_and_the_audience_are_those_of_the_database(
    live: Callable[..., Article], draft: MakeDraft, writer: Actor
) -> None:
    live("invite", "How do I invite?", READY.replace("leave", "invite"))
    assert rules_of(f"{READY}\nSee [it](kb:invite) and [more](kb:invite#what-this-does-not-cover).\n") == []
    assert rules_of(f"{READY}\nSee [it](kb:gone) and [more](kb:invite#gone).\n") == ["L001", "L001"]
    defaults_install(actor=Actor.system("tests"))
    rule = Rule.objects.get(trigger="human_request")
    linked = f"{READY}\n[A person](rule:{rule.pk}) helps if needed.\n"
    assert rules_of(linked) == []
    rule_disable(actor=Actor.system("tests"), rule=rule)
    assert rules_of(linked) == ["V002"]
    article = draft("leave").article
    article_set_audience(actor=writer, article=article, for_everyone=False)
    assert rules_of(READY, article) == ["A001"]


@pytest.mark.row("2.1", "2.3")
def test_every_saved_text_keeps_what_the_linter_found(draft: MakeDraft) -> None:
    revision = draft(body="# A\n\n# B\n\nContact us if needed.\n")
    kept = RevisionLint.objects.get(revision=revision)
    assert (kept.errors, kept.warnings, kept.vague, kept.asks_a_clear_question) == (2, 2, 1, False)
    assert [(finding["rule"], finding["line"]) for finding in kept.findings] == [
        ("H001", 3),
        ("Q002", 3),
        ("V001", 5),
        ("X001", 5),
    ]


@pytest.mark.row("2.19")
def test_a_new_word_of_the_voice_guide_is_found_in_every_article_and_message(
    draft: MakeDraft, writer: Actor
) -> None:
    revision = draft(body=f"{READY}\nUtilise it.\n")
    lead = Actor.system("tests")
    term = VoiceTerm(unwanted="utilise", instead="use")
    voice_term_save(actor=lead, term=term)
    jobs.run_due()
    assert [f["rule"] for f in RevisionLint.objects.get(revision=revision).findings] == ["W001"]
    assert voice_findings("Please utilise it.") == ["W001: “utilise” is not how we speak: write “use”."]
    voice_term_delete(actor=lead, term=term)
    jobs.run_due()
    assert RevisionLint.objects.get(revision=revision).findings == []
    assert Activity.objects.filter(verb__startswith="voice_term").count() == 2


@pytest.mark.row("2.19")
def test_who_may_not_change_the_voice_does_not_and_a_word_is_not_its_own_remedy(writer: Actor) -> None:
    refused(
        NotAllowed, "not_allowed", lambda: voice_term_save(actor=writer, term=VoiceTerm(unwanted="utilise"))
    )
    same = VoiceTerm(unwanted="Use", instead="use")
    refused(InvalidInput, "bad_term", lambda: voice_term_save(actor=Actor.system("tests"), term=same))
    assert VoiceTerm.objects.count() == 0


@pytest.mark.row("2.10")
def test_the_three_tests_of_readiness(live: Callable[..., Article], draft: MakeDraft, writer: Actor) -> None:
    ready = live("leave", "How do I leave?", READY)
    unclear = live("invoices", "Invoices", READY.replace("How do I leave?", "Invoices"))
    assert readiness_of(ready.published_revision).score == 3
    assert readiness_of(unclear.published_revision).asks_a_clear_question is False
    assert ready_share() == (1, 2)
    pair = [[ready.pk, unclear.pk]]
    PairFinding.objects.create(
        kind="contradiction", key="k", first=ready, second=unclear, pairs=pair, text="x"
    )
    assert readiness_of(ready.published_revision).is_free_of_contradictions is False
    assert ready_share() == (0, 2)
    nobody = draft("nobody", "How do I leave?", READY)
    article_set_audience(actor=writer, article=nobody.article, for_everyone=False)
    assert readiness_of(nobody).has_an_audience is False


@pytest.mark.row("2.10", "2.6")
def test_an_article_that_is_not_ready_warns_or_is_refused_as_the_policy_says(
    draft: MakeDraft, writer: Actor, reviewer: Actor
) -> None:
    revision = draft("invoices", "Invoices", "# Invoices\n\n## Where\n\nHere.\n")
    revision_submit(actor=writer, revision=revision)
    revision_approve(actor=reviewer, revision=revision)
    PublishingPolicy.objects.update_or_create(pk=1, defaults={"readiness_mode": "block"})
    refusal = refused(
        Conflict, "publication_blocked", lambda: revision_publish(actor=reviewer, revision=revision)
    )
    assert refusal.extra["obstacles"] == [
        "It does not answer a clear question: look at Q001 and Q002.",
        "The linter finds 1 error in it.",
        "It does not say what it does NOT cover.",
    ]
    PublishingPolicy.objects.update(readiness_mode="warn")
    revision_publish(actor=reviewer, revision=revision)
    assert Article.objects.published().count() == 1


@pytest.mark.row("2.1")
def test_what_is_typed_is_linted_and_nothing_is_written(wanda: Client, draft: MakeDraft) -> None:
    article = draft().article
    before = RevisionLint.objects.values_list("made_at").get()
    answer = wanda.post(
        LINT, {"article": article.pk, "title": "Leaving", "body": "# A\r\n\r\n# B\r\n\r\nText soon."}
    )
    data = json.loads(answer.content)
    assert data["counts"] == {"error": 2, "warning": 3, "info": 0}
    second = next(row for row in data["findings"] if row["rule"] == "H001")
    assert second["fix"] == {"label": "Make it H2", "start": 5, "end": 6, "text": "##"}
    assert RevisionLint.objects.values_list("made_at").get() == before
    assert wanda.post(LINT, {"title": "x", "body": "x" * 100_001}).status_code == 400
    assert wanda.get(LINT).status_code == 405


@pytest.mark.row("2.1", "2.3")
def test_the_list_shows_and_filters_by_what_the_linter_finds(wanda: Client, draft: MakeDraft) -> None:
    draft("clean", "How do I leave?", READY)
    draft("vague", "How do I stay?", f"{READY}\nContact us if needed.\n")
    draft("broken", "Broken", "# A\n\n# B\n")

    def shown(value: str) -> list[str]:
        return sorted(row.slug for row in wanda.get(LIST, {"lint": value}).context["cl"].result_list)

    assert (shown("errors"), shown("vague"), shown("unclear")) == (["broken"], ["vague"], ["broken"])
    assert shown("clean") == ["clean"]
    page = wanda.get(LIST).content.decode()
    assert "2 errors" in page
    ids = list(Article.objects.values_list("pk", flat=True))
    said = wanda.post(LIST, {"action": "lint_selected", "_selected_action": ids}, follow=True)
    assert "3 articles linted: 2 errors," in said.content.decode()


@pytest.mark.row("2.1", "2.10")
def test_findings_and_readiness_stand_beside_the_decision(
    draft: MakeDraft, writer: Actor, make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    revision = draft("vague", "How do I stay?", f"{READY}\nContact us if <b>needed</b>.\n")
    revision_submit(actor=writer, revision=revision)
    rene = sign_in(make_user("rene", *REVIEWER))
    page = rene.get(move_url(revision.article, "approve")).content.decode()
    assert "“Contact us” is vague" in page
    assert "Answers a clear question" in page


@pytest.mark.row("2.10", "8.1")
def test_the_policy_is_one_row_that_only_those_with_the_right_change(
    make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    address = "/admin/kb/publishingpolicy/"
    lead = sign_in(make_user("lee", "kb.view_publishingpolicy", "kb.change_publishingpolicy"))
    form = lead.get(address)["Location"]
    values = {"readiness_mode": "block", "questions_mode": "warn"}
    page = lead.get(form)
    typed = {
        name: page.context["adminform"].form.initial[name] for name in page.context["adminform"].form.fields
    }
    lead.post(form, {**typed, **values})
    assert PublishingPolicy.objects.get().readiness_mode == "block"
    assert Activity.objects.filter(verb="publishing_policy.changed").count() == 1
    reader = sign_in(make_user("kim", "kb.view_publishingpolicy"))
    assert reader.post(form, {**typed, "readiness_mode": "warn"}).status_code == 403
    assert PublishingPolicy.objects.get().readiness_mode == "block"


@pytest.mark.browser
@pytest.mark.row("2.1")
@pytest.mark.django_db(transaction=True)
def test_a_second_topic_is_found_while_typing_and_mended_with_a_click(
    page: Page, live_server: Any, make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    cookie = sign_in(make_user("wanda", *WRITER)).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{live_server.url}{LIST}add/")
    page.fill("#id_title", "How do I leave?")
    page.locator(".CodeMirror").click()
    page.keyboard.insert_text("# Leave\n\nGo.\n\n# Stay\n\n<b>x</b>")
    row = page.locator(".kb-finding", has_text="A second H1")
    expect(row).to_be_visible()
    expect(page.locator(".kb-mark-error").first).to_be_visible()
    row.get_by_role("button", name="Make it H2").click()
    expect(page.locator(".kb-finding", has_text="A second H1")).to_have_count(0)
    text = page.evaluate("document.querySelector('.CodeMirror').CodeMirror.getValue()")
    assert text == "# Leave\n\nGo.\n\n## Stay\n\n<b>x</b>"
    page.keyboard.press("Control+z")
    expect(page.locator(".kb-finding", has_text="A second H1")).to_be_visible()
    expect(page.locator("#kb-unsaved-state")).to_contain_text("is kept since")
    page.reload()
    expect(page.locator("#kb-unsaved")).to_be_visible()
    page.get_by_role("button", name="Put it back into the form").click()
    text = page.evaluate("document.querySelector('.CodeMirror').CodeMirror.getValue()")
    assert text.startswith("# Leave")
    assert errors == []


@pytest.mark.row("2.3", "4.8")
def test_a_rule_that_is_disabled_or_renamed_is_found_in_the_articles_that_link_it(draft: MakeDraft) -> None:
    system = Actor.system("tests")
    defaults_install(actor=system)
    rule = Rule.objects.get(trigger="human_request")
    revision = draft("leave", "How do I leave?", f"{READY}\n[A person](rule:{rule.pk}) helps if needed.\n")
    jobs.run_due()

    def kept() -> list[str]:
        return [finding["rule"] for finding in RevisionLint.objects.get(revision=revision).findings]

    assert kept() == []
    rule_disable(actor=system, rule=rule)
    queued = Job.objects.get(state="queued")
    assert (queued.task, queued.requested_by) == ("kb.tasks.relint", "tests")
    jobs.run_due()
    assert kept() == ["V002"]
    rule_enable(actor=system, rule=Rule.objects.get(pk=rule.pk), is_first_installation=True)
    jobs.run_due()
    assert kept() == []
    renamed = rule_update(actor=system, rule=Rule.objects.get(pk=rule.pk), name="A person is wanted")
    assert not Job.objects.filter(state="queued").exists()  # the new name waits to be enabled
    rule_enable(actor=system, rule=renamed, is_first_installation=True)
    assert Job.objects.filter(state="queued", task="kb.tasks.relint").count() == 1
    jobs.run_due()
    other = Rule.objects.exclude(pk=rule.pk).first()
    assert other is not None
    rule_update(actor=system, rule=other, parameters=other.parameters)  # nothing changes
    rule_create(
        actor=system,
        name="A draft",
        kind="soft",
        trigger="human_request",
        parameters={},
        clarify_first=0,
        priority=9,
    )
    assert not Job.objects.filter(state="queued").exists()

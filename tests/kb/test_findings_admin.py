"""The pages of contradictions and doubles: what waits, both sides, verdicts, merging, who may do what."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from core.actors import Actor
from core.models import Job, User
from kb.models import Article, PairFinding, Revision
from kb.review import revision_submit
from tests.kb.conftest import REVIEWER, WRITER
from tests.kb.test_findings import IN_14, IN_30

pytestmark = [pytest.mark.django_db, pytest.mark.row("2.8")]
Live = Callable[..., Article]
LIST = "/admin/kb/pairfinding/"


@pytest.fixture
def owner(client: Client, make_user: Callable[..., User]) -> Client:
    permissions = (*WRITER, "kb.view_pairfinding", "kb.view_articleclaim")
    client.force_login(make_user("olga", *permissions))
    return client


@pytest.fixture
def finding(live: Live) -> PairFinding:
    live("refunds", "When can I get a refund?", f"# When can I get a refund?\n\n{IN_14}\n")
    live("money-back", "How is money paid back?", f"# How is money paid back?\n\n{IN_30}\n")
    return PairFinding.objects.get()


def test_the_list_shows_what_waits_and_how_much_was_compared(owner: Client, finding: PairFinding) -> None:
    page = owner.get(LIST).content.decode()
    assert "2 statements in 2 of 2 published articles are compared" in page
    assert IN_14 in page
    assert IN_30 in page
    finding.state, finding.reason, finding.decided_by = "dismissed", "Checked.", "olga"
    finding.save()
    page = owner.get(LIST).content.decode()
    assert IN_14 not in page
    assert "Nothing waits for you here." in page
    assert IN_14 in owner.get(f"{LIST}?verdict=dismissed").content.decode()


def test_a_verdict_is_given_and_taken_back_on_the_page(owner: Client, finding: PairFinding) -> None:
    address = reverse("admin:kb_pairfinding_change", args=(finding.pk,))
    page = owner.get(address).content.decode()
    assert "When can I get a refund?" in page
    assert "They differ in duration." in page
    move = reverse("admin:kb_pairfinding_transition", args=(finding.pk, "dismiss"))
    refused = owner.post(move, {"reason": " "})
    assert refused.status_code == 400
    assert PairFinding.objects.get().state == "open"
    owner.post(move, {"reason": "The one is for cards."})
    assert PairFinding.objects.get().reason == "The one is for cards."
    owner.post(reverse("admin:kb_pairfinding_transition", args=(finding.pk, "reopen")), {})
    assert PairFinding.objects.get().state == "open"


def test_the_ticked_are_dismissed_at_once(owner: Client, finding: PairFinding) -> None:
    owner.post(LIST, {"action": "dismiss_selected", "_selected_action": [finding.pk]})
    assert PairFinding.objects.get().state == "dismissed"


def test_the_article_page_names_what_it_contradicts(owner: Client, finding: PairFinding) -> None:
    address = reverse("admin:kb_article_change", args=(finding.first_id,))
    page = owner.get(address).content.decode()
    assert reverse("admin:kb_pairfinding_change", args=(finding.pk,)) in page
    PairFinding.objects.update(state="dismissed", reason="Checked.", decided_by="olga")
    page = owner.get(address).content.decode()
    assert reverse("admin:kb_pairfinding_change", args=(finding.pk,)) not in page


def test_a_reviewer_sees_what_a_text_would_contradict(
    client: Client,
    make_user: Callable[..., User],
    finding: PairFinding,
    draft: Callable[..., Revision],
    writer: Actor,
) -> None:
    said = IN_14.replace("14", "90")
    revision = draft("third", "Is there a refund?", f"# Is there a refund?\n\n{said}\n")
    revision_submit(actor=writer, revision=revision)
    client.force_login(make_user("rex", *REVIEWER))
    page = client.get(reverse("admin:kb_revision_transition", args=(revision.pk, "approve"))).content.decode()
    assert f"“{said}” here, “{IN_30}” there" in page
    assert '<span class="kb-test kb-no-test">no</span> No contradictions' in page


def test_who_may_only_look_sees_the_page_and_may_do_nothing(
    client: Client, make_user: Callable[..., User], finding: PairFinding
) -> None:
    client.force_login(make_user("vera", "kb.view_pairfinding", "kb.view_article"))
    page = client.get(reverse("admin:kb_pairfinding_change", args=(finding.pk,)))
    assert page.status_code == 200
    assert "No problem" not in page.content.decode()
    move = reverse("admin:kb_pairfinding_transition", args=(finding.pk, "dismiss"))
    assert client.post(move, {"reason": "x"}).status_code == 403
    client.post(LIST, {"action": "dismiss_selected", "_selected_action": [finding.pk]})
    assert client.post(reverse("admin:kb_findings_compare")).status_code == 403
    assert PairFinding.objects.get().state == "open"


def test_a_comparison_is_queued_by_the_button(owner: Client, finding: PairFinding) -> None:
    Job.objects.all().delete()
    owner.post(reverse("admin:kb_findings_compare"))
    assert [job.task for job in Job.objects.all()] == ["kb.tasks.compare"]


@pytest.mark.row("2.9")
def test_doubles_are_seen_side_by_side_and_merged_on_the_page(owner: Client, live: Live) -> None:
    steps = "\n".join(f"{n}. Open page number {n} of the export." for n in range(1, 12))
    kept = live("export", "How do I export a list?", f"# How do I export a list?\n\n{steps}\n")
    gone = live("lists", "How can lists be exported?", f"# How can lists be exported?\n\n{steps}\n")
    finding = PairFinding.objects.get()
    page = owner.get(reverse("admin:kb_pairfinding_change", args=(finding.pk,))).content.decode()
    assert '<section class="kb-changes" aria-label="Both texts">' in page
    move = reverse("admin:kb_pairfinding_transition", args=(finding.pk, "merge-into-first"))
    shown = owner.get(move)
    assert "“How can lists be exported?” is archived" in shown.content.decode()
    owner.post(move, {"_seen": shown.context["seen"]})
    gone.refresh_from_db()
    assert gone.merged_into == kept
    assert (
        "merge-into-first"
        not in owner.get(reverse("admin:kb_pairfinding_change", args=(finding.pk,))).content.decode()
    )


def test_the_ledger_is_searched(owner: Client, finding: PairFinding) -> None:
    address = reverse("admin:kb_articleclaim_changelist")
    page = owner.get(address, {"q": "14 days"}).content.decode()
    assert IN_14 in page
    assert IN_30 not in page

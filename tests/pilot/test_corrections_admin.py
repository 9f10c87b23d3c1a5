"""The board of corrections: queue, filters, a page for each proposal, bulk acts row by row, its figures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from core.models import User
from intents.models import DatasetSnapshot, Example, Intent
from pilot.corrections.collecting import corrections_collect
from pilot.corrections.selectors import WeekOfCorrections, board_counts, corrections_per_week
from pilot.models import Correction, Draft, Pilot, Review
from runtime.models import Feedback, Turn
from supportadmin.roles import roles_sync
from tests.pilot.correcting import say_of, undo
from tests.xss import MARK, PAYLOADS, STEP, active_nodes, fitting

pytestmark = pytest.mark.django_db
LIST = "/admin/pilot/correction/"


def page(correction: Correction) -> str:
    return f"{LIST}{correction.pk}/change/"


@pytest.fixture
def lead(make_user: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    roles_sync()
    return sign_in(make_user("lena", roles=("Support lead",)))


@pytest.fixture
def intent(db: None) -> Intent:
    return Intent.objects.create(slug="data_export", label="Data export", state="active")


@pytest.fixture
def three(make_pilot: Any, make_draft: Any, intent: Intent) -> list[Correction]:
    """A good answer, a message that was not understood, and a fact that is wrong, in this order of time."""
    make_pilot()
    say_of(make_draft("How do I export my data?"))
    make_draft("unsure <script>alert(1)</script>")
    say_of(make_draft("How do I export a page?"), "wrong_fact", text="Choose Backup.")
    corrections_collect()
    return list(Correction.objects.order_by("draft_id"))


@pytest.mark.row("5.3", "5.6")
def test_the_board_reads_what_is_new_and_shows_the_most_urgent_first(lead, make_pilot, make_draft, intent):
    make_pilot()
    say_of(make_draft("How do I export my data?"))
    make_draft("unsure what I want")
    html = lead.get(LIST).content.decode()
    assert Correction.objects.count() == 2
    assert html.index("unsure what I want") < html.index("was answered well")
    assert "1 of priority 1" in html.replace("</a>", "")


def test_an_empty_board_says_what_comes_next(lead):
    html = lead.get(LIST).content.decode()
    assert "start a pilot in shadow mode" in html


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 3),
        ("?kind__exact=positive", 1),
        ("?source__exact=not_understood", 1),
        ("?priority__exact=1", 2),
        ("?state=accepted", 0),
        ("?state=all", 3),
        ("?q=Backup", 1),
        ("?q=nowhere", 0),
        ("?week=2020-01-06", 3),  # no week of any draft: not a filter
    ],
)
def test_filters_and_search(lead, three, query, found):
    changelist = lead.get(LIST + query).context_data["cl"]
    assert changelist.result_count == found


def test_a_week_and_a_pilot_narrow_the_list(lead, three):
    week = three[0].draft.week
    Draft.objects.filter(pk=three[0].draft_id).update(week=week - timedelta(days=7))
    query = f"?week={week}&draft__pilot__id__exact={three[0].draft.pilot_id}"
    assert lead.get(LIST + query).context_data["cl"].result_count == 2


def test_who_may_not_see_corrections_gets_none(three, make_user, sign_in):
    pat = sign_in(make_user("pat"))
    assert pat.get(LIST).status_code == 403
    assert pat.get(page(three[0])).status_code == 403


def test_a_reviewer_sees_the_proposal_but_no_button_and_cannot_post(three, make_user, sign_in):
    roles_sync()
    rita = sign_in(make_user("rita", roles=("Reviewer",)))
    html = rita.get(page(three[0])).content.decode()
    assert 'value="accept"' not in html
    answer = rita.post(page(three[0]), {"act": "accept", "text": "x", "intent": "data_export"})
    assert answer.status_code == 409
    assert (Example.objects.count(), Correction.objects.filter(state="accepted").count()) == (0, 0)


def test_the_page_shows_words_draft_edit_and_proposal_and_nothing_runs_in_it(lead, three):
    unsure, wrong = three[1], three[2]
    html = lead.get(page(unsure)).content.decode()
    assert "unsure &lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script>alert(1)" not in html
    html = lead.get(page(wrong)).content.decode()
    assert "Choose Backup." in html
    assert "<del>" in html
    assert "A new article" in html  # the cited one is not in this workspace


@pytest.mark.row("5.3")
def test_accepting_makes_the_example_and_goes_on_to_the_next_of_the_same_list(lead, three):
    queue = f"?_changelist_filters={quote('state=all&o=1')}"
    good = three[0]
    answer = lead.post(
        page(good) + queue, {"act": "accept", "text": good.payload["text"], "intent": "data_export"}
    )
    assert answer.status_code == 302
    assert answer["Location"].startswith(LIST)
    assert "_changelist_filters=" in answer["Location"]
    assert Example.objects.get().text == "How do I export my data?"
    html = lead.get(page(good)).content.decode()
    assert f"/admin/intents/example/{Example.objects.get().pk}/change/" in html
    assert "train one" in html


def test_what_was_typed_stays_where_it_is_refused(lead, three):
    unsure = three[1]
    answer = lead.post(page(unsure), {"act": "accept", "text": "My own words", "intent": ""})
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "Choose the intent that these words belong to." in html
    assert "My own words" in html
    assert Example.objects.count() == 0


@pytest.mark.parametrize("act", ["", "nonsense", "kind"])
def test_a_malformed_act_changes_nothing(lead, three, act):
    before = list(Correction.objects.order_by("pk").values())
    assert lead.post(page(three[0]), {"act": act, "kind": "\x00"}).status_code == 409
    assert list(Correction.objects.order_by("pk").values()) == before


def test_another_article_is_looked_at_before_it_is_changed(lead, three):
    html = lead.get(page(three[2]) + "?article=new").content.decode()
    assert "Choose Backup." in html
    assert lead.get(page(three[2]) + "?article=99999999999999999999").status_code == 200


def test_declining_and_taking_back_on_the_page(lead, three):
    good = three[0]
    lead.post(page(good), {"act": "decline", "note": "Known."})
    assert Correction.objects.get(pk=good.pk).note == "Known."
    html = lead.get(page(good)).content.decode()
    assert "Declined by lena" in html
    lead.post(page(good), {"act": "reopen"})
    assert Correction.objects.get(pk=good.pk).state == "proposed"


def test_something_else_is_proposed_from_the_page(lead, three):
    lead.post(page(three[1]), {"act": "kind", "kind": "rule"})
    assert Correction.objects.get(pk=three[1].pk).kind == "rule"
    assert 'name="phrases"' in lead.get(page(three[1])).content.decode()


def test_an_accepted_correction_says_that_its_review_was_taken_back(lead, three):
    good = three[0]
    lead.post(page(good), {"act": "accept", "text": "Words", "intent": "data_export"})
    undo(good.review)
    corrections_collect()
    assert "The review was taken back on" in lead.get(page(good)).content.decode()


def test_bulk_acts_say_row_by_row_what_was_done_and_refused(lead, three):
    Intent.objects.create(slug="billing_inquiry", label="Billing", state="active")
    Correction.objects.filter(pk=three[1].pk).update(payload={"text": "x y", "intent": "gone"})
    ticked = {"action": "accept_selected", "_selected_action": [three[0].pk, three[1].pk]}
    html = lead.post(LIST, ticked, follow=True).content.decode()
    assert "1 accepted." in html
    assert "Choose the intent that these words belong to." in html
    assert Example.objects.count() == 1
    back = {"action": "reopen_selected", "_selected_action": [three[0].pk]}
    assert "1 opened again." in lead.post(f"{LIST}?state=all", back, follow=True).content.decode()
    assert Example.objects.get().state == "retired"
    both = {"action": "decline_selected", "_selected_action": [three[0].pk, three[1].pk]}
    assert "2 declined." in lead.post(LIST, both, follow=True).content.decode()


def test_the_list_takes_as_many_queries_for_thirty_rows_as_for_three(
    lead, three, make_draft, django_assert_max_num_queries
):
    lead.get(LIST)
    with django_assert_max_num_queries(60) as few:
        lead.get(LIST)
    for number in range(27):
        make_draft(f"unsure {number}")
    corrections_collect()
    with django_assert_max_num_queries(60) as many:
        lead.get(LIST)
    assert len(many.captured_queries) == len(few.captured_queries)


@pytest.mark.row("R19")
@pytest.mark.parametrize("kind", ["phrasing", "article", "rule", "flow", "voice", "positive"])
def test_hostile_texts_are_shown_as_text(lead, three, kind):
    row = three[2]
    for number in range(0, len(PAYLOADS), STEP):
        hostile, line = fitting(number, None), fitting(number, 60, one_line=True)
        fields = (
            "text",
            "intent",
            "title",
            "tier",
            "name",
            "outcome",
            "step",
            "field",
            "unwanted",
            "instead",
        )
        payload = dict.fromkeys((*fields, "reason"), hostile) | {"phrases": [hostile], "choices": [hostile]}
        Correction.objects.filter(pk=row.pk).update(
            kind=kind,
            title=line,
            note=line,
            payload=payload,
            state="proposed",
            decided_by="",
            decided_at=None,
        )
        Turn.objects.update(text=hostile, reply=hostile, matched_text=hostile, intent=line)
        Review.objects.update(final_text=hostile[::-1] + hostile, note=hostile, person_name=line)
        Pilot.objects.update(name=line)
        pages = [lead.get(page(row)), lead.get(LIST), lead.post(page(row), {"act": hostile, "kind": hostile})]
        made = {"model": "kb.revision", "id": 1, "label": hostile, "note": hostile}
        decided = {"state": "accepted", "decided_by": line, "decided_at": timezone.now(), "result": made}
        Correction.objects.filter(pk=row.pk).update(**decided)
        pages.append(lead.get(page(row)))
        for answer in pages:
            assert active_nodes(answer.content.decode()) == []
            assert MARK in answer.content.decode()


# --- Figures ------------------------------------------------------------------------------------------------


def test_the_figures_above_the_board(lead, three):
    good = three[0]
    lead.post(page(good), {"act": "accept", "text": "Words of it", "intent": "data_export"})
    found = timezone.now() - timedelta(hours=10)
    Correction.objects.filter(pk=good.pk).update(created_at=found)
    counts = board_counts()
    assert (counts.waiting, counts.total) == ({1: 2, 2: 0, 3: 0}, 2)
    assert (counts.accepted_this_week, counts.declined_this_week, counts.untrained) == (1, 0, 1)
    assert counts.median_hours == pytest.approx(10, abs=0.1)
    assert "1 <small>phrasing</small>" in lead.get(LIST).content.decode()
    DatasetSnapshot.objects.create(sha256="0" * 64, rows=[], label_names={}, counts={})
    assert board_counts().untrained == 0


def test_corrections_by_week_leave_out_what_was_withdrawn_and_count_good_answers_apart(
    make_pilot, make_draft
):
    pilot: Pilot = make_pilot()
    first, second = datetime(2026, 3, 4, 12, tzinfo=UTC), datetime(2026, 3, 11, 12, tzinfo=UTC)
    say_of(make_draft(at=first))
    make_draft("unsure 1", at=first)
    withdrawn = say_of(make_draft("How do I export it?", at=first), "outdated")
    complained = make_draft("How do I export all?", at=second)
    Feedback.objects.create(turn=complained.turn, given_by="x", rating="down")
    say_of(make_draft("How do I export that?", at=second), "correct", outcome="rejected")
    corrections_collect()
    undo(withdrawn)
    corrections_collect()
    Correction.objects.filter(draft=complained).update(
        state="accepted", decided_by="lena", decided_at=timezone.now()
    )
    assert corrections_per_week(pilot) == [
        WeekOfCorrections(date(2026, 3, 2), 1, 1, 1, 0, 0, 1),
        WeekOfCorrections(date(2026, 3, 9), 2, 1, 1, 1, 0, 0),
    ]

"""The desk's calls and the lists of drafts and reviews: who gets in, what stays blind, what is only text."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.actors import Actor
from core.errors import Conflict
from core.models import User
from pilot.drafts.claiming import drafts_take
from pilot.drafts.reviewing import review_record
from pilot.models import Draft, Review
from runtime.models import Turn
from supportadmin.roles import roles_sync
from tests.xss import PAYLOADS, active_nodes, fitting

pytestmark = pytest.mark.django_db
DESK = "/admin/pilot/draft/desk/"
CALLS = ("take", "release", "record", "undo", "diff")


@pytest.fixture
def reviewer(make_user: Callable[..., User], sign_in: Callable[[User], Client]) -> Callable[[str], Client]:
    def make(name: str) -> Client:
        roles_sync()
        return sign_in(make_user(name, roles=("Reviewer",)))

    return make


def say(person: Client | None, draft: Draft, **fields: Any) -> Any:
    usual = {"key": str(uuid.uuid4()), "draft": draft.pk, "outcome": "approved", "verdict": "correct"}
    assert person is not None
    return person.post(f"{DESK}record/", usual | {"seconds": 2} | fields)


@pytest.mark.row("5.8", "8.1")
def test_the_desk_is_for_those_who_may_review(make_pilot, make_draft, make_user, sign_in) -> None:
    make_pilot()
    draft = make_draft()
    looker = sign_in(make_user("lou", "pilot.view_draft", "pilot.view_review"))
    assert looker.get(DESK).status_code == 403
    for call in CALLS:
        assert looker.post(f"{DESK}{call}/", {}).status_code == 403
        assert looker.get(f"{DESK}{call}/").status_code in (403, 405)
    assert Client().get(DESK).status_code == 302
    assert looker.get("/admin/pilot/draft/").status_code == 200
    for address in ("add/", f"{draft.pk}/delete/"):
        assert looker.get(f"/admin/pilot/draft/{address}").status_code == 403
    assert Review.objects.count() == 0


@pytest.mark.parametrize("call", CALLS)
def test_what_is_sent_wrongly_is_told_and_changes_nothing(make_pilot, make_draft, reviewer, call) -> None:
    make_pilot()
    make_draft()
    person = reviewer("rae")
    wrong = {"held": "1;2", "want": "ten", "key": "k", "draft": "-1", "seconds": "long"}
    answer = person.post(f"{DESK}{call}/", wrong)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert Review.objects.count() == 0


@pytest.mark.row("5.8")
def test_a_draft_is_taken_compared_reviewed_and_taken_back(make_pilot, make_draft, reviewer) -> None:
    make_pilot(double_percent=0)
    draft = make_draft()
    person = reviewer("rae")
    taken = person.post(f"{DESK}take/", {"want": 5}).json()
    (item,) = taken["items"]
    assert (item["id"], taken["progress"]) == (draft.pk, {"today": 0, "week": 0, "left": 1})
    assert "<strong>Settings</strong>" in item["html"]
    assert item["sources"][0]["article_url"] == "/admin/kb/article/12/change/"
    text = draft.turn.reply.replace("Settings", "Preferences").replace("\n", "\r\n")
    compared = person.post(f"{DESK}diff/", {"draft": draft.pk, "text": text}).json()["diff"]
    assert [part for part in compared if part[0] != "same"] == [
        ["removed", "Settings"],
        ["added", "Preferences"],
    ]
    key = str(uuid.uuid4())
    answer = say(person, draft, key=key, outcome="edited", verdict="outdated", final_text=text)
    assert (answer.json()["is_new"], answer.json()["sent"]) == (True, False)
    assert answer.json()["progress"] == {"today": 1, "week": 1, "left": 0}
    back = person.post(f"{DESK}undo/", {"key": key}).json()
    assert (back["item"]["id"], back["progress"]["left"]) == (draft.pk, 1)
    refused = say(person, draft, outcome="edited", verdict="outdated", final_text=draft.turn.reply)
    assert (refused.status_code, refused.json()["code"]) == (400, "not_edited")
    assert person.post(f"{DESK}diff/", {"draft": draft.pk + 1, "text": "x"}).status_code == 404
    assert person.post(f"{DESK}release/", {"held": str(draft.pk)}).json() == {"released": 1}


@pytest.mark.row("5.12")
def test_a_first_review_is_hidden_until_the_second_is_given(make_pilot, make_draft, reviewer) -> None:
    make_pilot(double_percent=100)
    draft = make_draft()
    rae, sam = reviewer("rae"), reviewer("sam")
    say(rae, draft, outcome="rejected", verdict="wrong_tone", note="Far too stiff")
    pages = ("draft/", f"draft/{draft.pk}/change/", "review/", "review/export/", "draft/?verdict=wrong_tone")

    def seen(person: Client) -> list[bool]:
        words = ("Rejected: The tone", "stiff", "rae", "wrong_tone,", "How do I export")
        found = [person.get(f"/admin/pilot/{page}").content.decode() for page in pages]
        return [word in text for word, text in zip(words, found, strict=True)]

    assert seen(rae) == [True] * 5
    assert seen(sam) == [False] * 5
    assert sam.get(f"/admin/pilot/review/{Review.objects.get().pk}/change/").status_code in (302, 404)
    say(sam, draft)
    assert seen(sam) == [True] * 5


@pytest.mark.row("R19")
def test_hostile_words_stay_words_on_the_desk_the_pages_and_in_the_file(
    make_pilot, make_draft, reviewer
) -> None:
    make_pilot(double_percent=0)
    person = reviewer("rae")
    for number in range(0, len(PAYLOADS), 24):
        draft = make_draft(f"How? {fitting(number, 2000)}")
        Turn.objects.filter(pk=draft.turn_id).update(
            reply=fitting(number, 3000), matched_text=fitting(number, 300)
        )
        say(
            person,
            draft,
            outcome="edited",
            verdict="wrong_segment",
            tier=fitting(number, 60, one_line=True),
            final_text=f"Hi {fitting(number, 2000)}",
            note=fitting(number, 900),
        )
        Draft.objects.filter(pk=draft.pk).update(missing=1, is_double=True)
        for page in (f"draft/{draft.pk}/change/", f"review/{draft.reviews.get().pk}/change/"):
            assert active_nodes(person.get(f"/admin/pilot/{page}").content.decode()) == []
    for page in ("draft/", "review/", "draft/desk/"):
        assert active_nodes(person.get(f"/admin/pilot/{page}").content.decode()) == []
    items = reviewer("sam").post(f"{DESK}take/", {"want": 10}).json()["items"]
    assert len(items) == 10
    assert [active_nodes(item["html"]) for item in items] == [[]] * 10
    first = make_draft("=1+1 and export")
    say(person, first, outcome="rejected", verdict="unsafe", note="@SUM(A1)")
    rows = list(csv.DictReader(io.StringIO(person.get("/admin/pilot/review/export/").content.decode())))
    row = next(row for row in rows if row["verdict"] == "unsafe")
    assert (row["message"], row["note"], row["pilot"]) == ("'=1+1 and export", "'@SUM(A1)", "E-mail first")


@pytest.mark.row("8.7")
def test_lists_cost_the_same_at_three_and_at_thirty_rows(make_pilot, make_draft, reviewer) -> None:
    make_pilot(double_percent=0)
    person = reviewer("rae")
    counts: dict[str, list[int]] = {"draft/": [], "review/": []}
    for more in (3, 27):
        for _ in range(more):
            say(person, make_draft())
        for page, found in counts.items():
            with CaptureQueriesContext(connection) as queries:
                assert person.get(f"/admin/pilot/{page}").status_code == 200
            found.append(len(queries))
    assert [one == other for one, other in counts.values()] == [True, True]


def test_filters_and_search_find_the_right_drafts(make_pilot, make_draft, reviewer) -> None:
    pilot = make_pilot(stage="assist", double_percent=0)
    person = reviewer("rae")
    sent, waits = make_draft("How do I export alpha?"), make_draft("How do I export beta?")
    say(person, sent)
    week = sent.week.isoformat()
    for query, found in {
        "sent=desk": (True, False),
        "sent=no": (False, True),
        "verdict=correct": (True, False),
        "verdict=none": (False, True),
        f"week={week}": (True, True),
        "week=2001-01-01": (False, False),
        "q=beta": (False, True),
        f"pilot__id__exact={pilot.pk}&mode=assist&turn__decision__exact=answer": (True, True),
    }.items():
        body = person.get(f"/admin/pilot/draft/?{query}").content.decode()
        assert ("alpha" in body, "beta" in body) == found, query
    assert waits.missing == 1
    body = person.get("/admin/pilot/review/?outcome__exact=approved&q=alpha").content.decode()
    assert "export alpha" in body


def test_empty_pages_say_the_next_step(reviewer) -> None:
    person = reviewer("rae")
    assert "start a pilot" in person.get("/admin/pilot/draft/").content.decode()
    assert "open “Review drafts”" in person.get("/admin/pilot/review/").content.decode()
    page = person.get(f"{DESK}?pilot=zero").content.decode()
    data = json.loads(page.split('id="review-data" type="application/json">')[1].split("</script>")[0])
    assert (data["pilot"], data["progress"]["left"]) == (None, 0)


@pytest.mark.row("5.2", "5.12")
@pytest.mark.django_db(transaction=True)
def test_two_reviewers_at_once_send_one_text(make_pilot, make_draft, make_user) -> None:
    make_pilot(stage="assist", double_percent=0)
    people = [Actor.of_user(make_user(f"person{n}", "pilot.review_draft")) for n in range(4)]
    for _ in range(3):
        draft = make_draft()

        def decide(person: Actor, draft: Draft = draft) -> str:
            try:
                review_record(
                    actor=person,
                    key=uuid.uuid4(),
                    draft_id=draft.pk,
                    outcome="edited",
                    verdict="wrong_tone",
                    seconds=1,
                    final_text=f"From {person.label}",
                )
            except Conflict as refusal:
                return refusal.code
            else:
                return person.label
            finally:
                connection.close()

        with ThreadPoolExecutor(max_workers=4) as pool:
            found = list(pool.map(decide, people))
        (winner,) = [one for one in found if one.startswith("person")]
        assert sorted(found)[0] in ("person0", "person1", "person2", "person3")
        assert found.count("reviewed_meanwhile") == 3
        draft.refresh_from_db()
        assert (draft.sent_text, draft.sent_by, draft.reviews.count()) == (f"From {winner}", winner, 1)


@pytest.mark.row("5.12")
@pytest.mark.django_db(transaction=True)
def test_people_who_take_at_once_never_hold_the_same_draft(make_pilot, make_draft, make_user) -> None:
    make_pilot(double_percent=0)
    for _ in range(12):
        make_draft()
    people = [Actor.of_user(make_user(f"person{n}", "pilot.review_draft")) for n in range(4)]

    def take(person: Actor) -> list[int]:
        try:
            return [offer.draft_id for offer in drafts_take(actor=person, want=3)]
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=4) as pool:
        found = [pk for taken in pool.map(take, people) for pk in taken]
    assert sorted(found) == sorted(Draft.objects.values_list("pk", flat=True))

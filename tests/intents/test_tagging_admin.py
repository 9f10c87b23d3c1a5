"""The tagging pages: who may see and do what, what they show, how they answer, what they export."""

from __future__ import annotations

import csv
import io
import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.actors import Actor
from core.models import Job, User
from intents.models import Example, Intent, TaggingDecision, TaggingItem, TaggingPolicy
from intents.services import example_add
from intents.tagging.contracts import Answer
from tests.intents.tagged import SUGGESTED, close_tickets, policy, queue_up, say

pytestmark = pytest.mark.django_db
INBOX = "/admin/intents/taggingitem/"
DECISIONS = "/admin/intents/taggingdecision/"
TEXT = "Where is my invoice of May?"
LEAD_PAGES = (f"{INBOX}disagreements/", f"{INBOX}agreement/")
Enter = Callable[[str, str], Client]


@pytest.fixture
def enter(with_role: Callable[[str, str], User], sign_in: Callable[[User], Client]) -> Enter:
    """Return the browser of a new person in a role."""
    return lambda name, role: sign_in(with_role(name, role))


@pytest.fixture
def billing(make_intent: Callable[..., Intent]) -> Intent:
    policy(double_percent=0, golden_percent=0)
    make_intent("bugs")
    return make_intent("billing")


def _actor(name: str) -> Actor:
    return Actor.of_user(User.objects.get(username=name))


def _fields(item: TaggingItem, **more: Any) -> dict[str, Any]:
    return {
        "key": uuid.uuid4(),
        "item": item.pk,
        "kind": "intent",
        "intent": "billing",
        "seconds": "1.5",
        **more,
    }


def _queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


@pytest.mark.row("3.8")
@pytest.mark.parametrize(
    ("role", "inbox", "lead", "policy_status"),
    [("Tagger", 200, 403, 403), ("Support lead", 200, 200, 302), ("Reviewer", 403, 403, 403)],
)
def test_taggers_tag_and_leads_settle_too(
    enter: Enter, role: str, inbox: int, lead: int, policy_status: int
) -> None:
    client = enter("kim", role)
    assert client.get(INBOX).status_code == inbox
    assert [client.get(page).status_code for page in LEAD_PAGES] == [lead, lead]
    assert client.get("/admin/intents/taggingpolicy/").status_code == policy_status
    assert client.get(DECISIONS).status_code == inbox


@pytest.mark.row("3.8")
def test_nobody_writes_without_the_permission_or_by_get(enter: Enter, billing: Intent) -> None:
    item = queue_up(TEXT)[0]
    outsider, tagger = enter("rene", "Reviewer"), enter("tara", "Tagger")
    for name, fields in (
        ("take", {"want": 3}),
        ("decide", _fields(item)),
        ("undo", {"key": uuid.uuid4()}),
        ("release", {"held": str(item.pk)}),
        ("fill", {}),
    ):
        assert outsider.post(f"{INBOX}{name}/", fields).status_code == 403, name
        assert tagger.get(f"{INBOX}{name}/").status_code == 405, name
    settle = {"key": uuid.uuid4(), "item": item.pk, "choice": "intent:billing"}
    assert tagger.post(f"{INBOX}settle/", settle).status_code == 403
    assert not TaggingDecision.objects.exists()
    assert not Job.objects.filter(task__startswith="intents").exists()
    item.refresh_from_db()
    assert (item.claimed_by, item.state) == (None, "waiting")


@pytest.mark.row("3.8")
def test_calls_without_a_csrf_token_are_refused(
    with_role: Callable[[str, str], User], billing: Intent
) -> None:
    item = queue_up(TEXT)[0]
    client = Client(enforce_csrf_checks=True)
    client.force_login(with_role("tara", "Tagger"), backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(f"{INBOX}decide/", _fields(item)).status_code == 403
    assert not TaggingDecision.objects.exists()


@pytest.mark.row("3.8")
def test_an_empty_inbox_says_the_next_step_and_fills(enter: Enter) -> None:
    client = enter("tara", "Tagger")
    page = client.get(INBOX).content.decode()
    assert "No messages yet" in page
    assert "Fill the inbox" in page
    assert client.post(f"{INBOX}fill/").status_code == 302
    assert Job.objects.get().task == "intents.tasks.fill_tagging_inbox"
    assert "The inbox is being filled" in client.get(INBOX).content.decode()


@pytest.mark.row("3.8")
def test_the_page_takes_messages_with_suggestion_and_ticket(enter: Enter, billing: Intent) -> None:
    item = queue_up(TEXT, **SUGGESTED)[0]
    client = enter("tara", "Tagger")
    page = client.get(INBOX).content.decode()
    found = re.search(r'<script id="tagging-data" type="application/json">(.*?)</script>', page)
    assert found is not None
    data = json.loads(found[1])
    assert [one["slug"] for one in data["intents"]] == ["billing", "bugs"]
    assert data["progress"]["left"] == 1
    said = client.post(f"{INBOX}take/", {"held": "", "want": 5}).json()
    assert said["items"] == [
        {
            "id": item.pk,
            "text": TEXT,
            "ticket": item.source_ref,
            "ticket_url": f"/admin/tickets/ticket/{item.ticket_id}/change/",
            "category": "",
            "closed": "June 21, 2026",
            "suggestion": {
                "slug": "billing",
                "confidence": 0.7,
                "alternatives": [["bugs", 0.2], ["exports", 0.05]],
                "release": 3,
                "model_version": 2,
            },
        }
    ]


@pytest.mark.row("3.8")
def test_a_decision_sent_twice_answers_alike_and_writes_once(enter: Enter, billing: Intent) -> None:
    item = queue_up(TEXT, **SUGGESTED)[0]
    client = enter("tara", "Tagger")
    fields = _fields(item, release=3)
    first, second = (client.post(f"{INBOX}decide/", fields).json() for _ in range(2))
    assert (first["is_new"], second["is_new"]) == (True, False)
    assert first | {"is_new": False} == second
    assert first["said"] == "Billing"
    assert first["progress"]["today"] == 1
    assert (TaggingDecision.objects.count(), Example.objects.count()) == (1, 1)
    undone = client.post(f"{INBOX}undo/", {"key": fields["key"]}).json()
    assert (undone["item"]["id"], undone["progress"]["today"]) == (item.pk, 0)
    assert Example.objects.get().state == "retired"


@pytest.mark.row("3.8")
@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"key": "x"}, 400, "malformed"),
        ({"item": "x"}, 400, "malformed"),
        ({"item": 10**30}, 400, "malformed"),
        ({"kind": "praise"}, 400, "malformed"),
        ({"seconds": "nan"}, 400, "malformed"),
        ({"label": "a\x00b", "kind": "proposal"}, 400, "malformed"),
        ({"item": 999_999}, 404, "message_gone"),
        ({"intent": "nobody"}, 400, "no_intent"),
        ({"kind": "proposal", "label": "Billing"}, 409, "slug_taken"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_code(
    enter: Enter, billing: Intent, changes: dict[str, Any], status: int, code: str
) -> None:
    item = queue_up(TEXT)[0]
    response = enter("tara", "Tagger").post(f"{INBOX}decide/", _fields(item) | changes)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.json()["message"]
    assert not TaggingDecision.objects.exists()


@pytest.mark.row("3.9")
def test_nothing_that_is_sent_to_the_page_tells_golden_and_second_messages_apart(
    enter: Enter, billing: Intent
) -> None:
    known, doubled, plain = queue_up(TEXT, "The page is blank", "Invoice of June?", **SUGGESTED)
    client = enter("tara", "Tagger")
    enter("lee", "Support lead")
    say(_actor("lee"), known, Answer.intent("billing"))
    TaggingItem.objects.filter(pk=known.pk).update(is_golden=True)
    policy(double_percent=100, is_blind=False)
    TaggingPolicy.objects.update(golden_percent=100)  # more than people may set: each place gets one
    say(_actor("lee"), doubled, Answer.intent("billing"))
    taken = client.post(f"{INBOX}take/", {"want": 9}).json()["items"]
    items = {one["id"]: one for one in taken}
    assert set(items) == {known.pk, doubled.pk, plain.pk}
    assert len({tuple(sorted(one)) for one in items.values()}) == 1
    assert not any("golden" in json.dumps(one) or "double" in json.dumps(one) for one in items.values())


@pytest.mark.row("3.9")
def test_taggers_see_only_their_own_decisions_and_not_which_test_them(enter: Enter, billing: Intent) -> None:
    policy(double_percent=100)
    one, other = queue_up(TEXT, "The page is blank and grey")
    tagger, lead = enter("tara", "Tagger"), enter("lee", "Support lead")
    say(_actor("lee"), one, Answer.intent("billing"))
    say(_actor("tara"), other, Answer.intent("bugs"))
    theirs, all_of_them = (c.get(DECISIONS).content.decode() for c in (tagger, lead))
    assert TEXT not in theirs
    assert "The page is blank" in theirs
    assert "Golden" not in theirs
    assert TEXT in all_of_them
    decision = TaggingDecision.objects.get(person_name="lee")
    assert tagger.get(f"{DECISIONS}{decision.pk}/change/").status_code == 302
    assert lead.get(f"{DECISIONS}{decision.pk}/change/").status_code == 200
    assert tagger.get(f"{INBOX}{one.pk}/change/").status_code == 403
    assert "lee" not in tagger.get(f"{DECISIONS}export/").content.decode()


@pytest.mark.row("3.9")
def test_a_lead_settles_side_by_side_and_a_refusal_keeps_what_was_typed(
    enter: Enter, billing: Intent
) -> None:
    policy(double_percent=100)
    item = queue_up(TEXT)[0]
    lead = enter("lee", "Support lead")
    enter("tara", "Tagger"), enter("timo", "Tagger")
    say(_actor("tara"), item, Answer.intent("billing"))
    say(_actor("timo"), item, Answer.intent("bugs"))
    page = lead.get(LEAD_PAGES[0]).content.decode()
    assert page.index("tara") < page.index("timo")
    assert 'value="intent:billing"' in page
    assert 'value="intent:bugs"' in page
    fields = {"key": uuid.uuid4(), "item": item.pk, "choice": "other:", "other": "nobody"}
    refused = lead.post(f"{INBOX}settle/", fields)
    assert refused.status_code == 400
    assert "There is no such intent any more" in refused.content.decode()
    assert re.search(r'value="other:" required checked', refused.content.decode())
    assert not Example.objects.exists()
    done = lead.post(f"{INBOX}settle/", fields | {"other": "bugs"}, follow=True)
    assert "Settled: Bugs" in done.content.decode()
    assert "Nothing to settle" in done.content.decode()
    assert Example.objects.get().intent.slug == "bugs"


@pytest.mark.row("3.9")
def test_the_agreement_page_says_too_few_and_then_kappa(enter: Enter, billing: Intent) -> None:
    policy(double_percent=100)
    lead = enter("lee", "Support lead")
    enter("tara", "Tagger"), enter("timo", "Tagger")
    assert "Nobody has tagged anything yet" in lead.get(LEAD_PAGES[1]).content.decode()
    items = queue_up(*(f"Where is invoice number {n}?" for n in range(20)))
    for number, item in enumerate(items):
        slug = ("billing", "bugs")[number % 2]
        say(_actor("tara"), item, Answer.intent(slug))
        say(_actor("timo"), item, Answer.intent("bugs" if number == 0 else slug))
        if number == 18:
            assert "too few: 19 of at least 20" in lead.get(LEAD_PAGES[1]).content.decode()
    page = lead.get(LEAD_PAGES[1]).content.decode()
    assert "tara and timo" in page
    assert page.count("0.90") >= 3
    assert re.search(r"<td>Billing</td><td>Bugs</td><td class=\"num\">1</td>", page)


@pytest.mark.row("3.8", "R21")
def test_decisions_are_exported_as_filtered_and_no_cell_is_a_formula(enter: Enter, billing: Intent) -> None:
    lead = enter("lee", "Support lead")
    formula, plain = queue_up("=HYPERLINK(1) where is my invoice", TEXT, **SUGGESTED)
    say(_actor("lee"), formula, Answer.intent("billing"), shown_release=3)
    say(_actor("lee"), plain, Answer.intent("bugs"), shown_release=3)
    rows = list(csv.DictReader(io.StringIO(lead.get(f"{DECISIONS}export/").content.decode())))
    assert [row["text"] for row in rows] == [TEXT, "'=HYPERLINK(1) where is my invoice"]
    assert (rows[1]["intent"], rows[1]["as_suggested"], rows[1]["suggestion_shown"], rows[1]["release"]) == (
        "billing",
        "True",
        "billing",
        "3",
    )
    filtered = lead.get(f"{DECISIONS}export/?agreed__exact=0").content.decode()
    assert TEXT in filtered
    assert "HYPERLINK" not in filtered
    assert "HYPERLINK" not in lead.get(f"{DECISIONS}?q=May").content.decode()


@pytest.mark.row("3.9")
def test_golden_and_take_back_are_buttons_of_a_lead(enter: Enter, billing: Intent) -> None:
    item = queue_up(TEXT)[0]
    lead, tagger = enter("lee", "Support lead"), enter("tara", "Tagger")
    decision = say(_actor("tara"), item, Answer.intent("billing")).decision
    address = f"{DECISIONS}{decision.pk}/move/golden/"
    assert tagger.post(address).status_code == 403
    assert lead.get(address).status_code == 200
    assert lead.post(address, {"_seen": ""}).status_code == 302
    item.refresh_from_db()
    assert item.is_golden


@pytest.mark.row("3.9")
def test_the_policy_is_changed_on_its_page_and_read_only_for_others(enter: Enter) -> None:
    lead = enter("lee", "Support lead")
    address = lead.get("/admin/intents/taggingpolicy/").headers["Location"]
    fields = {"double_percent": 30, "golden_percent": 5, "queue_size": 400}
    assert lead.post(address, fields).status_code == 302
    saved = TaggingPolicy.objects.get()
    assert (saved.double_percent, saved.is_blind, saved.queue_size) == (30, False, 400)
    assert lead.post(address, fields | {"double_percent": 101}).status_code == 200
    assert TaggingPolicy.objects.get().double_percent == 30
    assert enter("tara", "Tagger").post(address, fields | {"double_percent": 0}).status_code == 403


@pytest.mark.row("3.8", "R29")
def test_lists_ask_as_many_questions_for_thirty_rows_as_for_three(enter: Enter, billing: Intent) -> None:
    policy(double_percent=100)
    lead = enter("lee", "Support lead")
    enter("tara", "Tagger"), enter("timo", "Tagger")

    def fill(first: int, count: int) -> None:
        texts = [f"Where is invoice number {n}?" for n in range(first, first + count)]
        for number, item in enumerate(queue_up(*texts, **SUGGESTED)):
            say(_actor("tara"), item, Answer.intent("billing"))
            say(_actor("timo"), item, Answer.intent("billing" if number % 2 else "bugs"))
        queue_up(*(f"And where is invoice number {n}?" for n in range(first, first + count)), **SUGGESTED)

    pages = (INBOX, DECISIONS, *LEAD_PAGES, f"{DECISIONS}export/", "/admin/intents/example/")
    fill(0, 4)
    few = [_queries(lead, page) for page in pages]
    fill(4, 30)
    assert [_queries(lead, page) for page in pages] == few


@pytest.mark.row("3.4")
def test_an_examples_source_leads_to_its_ticket_for_those_who_may_view_it(
    enter: Enter,
    billing: Intent,
    actor: Actor,
    make_user: Callable[..., User],
    sign_in: Callable[[User], Client],
) -> None:
    ticket = close_tickets(TEXT)[0]
    rows = {
        f"csv:{ticket.external_id}": "Where is my invoice of May?",
        ticket.external_id: "Where is my invoice of June?",
        "csv:nobody": "Where is my invoice of July?",
    }
    examples = {
        ref: example_add(actor=actor, intent=billing, text=text, origin="ticket", source_ref=ref)
        for ref, text in rows.items()
    }
    link = f'<a href="/admin/tickets/ticket/{ticket.pk}/change/">'
    tagger = enter("tara", "Tagger")
    stranger = sign_in(make_user("sam", "intents.view_example"))
    assert tagger.get("/admin/intents/example/").content.decode().count(link) == 2
    assert link not in stranger.get("/admin/intents/example/").content.decode()
    for ref, example in examples.items():
        page = tagger.get(f"/admin/intents/example/{example.pk}/change/").content.decode()
        assert (f"{link}{ref}</a>" in page) == (ref != "csv:nobody")
        assert link not in stranger.get(f"/admin/intents/example/{example.pk}/change/").content.decode()
    assert tagger.get(f"/admin/tickets/ticket/{ticket.pk}/change/").status_code == 200


@pytest.mark.row("R19")
def test_a_customers_markup_is_shown_as_text(enter: Enter, billing: Intent) -> None:
    policy(double_percent=100)
    hostile = "<script>alert(1)</script> where is my invoice"
    item = queue_up(hostile)[0]
    lead = enter("lee", "Support lead")
    enter("tara", "Tagger"), enter("timo", "Tagger")
    say(_actor("tara"), item, Answer.new_intent("<b>Bold</b> wish"))
    for page in (*LEAD_PAGES, DECISIONS, INBOX):
        content = lead.get(page).content.decode()
        assert "<script>alert(1)" not in content
        assert "<b>Bold" not in content

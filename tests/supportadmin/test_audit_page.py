"""The map's page: what it shows, how it is signed and exported, what is not founded, and what it costs."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.models import User
from escalation.models import Rule
from escalation.services import defaults_install
from intents.services import intent_activate, intent_create
from kb.models import KnowledgeBaseAudit
from supportadmin.audit_map import current_map
from supportadmin.roles import roles_sync
from tests.tickets.audited import about, category
from tests.tickets.builders import SYSTEM, imported
from tests.tickets.test_reports import categories
from tickets.models import AuditReport, BaselineRow, Category

pytestmark = pytest.mark.django_db
MAP = "/admin/audit/"
MOST_QUERIES = 10


@pytest.fixture
def lead(make_user: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    """Return the browser of a support lead."""
    roles_sync()
    return sign_in(make_user("lee", roles=("Support lead",)))


def sign(client: Client, **changes: str) -> object:
    return client.post(f"{MAP}sign/", {"seen": current_map().digest, **changes})


def test_the_empty_map_says_the_next_step(lead: Client) -> None:
    assert "Import closed tickets" in lead.get(MAP).content.decode()
    imported(about("topic", 1))
    assert "Find categories" in lead.get(MAP).content.decode()


@pytest.mark.row("1.8", "1.13")
def test_the_map_shows_volume_labels_patterns_and_baseline(lead: Client) -> None:
    categories()
    page = lead.get(MAP).content.decode()
    for words in (
        "55</div>",
        "Topic 10",
        "always escalated",
        "AI-assisted",
        "So decided.",
        "taken for ever when the map is signed",
        "Not checked yet",
    ):
        assert words in page


@pytest.mark.row("1.13")
def test_the_map_is_signed_in_the_browser_and_its_version_exported(lead: Client) -> None:
    categories()
    response = sign(lead, note="First <b>audit</b>")
    report = AuditReport.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"{MAP}version/1/")
    page = lead.get(f"{MAP}version/1/").content.decode()
    assert "First &lt;b&gt;audit&lt;/b&gt;" in page
    assert "Nothing has changed since version 1" in lead.get(MAP).content.decode()
    exported = {kind: lead.get(f"{MAP}export/{kind}/?version=1") for kind in ("json", "csv", "markdown")}
    assert json.loads(exported["json"].content) == report.content
    assert exported["csv"]["Content-Disposition"] == 'attachment; filename="map-1.csv"'
    assert "Version 1, signed by lee on" in exported["markdown"].content.decode()
    assert lead.get(f"{MAP}export/pdf/").status_code == 404
    assert lead.get(f"{MAP}version/2/").status_code == 404


@pytest.mark.row("1.6")
def test_a_refused_signature_says_why_keeps_what_was_typed_and_stores_nothing(lead: Client) -> None:
    made = categories(9)
    Category.objects.filter(pk=made[0].pk).update(label="")
    response = sign(lead, note="My note", size_reason="Nine are all there is")
    page = response.content.decode()
    assert (response.status_code, "Not every category has a label yet" in page) == (409, True)
    Category.objects.update(label="ai_assisted")
    response = sign(lead, note="My note")
    page = response.content.decode()
    assert (response.status_code, "Write down why" in page, "My note" in page) == (400, True, True)
    assert (AuditReport.objects.count(), BaselineRow.objects.count()) == (0, 0)


def test_who_may_only_look_cannot_sign_and_strangers_see_nothing(
    make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    categories()
    reader = sign_in(make_user("kim", "tickets.view_auditreport"))
    assert "Sign this map" not in reader.get(MAP).content.decode()
    assert sign(reader).status_code == 403
    assert sign_in(make_user("sam")).get(MAP).status_code == 403
    assert AuditReport.objects.count() == 0


@pytest.mark.row("1.13")
def test_intents_without_a_category_and_thresholds_without_a_baseline_are_not_founded(lead: Client) -> None:
    made = categories()
    defaults_install(actor=SYSTEM)
    for slug, category_id in (("refunds", made[0].pk), ("logins", None)):
        intent = intent_create(actor=SYSTEM, slug=slug, label=slug.title(), category_id=category_id)
        intent_activate(actor=SYSTEM, intent=intent)
    rows = current_map().content["not_founded"]
    assert [row["name"] for row in rows if row["kind"] == "intent"] == ["Logins"]
    assert sum(row["kind"] == "threshold" for row in rows) == 7
    sign(lead)
    assert [row["name"] for row in current_map().content["not_founded"]] == ["Logins"]


@pytest.mark.row("R29")
def test_the_map_takes_as_many_queries_for_30_categories_as_for_3_and_never_more_than_10(
    lead: Client,
) -> None:
    KnowledgeBaseAudit.objects.create(parts=[], index_number=1, made_by="tests")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert lead.get(MAP).status_code == 200
        own = [q["sql"] for q in captured if "auth_" not in q["sql"] and "django_session" not in q["sql"]]
        return len([sql for sql in own if "core_user" not in sql.split("FROM")[-1][:20]])

    for number in range(3):
        category(f"First {number}", about(f"first{number}", 1, resolution_seconds=600))
    lead.get(MAP)
    few = queries()
    for number in range(27):
        category(f"More {number}", about(f"more{number}", 1, resolution_seconds=600))
    assert queries() == few
    assert few <= MOST_QUERIES


@pytest.mark.row("1.7")
def test_flags_become_drafts_of_rules_with_one_button(
    lead: Client, make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    flagged = category("Refunds", about("refunds", 3))
    category("Exports", about("exports", 3))
    assert "Draft soft escalation rules" not in lead.get(MAP).content.decode()
    Category.objects.filter(pk=flagged.pk).update(needs_judgement=True)
    assert "Draft soft escalation rules" in lead.get(MAP).content.decode()
    page = lead.post(f"{MAP}rules/", follow=True).content.decode()
    assert "Drafted, not enabled: “Refunds (judgement)”" in page
    rule = Rule.objects.get()
    assert (rule.enabled, rule.parameters) == (False, {"category_id": flagged.pk})
    form = lead.get(f"/admin/escalation/rule/{rule.pk}/change/").content.decode()
    assert f'<option value="{flagged.pk}" selected>Refunds</option>' in form
    assert "nothing was added" in lead.post(f"{MAP}rules/", follow=True).content.decode()
    reader = sign_in(make_user("kim", "tickets.view_auditreport"))
    assert (reader.post(f"{MAP}rules/").status_code, Rule.objects.count()) == (403, 1)

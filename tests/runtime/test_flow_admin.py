"""The pages of flows: gallery, editor without JavaScript, checks and trial as calls, files, roles."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.models import Activity
from intents.models import Intent
from runtime.contracts import TurnRequest
from runtime.flows.definition import flow_dumps
from runtime.flows.services import flow_activate, flow_create
from runtime.models import FlowRun, FlowVersion, ResolutionFlow, Turn
from runtime.services import turn_take
from supportadmin.roles import roles_sync
from tests.runtime.conftest import ENGINES, SYSTEM
from tests.runtime.flows import BUG, DONE, INVOICE, collect, definition

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("actions_set_up")]
XSS = "<script>alert(1)</script>"
VIEW, ADD = "runtime.view_resolutionflow", "runtime.add_resolutionflow"
CHANGE = "runtime.change_resolutionflow"


@pytest.fixture(autouse=True)
def intents(make_user) -> None:
    owner = make_user("owner")
    for slug in ("data_export", "billing_inquiry"):
        Intent.objects.create(slug=slug, label=slug, owner=owner, state="active", resolution="ai_resolvable")


@pytest.fixture
def lead(make_user, sign_in):
    return sign_in(make_user("lead", VIEW, ADD, CHANGE, "runtime.view_flowversion"))


def make(raw=INVOICE, title: str = "Export") -> ResolutionFlow:
    return flow_create(actor=SYSTEM, intent="data_export", title=title, definition=raw)


def address(name: str, *args) -> str:
    return reverse(f"admin:runtime_resolutionflow_{name}", args=args)


def typed(raw, base: int = 1, **more) -> dict[str, str]:
    text = raw if isinstance(raw, str) else flow_dumps(raw)
    inline = {"versions-TOTAL_FORMS": "0", "versions-INITIAL_FORMS": "0"}
    return {"title": "Export", "note": "", "definition": text, "base_number": str(base), **inline, **more}


def call(client, name: str, **body):
    return client.post(reverse(f"admin:runtime_flow_{name}"), body, content_type="application/json")


@pytest.mark.row("3.11")
def test_a_flow_begins_from_a_starter_and_opens_in_the_editor(lead) -> None:
    gallery = lead.get(address("add"), {"starter": "billing_inquiry"}).content.decode()
    assert "Report a bug" in gallery
    assert 'value="Look up an invoice"' in gallery
    response = lead.post(
        address("add"), {"intent": "billing_inquiry", "title": "Bills", "starter": "billing_inquiry"}
    )
    flow = ResolutionFlow.objects.get()
    assert response.headers["Location"] == address("change", flow.pk)
    page = lead.get(response.headers["Location"])
    assert "find_invoice" in page.content.decode()
    assert [event.verb for event in Activity.objects.all()] == ["flow.created"]


@pytest.mark.row("3.11")
def test_without_javascript_the_json_is_edited_saved_and_activated(lead) -> None:
    flow = make()
    response = lead.post(address("change", flow.pk), typed(BUG, note="now a bug"))
    assert response.status_code == 302
    assert list(FlowVersion.objects.values_list("number", "author", "note")) == [
        (2, "lead", "now a bug"),
        (1, "test", ""),
    ]
    move = address("transition", flow.pk, "activate")
    page = lead.get(move)
    assert "The checks find nothing to mend in version 2." in page.content.decode()
    seen = page.context["seen"]
    assert lead.post(move, {"number": "2", "_seen": seen}).status_code == 302
    flow.refresh_from_db()
    assert (flow.state, flow.active_version.number) == ("active", 2)


def test_what_cannot_be_read_is_refused_with_everything_that_was_typed(lead) -> None:
    flow = make()
    page = lead.post(address("change", flow.pk), typed('{"format": 1, "steps": [', title="Mine"))
    assert page.status_code == 200
    html = page.content.decode()
    assert "This is no JSON" in html
    assert "{&quot;format&quot;: 1, &quot;steps&quot;: [" in html
    assert 'value="Mine"' in html
    assert FlowVersion.objects.count() == 1


@pytest.mark.row("3.11")
def test_the_second_of_two_editors_sees_what_changed_and_may_save_knowingly(lead) -> None:
    flow = make()
    lead.post(address("change", flow.pk), typed(BUG))
    mine = definition(collect("ask_mine", "email"), DONE)
    page = lead.post(address("change", flow.pk), typed(mine))
    assert page.status_code == 409
    html = page.content.decode()
    assert "Somebody else has saved version 2 meanwhile" in html
    assert "ask_problem: added (collect)" in html
    assert "ask_mine" in html
    assert 'name="base_number" value="2"' in html
    assert FlowVersion.objects.count() == 2
    assert lead.post(address("change", flow.pk), typed(mine, base=2)).status_code == 302
    assert FlowVersion.objects.count() == 3


@pytest.mark.row("3.11", "3.12")
def test_findings_and_picture_are_had_while_typing(lead) -> None:
    broken = definition(collect("ask", "email"), {"id": "b", "kind": "say", "text": "{nobody}"})
    answer = call(lead, "check", definition=flow_dumps(broken), intent="data_export").json()
    assert {(one["step"], one["code"]) for one in answer["findings"]} >= {
        ("b", "unknown_slot"),
        ("b", "no_end"),
    }
    assert 'data-step="ask"' in answer["picture"]
    assert "up to 2 exchanges" in answer["picture"]
    assert "This is no JSON" in call(lead, "check", definition="{", intent="x").json()["problem"]
    assert call(lead, "check", definition=1, intent="x").status_code == 400
    assert FlowVersion.objects.count() == 0


@pytest.mark.row("3.11")
def test_the_trial_runs_the_interpreter_on_what_is_not_saved_and_does_nothing(lead) -> None:
    text = flow_dumps(INVOICE)
    first = call(lead, "simulate", definition=text, message="about INV-7", state=None).json()
    assert (first["says"], first["step"], first["missing"]) == (
        ["What is your email?"],
        "ask_email",
        ["email"],
    )
    second = call(lead, "simulate", definition=text, message="a@b.com", state=first["state"]).json()
    assert second["says"][0] == "Invoice INV-7 is ‹invoice_status›."
    assert (second["actions"][0]["state"], second["slots"]) == (
        "dry_run",
        {"email": "a@b.com", "invoice": "INV-7"},
    )
    fails = call(
        lead, "simulate", definition=text, message="a@b.com", state=first["state"], actions="fails"
    ).json()
    assert (fails["outcome"], fails["state"]) == ("tool_failure", None)
    for state in ({"step": "gone"}, {"step": 1}, {"x": 1}, {**first["state"], "slots": {"email": 1}}, []):
        refused = call(lead, "simulate", definition=text, message="hello", state=state)
        assert refused.status_code == 400, state
    assert (FlowRun.objects.count(), Turn.objects.count()) == (0, 0)


@pytest.mark.row("3.11")
def test_a_flow_goes_out_as_a_file_and_comes_in_again(lead) -> None:
    flow = make()
    file = lead.get(reverse("admin:runtime_flow_export", args=(flow.pk,)))
    assert file.headers["Content-Disposition"] == f'attachment; filename="flow-data_export-{flow.pk}.json"'
    assert json.loads(file.content)["definition"] == INVOICE
    upload = SimpleUploadedFile("flow.json", file.content)
    fields = {"intent": "billing_inquiry", "title": "Copy", "file": upload}
    assert lead.post(address("add"), fields).status_code == 302
    assert ResolutionFlow.objects.get(title="Copy").versions.get().definition == INVOICE
    bad = SimpleUploadedFile("flow.json", b'{"definition": {"format": 9}}')
    page = lead.post(address("add"), {"intent": "billing_inquiry", "title": "Bad", "file": bad})
    assert (page.status_code, ResolutionFlow.objects.count()) == (200, 2)


@pytest.mark.row("R19")
def test_hostile_words_are_shown_as_text(lead) -> None:
    raw = definition(
        collect("ask", "email", question=XSS),
        {"id": "b", "kind": "branch", "on": "email", "cases": [{"values": [XSS]}]},
        {"id": "done", "kind": "end", "outcome": "resolved", "text": XSS},
    )
    flow = make(raw, title=XSS)
    for page in (
        address("changelist"),
        address("change", flow.pk),
        address("transition", flow.pk, "activate"),
    ):
        assert XSS not in lead.get(page).content.decode()
    assert XSS not in call(lead, "check", definition=flow_dumps(raw), intent=XSS).json()["picture"]
    said = call(lead, "simulate", definition=flow_dumps(raw), message="hi", state=None).json()
    assert "<script>" not in "".join(said["html"])


@pytest.mark.row("8.1")
def test_who_may_only_look_sees_the_flow_and_writes_nothing(make_user, sign_in) -> None:
    viewer = sign_in(make_user("viewer", VIEW, "runtime.view_flowversion"))
    flow = make()
    html = viewer.get(address("change", flow.pk)).content.decode()
    assert "Picture" in html
    assert "/move/activate/" not in html
    assert call(viewer, "check", definition=flow_dumps(BUG), intent="data_export").status_code == 200
    assert viewer.post(address("change", flow.pk), typed(BUG)).status_code == 403
    assert viewer.get(address("add")).status_code == 403
    assert viewer.post(address("transition", flow.pk, "activate"), {"number": "1"}).status_code == 403
    stranger = sign_in(make_user("stranger", "runtime.view_turn"))
    for name in ("check", "simulate"):
        assert call(stranger, name, definition="{}", intent="x", message="x").status_code == 403
    assert stranger.get(reverse("admin:runtime_flow_export", args=(flow.pk,))).status_code == 403
    assert (FlowVersion.objects.count(), ResolutionFlow.objects.get().state) == (1, "draft")


@pytest.mark.row("8.1")
@pytest.mark.parametrize(
    ("role", "may"),
    [("Support lead", True), ("KB owner", False), ("Tagger", False), ("Reviewer", False)],
)
def test_leads_edit_flows_and_the_other_roles_look(make_user, role: str, may: bool) -> None:
    roles_sync()
    user = make_user("person", roles=(role,))
    assert (user.has_perm(VIEW), user.has_perm(ADD), user.has_perm(CHANGE)) == (True, may, may)


@pytest.mark.row("3.11")
def test_a_conversations_page_shows_its_way_through_the_flow(rules, make_user, sign_in) -> None:
    root = sign_in(make_user("root", superuser=True))
    flow = make()
    flow_activate(actor=SYSTEM, flow=flow, number=1)
    turn = turn_take(actor=SYSTEM, request=TurnRequest("export INV-5"), engines=ENGINES)
    page = root.get(reverse("admin:runtime_conversation_change", args=(turn.conversation_id,)))
    html = page.content.decode()
    assert "Export version 1" in html
    assert "invoice: INV-5" in html
    html = root.get(reverse("admin:runtime_turn_change", args=(turn.turn_id,))).content.decode()
    assert "waits at ask_email, still missing email" in html


@pytest.mark.row("8.7")
def test_the_list_costs_the_same_at_3_and_30_flows_and_says_what_to_do_when_empty(lead) -> None:
    assert "Begin with a starter" in lead.get(address("changelist")).content.decode()

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert lead.get(address("changelist")).status_code == 200
        return len(queries)

    for number in range(3):
        make(title=f"Flow {number}")
    few = cost()
    for number in range(27):
        make(title=f"More {number}")
    assert cost() == few <= 10

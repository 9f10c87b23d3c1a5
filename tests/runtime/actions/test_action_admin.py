"""The pages of connections, actions and calls: who may, what is shown, and what is never shown."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.models import Activity
from runtime.actions import breaker
from runtime.actions.contracts import ActionCall
from runtime.actions.services import action_run
from runtime.models import Action, ActionLedger, Connection
from supportadmin.roles import roles_sync
from tests.integrations.stand_ins import server, systems

ADD_CONNECTION = "/admin/runtime/connection/add/"
ADD_ACTION = "/admin/runtime/action/add/"
CALL = ActionCall("linear_create_issue", {"title": "<script>alert(1)</script>"}, "conversation-1:report")


@pytest.fixture(autouse=True)
def roles(db: None) -> None:
    roles_sync()


@pytest.fixture
def root(make_user, sign_in):
    return sign_in(make_user("root", superuser=True))


def connection_form(**changes: Any) -> dict[str, Any]:
    given = {"name": "Our Linear", "system": "linear", "url": "", "secret": systems.LINEAR_KEY}
    return given | {"team_id": systems.TEAM_ID, "enabled": "on", "calls_per_minute": "60"} | changes


def action_form(connection: Connection, *names: str, **changes: Any) -> dict[str, Any]:
    rows = {
        f"parameters-{number}-{field}": value
        for number, name in enumerate(names)
        for field, value in (("name", name), ("required", "on"), ("max_length", "200"))
    }
    given = {"slug": "report_bug", "label": "Report a bug", "operation": "linear_create_issue"}
    management = {"parameters-TOTAL_FORMS": str(len(names)), "parameters-INITIAL_FORMS": "0"}
    return given | {"connection": str(connection.pk), "enabled": "on"} | management | rows | changes


@pytest.mark.row("3.13")
def test_a_secret_goes_in_and_never_comes_out(root, caplog, linear):
    caplog.set_level(logging.DEBUG)
    answer = root.post(ADD_CONNECTION, connection_form(url=linear.url))
    assert answer.status_code == 302, answer.content
    row = Connection.objects.get()
    assert systems.LINEAR_KEY not in row.secret_sealed
    assert (row.secret_hint, row.settings) == ("k7Qz", {"team_id": systems.TEAM_ID})
    call_command("check")
    action = root.post(ADD_ACTION, action_form(row))
    assert action.status_code == 302, action.content
    slug = Action.objects.get().slug
    linear.faults.extend([server.ERROR_BEFORE, server.GARBAGE_AFTER])
    action_run(ActionCall(slug, {"title": "x"}, "k"))
    root.post(f"/admin/runtime/connection/{row.pk}/move/test/", {"_seen": ""})
    pages = [
        f"/admin/runtime/connection/{row.pk}/change/",
        "/admin/runtime/connection/",
        "/admin/runtime/action/",
        f"/admin/runtime/action/{Action.objects.get().pk}/try/",
        f"/admin/runtime/actionledger/{ActionLedger.objects.get().pk}/change/",
        f"/admin/core/activity/{Activity.objects.first().pk}/change/",
        "/admin/core/activity/",
        f"/admin/runtime/connection/{row.pk}/history/",
    ]
    for page in pages:
        shown = root.get(page)
        assert shown.status_code == 200, page
        assert systems.LINEAR_KEY not in shown.content.decode()
        assert row.secret_sealed not in shown.content.decode()
    tables = database.introspection.table_names()
    with database.cursor() as cursor:
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - names from the database itself
            assert systems.LINEAR_KEY not in str(cursor.fetchall()), table
    assert systems.LINEAR_KEY not in caplog.text
    assert "ends in k7Qz" in root.get(pages[0]).content.decode()


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"secret": ""}, "secret", "Enter the secret"),
        ({"secret": "two words"}, "secret", "one word"),
        ({"url": "https://evil.example"}, "url", "only"),
        ({"url": "https://169.254.169.254"}, "url", "private network"),
        ({"url": "http://api.linear.app"}, "url", "https"),
        ({"system": "stripe", "secret": "pk_live_x"}, "secret", "rk_"),
        ({"system": "slack_webhook", "secret": "https://evil.example/x"}, "url", "hooks.slack.com"),
        ({"system": "webhook"}, "url", "needs an address"),
        ({"system": "webhook", "url": "https://hook.example/", "secret": "whsec_x"}, "secret", "whsec_"),
        ({"system": "slack", "channel": "#general"}, "channel", "not its name"),
    ],
)
def test_a_connection_that_is_not_sound_is_refused_at_its_field(changes, field, words, root):
    answer = root.post(ADD_CONNECTION, connection_form(**changes))
    assert answer.status_code == 200
    assert words in str(answer.context["adminform"].form.errors[field])
    assert Connection.objects.count() == 0
    assert systems.LINEAR_KEY not in answer.content.decode()


def test_this_machine_is_refused_unless_that_is_allowed(root, settings, linear):
    settings.ALLOW_LOOPBACK_ACTIONS = False
    answer = root.post(ADD_CONNECTION, connection_form(url=linear.url))
    assert "https" in str(answer.context["adminform"].form.errors["url"])
    settings.ALLOW_LOOPBACK_ACTIONS = True
    assert root.post(ADD_CONNECTION, connection_form(url=linear.url)).status_code == 302


def test_without_a_key_no_secret_is_kept_and_the_page_says_why(root, settings):
    settings.FIELD_ENCRYPTION_KEYS = []
    answer = root.post(ADD_CONNECTION, connection_form())
    assert answer.status_code == 200
    assert "FIELD_ENCRYPTION_KEY" in answer.content.decode()
    assert Connection.objects.count() == 0


def test_leaving_the_secret_empty_keeps_it_but_another_address_asks_for_it_again(root, make_connection):
    hook = {"system": "webhook", "url": "https://hook.example/in", "team_id": ""}
    row = make_connection("webhook", hook["url"])
    page = f"/admin/runtime/connection/{row.pk}/change/"
    sealed = Connection.objects.get().secret_sealed
    answer = root.post(page, connection_form(**hook, name="Renamed", secret=""))
    assert answer.status_code == 302
    assert (Connection.objects.get().name, Connection.objects.get().secret_sealed) == ("Renamed", sealed)
    answer = root.post(page, connection_form(**hook | {"url": "https://evil.example/in"}, secret=""))
    assert "enter the secret again" in str(answer.context["adminform"].form.errors["secret"])
    assert Connection.objects.get().url == hook["url"]


def test_testing_a_connection_says_what_it_found(root, linear, make_connection):
    row = make_connection("linear", linear.url)
    page = f"/admin/runtime/connection/{row.pk}/move/test/"
    assert "Nothing is created" in root.get(page).content.decode()
    assert linear.requests == []
    assert root.post(page, {"_seen": ""}).status_code == 302
    row.refresh_from_db()
    assert row.check_result == "Works: signed in as Stand-in."
    Connection.objects.update(
        secret_sealed=make_connection("linear", linear.url, secret="wrong", name="x").secret_sealed
    )
    refused = root.post(page, {"_seen": ""})
    assert refused.status_code == 503
    assert "Linear refuses the API key" in refused.content.decode()


def test_a_paused_connection_is_shown_and_can_be_resumed(root, linear, make_connection):
    row = make_connection("linear", linear.url)
    for _ in range(breaker.FAILURES):
        breaker.failed(row)
    assert "paused" in root.get("/admin/runtime/connection/").content.decode()
    assert root.post(f"/admin/runtime/connection/{row.pk}/move/resume/", {"_seen": ""}).status_code == 302
    assert not Connection.objects.get().is_paused()


@pytest.mark.row("3.13")
def test_a_lead_makes_an_action_with_the_parameters_of_its_operation(
    linear, make_connection, make_user, sign_in
):
    root = sign_in(make_user("lead", roles=("Support lead",)))
    row = make_connection("linear", linear.url, settings={"team_id": systems.TEAM_ID})
    assert root.post(ADD_ACTION, action_form(row, priority="2")).status_code == 302
    action = Action.objects.get()
    assert [(p.name, p.required) for p in action.parameters.all()] == [
        ("title", True),
        ("description", False),
    ]
    assert (action.settings, action.effect) == ({"priority": "2"}, "write")
    page = f"/admin/runtime/action/{action.pk}/change/"
    assert root.get(page).status_code == 200
    ids = list(action.parameters.values_list("pk", flat=True))
    changed = action_form(row, "title", "steps", "plan", label="Renamed", priority="") | {
        "parameters-INITIAL_FORMS": "2",
        "parameters-0-id": str(ids[0]),
        "parameters-0-action": str(action.pk),
        "parameters-1-id": str(ids[1]),
        "parameters-1-action": str(action.pk),
        "parameters-2-action": str(action.pk),
    }
    answer = root.post(page, changed)
    assert answer.status_code == 302, answer.context["errors"]
    action.refresh_from_db()
    assert [p.name for p in action.parameters.all()] == ["title", "steps", "plan"]
    assert (action.label, action.settings, action.slug) == ("Renamed", {}, "report_bug")


@pytest.mark.parametrize(
    ("names", "changes", "words"),
    [
        (("description",), {}, "needs the parameter title"),
        ((), {"operation": "slack_post_message"}, "needs a connection to Slack"),
        (("email", "more"), {"operation": "stripe_find_customer"}, "takes no parameter more"),
        ((), {"slug": "Bad Slug"}, "slug"),
        (("title", "title"), {}, "duplicate"),
    ],
)
def test_an_action_that_cannot_work_is_refused_and_nothing_is_written(
    names, changes, words, root, linear, make_connection
):
    row = make_connection("linear", linear.url, settings={"team_id": systems.TEAM_ID})
    answer = root.post(ADD_ACTION, action_form(row, *names, **changes))
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert Action.objects.count() == 0


def test_a_missing_team_is_said_where_it_is_missing(root, linear, make_connection):
    row = make_connection("linear", linear.url)
    answer = root.post(ADD_ACTION, action_form(row))
    assert "here or at the connection" in str(answer.context["adminform"].form.errors["team_id"])


@pytest.mark.row("3.13")
def test_trying_shows_the_payload_and_running_once_runs_once(root, book, linear, make_action):
    action = make_action("linear_create_issue", linear.url)
    page = f"/admin/runtime/action/{action.pk}/try/"
    first = root.get(page)
    key = first.context["form"].initial["key"]
    values = {"key": key, "value_title": "<b>Export</b> fails", "value_description": ""}
    shown = root.post(page, values)
    assert shown.status_code == 200
    content = shown.content.decode()
    assert f"POST {linear.url}/graphql" in content
    assert "&lt;b&gt;Export&lt;/b&gt; fails" in content
    assert "<b>Export" not in content
    assert (linear.requests, ActionLedger.objects.count()) == ([], 0)
    run = values | {"run": "1", "seen": shown.context["seen"]}
    for _ in range(2):
        assert root.post(page, run).status_code == 302
    assert len(book.effects) == 1
    row = ActionLedger.objects.get()
    assert (row.requested_by, row.idempotency_key, row.state) == ("root", key, "succeeded")
    assert Activity.objects.filter(verb="action.run_once").count() == 2


@pytest.mark.row("R57")
def test_a_payload_that_changed_since_it_was_shown_does_not_run(root, book, linear, make_action):
    action = make_action("linear_create_issue", linear.url)
    page = f"/admin/runtime/action/{action.pk}/try/"
    values = {"key": root.get(page).context["form"].initial["key"], "value_title": "one"}
    seen = root.post(page, values).context["seen"]
    answer = root.post(page, values | {"value_title": "two", "run": "1", "seen": seen})
    assert answer.status_code == 409
    assert "Look again" in answer.content.decode()
    assert (book.effects, ActionLedger.objects.count()) == ([], 0)


def test_what_was_typed_stays_where_it_is_refused(root, linear, make_action):
    action = make_action("linear_create_issue", linear.url)
    page = f"/admin/runtime/action/{action.pk}/try/"
    key = root.get(page).context["form"].initial["key"]
    answer = root.post(page, {"key": key, "value_title": "", "value_description": "a long story"})
    assert answer.status_code == 400
    assert "a long story" in answer.content.decode()


@pytest.mark.row("3.13")
def test_an_unknown_outcome_is_settled_by_a_lead_with_a_note(slack, make_action, make_user, sign_in):
    stand_in, channel = slack
    channel.may_read = False
    make_action("slack_post_message", stand_in.url)
    stand_in.faults.append(server.ERROR_AFTER)
    action_run(ActionCall("slack_post_message", {"text": "x"}, "k"), deadline_seconds=1)
    row = ActionLedger.objects.get()
    lead = sign_in(make_user("lead", roles=("Support lead",)))
    listed = lead.get("/admin/runtime/actionledger/?state__exact=unknown").content.decode()
    assert "Slack is out of order" in listed
    assert "1 action has an unknown outcome" in lead.get("/admin/").content.decode()
    page = f"/admin/runtime/actionledger/{row.pk}/move/done/"
    assert lead.post(page, {"_seen": "", "note": ""}).status_code == 400
    assert lead.post(page, {"_seen": "", "note": "Seen in the channel"}).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.settled_by, row.note) == ("succeeded", "lead", "Seen in the channel")
    line = Activity.objects.filter(verb="actionledger.settled").get()
    assert line.after == {"state": "succeeded", "note": "Seen in the channel"}
    assert "unknown outcome" not in lead.get("/admin/").content.decode()


@pytest.mark.row("3.13")
def test_a_call_is_shown_whole_and_hostile_words_are_words(root, linear, make_action):
    make_action("linear_create_issue", linear.url)
    action_run(CALL)
    row = ActionLedger.objects.get()
    shown = root.get(f"/admin/runtime/actionledger/{row.pk}/change/").content.decode()
    assert "<script>alert(1)" not in shown
    assert "&lt;script&gt;alert(1)" in shown
    assert "https://linear.app/stand-in/issue/SUP-1" in shown
    assert root.get("/admin/runtime/actionledger/?q=conversation-1").context["cl"].result_count == 1
    assert root.get("/admin/runtime/actionledger/?q=nothing").context["cl"].result_count == 0


MAY = {
    # role: (see calls, see actions, change actions, run once, settle, see connections, change connections)
    "Admin": (True, True, False, False, False, True, True),
    "Support lead": (True, True, True, True, True, True, False),
    "Tagger": (True, True, False, False, False, False, False),
    "Reviewer": (True, True, False, False, False, False, False),
    "KB owner": (False, False, False, False, False, False, False),
}


@pytest.mark.row("3.13")
@pytest.mark.parametrize("role", MAY)
def test_each_role_may_what_it_needs_and_no_more(role, slack, make_action, make_user, sign_in):
    stand_in, _ = slack
    action = make_action("slack_post_message", stand_in.url)
    stand_in.faults.append(server.ERROR_BEFORE)
    action_run(ActionCall("slack_post_message", {"text": "x"}, "k"), deadline_seconds=1)
    row, connection = ActionLedger.objects.get(), Connection.objects.get()
    asked = len(stand_in.requests)
    client = sign_in(make_user("kim", roles=(role,)))
    calls, actions, change, run, settle, connections, secrets = MAY[role]

    def may(status: int) -> bool:
        assert status in (200, 302, 400, 403), status
        return status != 403

    assert may(client.get("/admin/runtime/actionledger/").status_code) is calls
    assert may(client.get(f"/admin/runtime/actionledger/{row.pk}/change/").status_code) is calls
    assert may(client.get(f"/admin/runtime/action/{action.pk}/change/").status_code) is actions
    assert may(client.get(f"/admin/runtime/action/{action.pk}/try/").status_code) is actions
    assert may(client.get(ADD_ACTION).status_code) is change
    assert may(client.get("/admin/runtime/connection/").status_code) is connections
    assert may(client.get(f"/admin/runtime/connection/{connection.pk}/change/").status_code) is connections
    assert may(client.get(ADD_CONNECTION).status_code) is secrets
    assert may(client.get(f"/admin/runtime/connection/{connection.pk}/move/test/").status_code) is secrets
    page = f"/admin/runtime/actionledger/{row.pk}/move/done/"
    assert may(client.post(page, {"_seen": "", "note": ""}).status_code) is settle
    key = "trial:00000000-0000-4000-8000-000000000000"
    tried = client.post(
        f"/admin/runtime/action/{action.pk}/try/", {"key": key, "value_text": "x", "run": "1", "seen": "?"}
    )
    assert (tried.status_code == 409) is run
    assert len(stand_in.requests) == asked
    assert client.post(f"/admin/runtime/action/{action.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"/admin/runtime/actionledger/{row.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("name", ["connection", "action", "actionledger"])
def test_lists_ask_the_same_number_of_questions_at_3_and_30_rows(name, root, book, linear, make_action):
    make_action("linear_create_issue", linear.url)
    counts = []
    for rows in (3, 30):
        for number in range(rows):
            key = f"{rows}-{number}"
            if name == "actionledger":
                action_run(ActionCall("linear_create_issue", {"title": "x"}, key))
            elif name == "action":
                make_action("linear_create_issue", linear.url, slug=f"a{key.replace('-', '_')}")
            else:
                Connection.objects.create(name=key, system="linear")
        root.get(reverse(f"admin:runtime_{name}_changelist"))
        with CaptureQueriesContext(database) as asked:
            assert root.get(reverse(f"admin:runtime_{name}_changelist")).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_reader_sees_an_action_with_its_parameters_and_no_form(linear, make_action, make_user, sign_in):
    action = make_action("linear_create_issue", linear.url)
    reader = sign_in(make_user("kim", roles=("Reviewer",)))
    shown = reader.get(f"/admin/runtime/action/{action.pk}/change/").content.decode()
    assert "What is wrong, in one line" in shown
    assert 'name="_save"' not in shown


def test_empty_lists_say_what_to_do_next(root):
    assert "No connections yet" in root.get("/admin/runtime/connection/").content.decode()
    assert "No actions yet" in root.get("/admin/runtime/action/").content.decode()
    unknown = root.get("/admin/runtime/actionledger/?state__exact=unknown").content.decode()
    assert "Nothing is unknown" in unknown
    assert "Nothing was called yet" in root.get("/admin/runtime/actionledger/").content.decode()

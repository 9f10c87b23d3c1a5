"""Pages about what models answer: test phrases, the gate, the comparison, and why."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.actors import Actor
from core.models import User
from intents.models import EvaluationCase, Example, HeldOutRun, Intent, ModelVersion, Release
from intents.services import NewCase, case_add, cases_add, judging_run, release_activate

CASES = reverse("admin:intents_evaluationcase_changelist")
ADD = reverse("admin:intents_evaluationcase_add")
WHY = reverse("admin:intents_why")
RIGHT = "how do I get a copy of all my data"
LEAD = (
    *("intents.view_modelversion", "intents.change_modelversion", "intents.view_release"),
    *("intents.release_model", "intents.override_gate", "intents.view_intent", "intents.view_example"),
    *("intents.view_evaluationcase", "intents.add_evaluationcase", "intents.change_evaluationcase"),
)


@pytest.fixture
def lead(make_user: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    return sign_in(make_user("lee", *LEAD))


@pytest.fixture
def reader(make_user: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    return sign_in(make_user("kim", "intents.view_evaluationcase", "intents.view_intent"))


def page_of(version: ModelVersion, view: str = "change") -> str:
    if view == "compare":
        return reverse("admin:intents_compare", args=(version.pk,))
    return reverse(f"admin:intents_modelversion_{view}", args=(version.pk,))


def button(version: ModelVersion, name: str) -> str:
    return reverse("admin:intents_modelversion_transition", args=(version.pk, name))


def worse_than(live: ModelVersion, other: ModelVersion) -> list[Any]:
    """Give ``other`` the held-out answers of ``live``, but for one that it gets wrong; return that one."""
    rows = HeldOutRun.objects.get(version=live).rows
    broken = next(row for row in rows if row[1] == row[2])
    broken[2] = next(row[1] for row in rows if row[1] != broken[1])
    HeldOutRun.objects.create(version=other, rows=rows)
    return list(broken)


@pytest.mark.row("3.15")
def test_phrases_are_added_line_by_line_and_each_refused_one_is_said(
    lead: Client, support_intents: dict[str, Intent]
) -> None:
    known = Example.objects.filter(intent__slug="data_export").first()
    assert known is not None
    response = lead.post(
        ADD,
        {
            "phrases": f"{RIGHT}\n\n{known.text}\nall of it as a zip please",
            "intent": support_intents["data_export"].pk,
            "must_pass": "on",
            "origin": "ticket",
            "source_ref": "T-7",
        },
        follow=True,
    )
    page = response.content.decode()
    assert response.redirect_chain[-1][0] == CASES
    assert "Test phrases added: 2." in page
    assert "It is an example that models learn from" in page
    assert set(EvaluationCase.objects.values_list("text", "must_pass")) == {
        (RIGHT, True),
        ("all of it as a zip please", True),
    }


def test_a_phrase_without_its_source_is_refused_and_what_was_typed_stays(
    lead: Client, support_intents: dict[str, Intent]
) -> None:
    page = lead.post(ADD, {"phrases": RIGHT, "origin": "ticket", "source_ref": " "}).content.decode()
    assert "Name the ticket or review that these words come from." in page
    assert RIGHT in page
    assert EvaluationCase.objects.count() == 0


def test_who_may_only_look_adds_and_changes_nothing(
    reader: Client, actor: Actor, support_intents: dict[str, Intent]
) -> None:
    case = case_add(actor=actor, case=NewCase(RIGHT, support_intents["data_export"], "ticket", "T-1"))
    assert RIGHT in reader.get(CASES).content.decode()
    assert reader.post(ADD, {"phrases": "more"}).status_code == 403
    move = reverse("admin:intents_evaluationcase_transition", args=(case.pk, "must-pass"))
    assert reader.post(move).status_code == 403
    assert EvaluationCase.objects.get().must_pass is False


@pytest.mark.row("3.15")
def test_the_list_says_what_the_live_model_answers(
    lead: Client, make_version: Callable[..., ModelVersion], actor: Actor, support_intents: dict[str, Intent]
) -> None:
    version = make_version()
    wrong = "why was my card charged again"
    cases_add(
        actor=actor,
        cases=[
            NewCase(RIGHT, support_intents["data_export"], "ticket", "T-1"),
            NewCase(wrong, support_intents["bug_report"], "ticket", "T-2"),
        ],
    )
    assert lead.get(CASES).content.decode().count("not asked yet") == 2
    judging_run(version_id=version.pk)
    release_activate(actor=actor, version=version)
    page = lead.get(CASES).content.decode()
    assert "right" in page.partition(RIGHT)[2].partition("</tr>")[0]
    assert "takes it for billing_inquiry" in page
    assert "not asked yet" not in page


def test_the_list_asks_as_much_for_thirty_phrases_as_for_three(
    lead: Client, actor: Actor, support_intents: dict[str, Intent]
) -> None:
    counts = []
    for n in (3, 30):
        fresh = [NewCase(f"phrase {n} {i}", support_intents["bug_report"], "ticket", "T") for i in range(n)]
        cases_add(actor=actor, cases=fresh)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            lead.get(CASES)
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.row("3.15")
def test_a_closed_gate_is_shown_with_the_texts_and_asks_for_a_reason(
    lead: Client, make_version: Callable[..., ModelVersion], actor: Actor
) -> None:
    live, other = make_version(), make_version(0.2)
    release_activate(actor=actor, version=live)
    example_id, intent, *_ = worse_than(live, other)
    text = Example.objects.get(pk=example_id).text
    page = lead.get(page_of(other)).content.decode()
    assert "Not as it is" in page
    assert f"{intent}: {text}" in page
    form = lead.get(button(other, "activate")).content.decode()
    assert "override_reason" in form
    refused = lead.post(button(other, "activate"), {"note": "Try", "_seen": ""})
    assert refused.status_code == 409
    assert "Recall falls by more than 2 points" in refused.content.decode()
    assert Release.objects.live().get().model_version == live
    done = lead.post(
        button(other, "activate"), {"note": "Try", "override_reason": "A mislabelled text.", "_seen": ""}
    )
    assert done.status_code == 302
    release = Release.objects.live().get()
    assert (release.model_version, release.override_reason) == (other, "A mislabelled text.")
    shown = lead.get(reverse("admin:intents_release_change", args=(release.pk,))).content.decode()
    assert "A mislabelled text." in shown
    assert "Recall falls by more than 2 points" in shown


def test_an_open_gate_asks_for_no_reason(lead: Client, make_version: Callable[..., ModelVersion]) -> None:
    assert "override_reason" not in lead.get(button(make_version(), "activate")).content.decode()


@pytest.mark.row("3.15")
def test_two_versions_are_compared_text_by_text(
    lead: Client, make_version: Callable[..., ModelVersion], actor: Actor
) -> None:
    live, other = make_version(), make_version(0.2)
    release_activate(actor=actor, version=live)
    example_id, _, taken_for, *_ = worse_than(live, other)
    text = Example.objects.get(pk=example_id).text
    page = lead.get(page_of(other, "compare")).content.decode()
    assert "Version 2 against Version 1" in page
    assert "Broken 1<" in page
    assert "Fixed 0<" in page
    broken = lead.get(page_of(other, "compare") + "?change=broken").content.decode()
    assert text in broken
    rows = list(
        csv.DictReader(
            io.StringIO(lead.get(page_of(other, "compare") + "?change=broken&format=csv").content.decode())
        )
    )
    assert [(row["change"], row["text"], row["after"]) for row in rows] == [("broken", text, taken_for)]


def test_with_a_single_version_the_comparison_says_so(
    lead: Client, make_version: Callable[..., ModelVersion]
) -> None:
    assert "no other version" in lead.get(page_of(make_version(), "compare")).content.decode()
    assert lead.get(page_of(make_version(), "compare") + "?with=999&p=x").status_code == 200
    assert lead.get(reverse("admin:intents_compare", args=(999,))).status_code == 404


@pytest.mark.row("3.15", "3.16")
def test_the_page_of_a_version_draws_its_confidence_and_its_risk(
    lead: Client, make_version: Callable[..., ModelVersion]
) -> None:
    version = make_version()
    page = lead.get(page_of(version)).content.decode()
    assert page.count('<svg viewBox="0 0 320 200" role="img"') == 2
    assert sum(row["n"] for row in version.metrics["reliability"]) == version.metrics["n_evaluated"]
    wrong = sum(row["first_as_second"] + row["second_as_first"] for row in version.metrics["confusions"])
    n = version.metrics["n_evaluated"]
    assert wrong == round(n * (1 - version.metrics["accuracy"]))


@pytest.mark.row("3.21")
def test_why_shows_five_words_and_three_examples_with_their_sources(
    lead: Client, make_version: Callable[..., ModelVersion], actor: Actor
) -> None:
    release_activate(actor=actor, version=make_version())
    message = "please send me a copy of all the data of our workspace"
    page = lead.get(f"{WHY}?text={quote(message)}").content.decode()
    assert page.count('<div class="sa-effect">') == 5
    assert page.count("/admin/intents/example/") >= 3
    assert "Data export" in page
    assert "Ticket data_export-" in page


@pytest.mark.row("3.21")
def test_why_asks_another_version_only_for_those_who_may_see_versions(
    lead: Client, reader: Client, make_version: Callable[..., ModelVersion], actor: Actor
) -> None:
    first, second = make_version(), make_version(0.99)
    release_activate(actor=actor, version=first)
    address = f"{WHY}?text={quote(RIGHT)}&version={second.pk}"
    assert "it acts from 0.99 on" in lead.get(address).content.decode()
    assert "it acts from 0.99 on" not in reader.get(address).content.decode()


def test_why_without_a_model_and_without_a_message_says_what_to_do(db: None, reader: Client) -> None:
    assert "A customer writes" in reader.get(WHY).content.decode()
    assert "No model is live yet" in reader.get(f"{WHY}?text=hello+there").content.decode()


def test_a_hostile_message_is_shown_as_text(
    lead: Client, make_version: Callable[..., ModelVersion], actor: Actor
) -> None:
    release_activate(actor=actor, version=make_version())
    hostile = "<img src=x onerror=alert(1)> where is my invoice"
    page = lead.get(f"{WHY}?text={quote(hostile)}").content.decode()
    assert "<img src=x" not in page
    assert "&lt;img" in page

"""Admin pages of intents and examples, as a tagger uses them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from core.models import Activity, User
from intents.models import Example, Intent

INTENTS = "admin:intents_intent_changelist"
EXAMPLES = "admin:intents_example_changelist"
TAGGER = (
    "intents.view_intent",
    "intents.add_intent",
    "intents.change_intent",
    "intents.view_example",
    "intents.add_example",
    "intents.change_example",
)
NO_INLINES = {"examples-TOTAL_FORMS": "0", "examples-INITIAL_FORMS": "0"}


@pytest.fixture
def tagger(make_user: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    """Return the browser of a person who may edit intents and examples."""
    return sign_in(make_user("kim", *TAGGER))


@pytest.fixture
def reader(make_user: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    """Return the browser of a person who may only look."""
    return sign_in(make_user("lee", "intents.view_intent", "intents.view_example"))


def said(response: object) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]  # type: ignore[attr-defined]


def form_of(intent: Intent, **changes: str) -> dict[str, str]:
    fields = {"label": intent.label, "description": "", "resolution": intent.resolution}
    fields |= {"resolution_reason": "", "owner": "", "phrasings": "", "origin": "ticket", "source_ref": ""}
    return fields | NO_INLINES | changes


def test_the_empty_list_says_the_next_step_and_loads_the_starters(tagger: Client, db: None) -> None:
    page = tagger.get(reverse(INTENTS)).content.decode()
    address = reverse("admin:intents_intent_do", args=("load-starters",))
    assert "Load the six starter intents with the button above" in page
    assert address in page
    assert tagger.get(address).status_code == 200
    assert Intent.objects.count() == 0
    assert tagger.post(address).status_code == 302
    assert Intent.objects.active().count() == 6


@pytest.mark.row("3.3")
def test_the_list_shows_how_many_real_examples_each_intent_has(
    tagger: Client, make_intent: Callable[..., Intent]
) -> None:
    make_intent("billing", real=7, synthetic=2)
    make_intent("bug_report", real=9)
    page = tagger.get(reverse(INTENTS)).content.decode()
    assert "7/8 + 2 synthetic" in page
    assert "9/8" in page


@pytest.mark.row("3.4")
def test_pasted_lines_become_examples_and_refused_ones_are_told_row_by_row(
    tagger: Client, make_intent: Callable[..., Intent]
) -> None:
    intent = make_intent()
    address = reverse("admin:intents_intent_change", args=(intent.pk,))
    lines = "Where is my bill?\n\nwhy was I charged twice\tT-99\r\nwhere is my BILL"
    response = tagger.post(address, form_of(intent, phrasings=lines, source_ref="T-1"))
    assert response.status_code == 302
    assert list(Example.objects.order_by("id").values_list("text", "origin", "source_ref")) == [
        ("Where is my bill?", "ticket", "T-1"),
        ("why was I charged twice", "ticket", "T-99"),
    ]
    added, refused = said(response)[:2]
    assert added == "Phrasings added: 2."
    assert "Line 3: The same phrasing as row 1. “where is my BILL”" in refused
    page = tagger.get(address).content.decode()
    assert "why was I charged twice" in page


@pytest.mark.row("3.4")
def test_pasted_lines_without_a_source_are_refused_and_nothing_is_written(
    tagger: Client, make_intent: Callable[..., Intent]
) -> None:
    intent = make_intent()
    address = reverse("admin:intents_intent_change", args=(intent.pk,))
    response = tagger.post(address, form_of(intent, label="Other", phrasings="Where is my bill?"))
    assert response.status_code == 200
    assert "Name the ticket or review that these words come from." in response.content.decode()
    assert (Example.objects.count(), Intent.objects.get().label) == (0, "Billing")


def test_a_new_intent_is_created_through_the_service(tagger: Client) -> None:
    fields = form_of(Intent(label="Refunds", resolution="human_only"), slug="refunds")
    response = tagger.post(reverse("admin:intents_intent_add"), fields)
    assert response.status_code == 302
    intent = Intent.objects.get()
    assert (intent.slug, intent.resolution, intent.state) == ("refunds", "human_only", "draft")
    assert Activity.objects.get(verb="intent.created").actor_label == "kim"


def test_who_may_only_look_gets_no_form_and_cannot_post(
    reader: Client, make_intent: Callable[..., Intent]
) -> None:
    intent = make_intent()
    address = reverse("admin:intents_intent_change", args=(intent.pk,))
    assert b'name="phrasings"' not in reader.get(address).content
    assert reader.post(address, form_of(intent, label="Other")).status_code == 403
    archive = reverse("admin:intents_intent_transition", args=(intent.pk, "archive"))
    assert reader.post(archive).status_code == 403
    assert reader.post(reverse("admin:intents_intent_do", args=("load-starters",))).status_code == 403
    assert list(Intent.objects.values_list("label", "state")) == [("Billing", "active")]


def test_bulk_actions_say_what_was_done_and_what_was_refused(
    tagger: Client, make_intent: Callable[..., Intent]
) -> None:
    intent, other = make_intent("billing", real=2), make_intent("bug_report")
    first, second = intent.examples.order_by("id")
    Example.objects.create(intent=other, text=first.text, text_hash=first.text_hash, origin="synthetic")
    selected = {"_selected_action": [first.pk, second.pk]}
    moved = tagger.post(reverse(EXAMPLES), {"action": "move_selected", "to": other.pk, **selected})
    assert said(moved) == [
        "Phrasings moved to Bug report: 1.",
        f"“{first}”: Bug report has it as active example {other.examples.get(text=first.text).pk}.",
    ]
    assert Example.objects.get(pk=second.pk).intent == other
    unnamed = tagger.post(reverse(EXAMPLES), {"action": "move_selected", **selected})
    assert said(unnamed)[-1] == "Choose the intent to move to, beside the action."
    retired = tagger.post(reverse(EXAMPLES), {"action": "retire_selected", **selected})
    assert said(retired)[-1] == "Phrasings retired: 2."
    assert Example.objects.active().count() == 1


def test_an_example_is_added_by_form_and_a_duplicate_is_pointed_at(
    tagger: Client, make_intent: Callable[..., Intent]
) -> None:
    intent = make_intent("billing", real=1)
    taken = Example.objects.get()
    fields = {"intent": intent.pk, "text": taken.text.upper(), "origin": "review", "source_ref": "R-1"}
    response = tagger.post(reverse("admin:intents_example_add"), fields)
    assert response.status_code == 200
    assert f"Billing has it as active example {taken.pk}." in response.content.decode()
    assert Example.objects.count() == 1
    response = tagger.post(reverse("admin:intents_example_add"), {**fields, "text": "Something else"})
    assert response.status_code == 302
    assert Example.objects.get(text="Something else").source_ref == "R-1"


def test_an_example_is_retired_by_its_button(tagger: Client, make_intent: Callable[..., Intent]) -> None:
    make_intent("billing", real=1)
    example = Example.objects.get()
    button = reverse("admin:intents_example_transition", args=(example.pk, "retire"))
    page = tagger.get(reverse("admin:intents_example_change", args=(example.pk,))).content.decode()
    assert button in page
    assert tagger.post(button).status_code == 302
    assert Example.objects.get().state == "retired"


@pytest.mark.parametrize("address", [INTENTS, EXAMPLES])
def test_list_pages_need_as_many_queries_for_thirty_rows_as_for_three(
    tagger: Client,
    make_intent: Callable[..., Intent],
    after_the_pilot: None,
    address: str,
    django_assert_max_num_queries: Callable[..., object],
    django_assert_num_queries: Callable[..., object],
) -> None:
    for number in range(3):
        make_intent(f"intent_{number}", real=1)
    tagger.get(reverse(address))
    with django_assert_max_num_queries(10) as few:
        tagger.get(reverse(address))
    for number in range(3, 30):
        make_intent(f"intent_{number}", real=1)
    with django_assert_num_queries(len(few)):  # type: ignore[arg-type]
        tagger.get(reverse(address))


def test_who_may_not_add_examples_gets_no_box_and_adds_none(
    make_user: Callable[..., User], sign_in: Callable[[User], Client], make_intent: Callable[..., Intent]
) -> None:
    editor = sign_in(make_user("mia", "intents.view_intent", "intents.change_intent"))
    intent = make_intent()
    address = reverse("admin:intents_intent_change", args=(intent.pk,))
    assert b'name="phrasings"' not in editor.get(address).content
    fields = form_of(intent, label="Bills", phrasings="Where is my bill?", source_ref="T-1")
    assert editor.post(address, fields).status_code == 302
    assert (Intent.objects.get().label, Example.objects.count()) == ("Bills", 0)

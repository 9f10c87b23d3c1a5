"""From the signed map's categories to intents: what is missing, what is left out, and who may say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from core.actors import Actor
from core.errors import DomainError
from core.models import Activity, User
from intents.mapping import category_mapping, slug_of
from intents.models import Intent, OutOfScopeCategory, ServedCategory
from intents.services import (
    category_leave_out,
    category_map,
    category_take_in,
    category_unmap,
    intent_archive,
)
from supportadmin.roles import roles_sync
from tickets.models import AuditReport, Category

pytestmark = pytest.mark.django_db
PAGE, ACT = "admin:intents_mapping", "admin:intents_mapping_act"
NO_SHARE = {"part": 0, "whole": 0, "low": 0.0, "high": 1.0}


@pytest.fixture
def sign_map(make_user: Callable[..., User]) -> Callable[..., list[Category]]:
    """Sign a map of core categories with these volumes, and one that is not core."""

    def sign(*volumes: int, later: int = 10) -> list[Category]:
        made = [
            Category.objects.create(
                name=f"Topic {number}",
                description=f"About {number}.",
                label="ai_resolvable",
                label_reason="Agents only explain.",
                labelled_at=timezone.now(),
                is_core=number < len(volumes),
            )
            for number in range(len(volumes) + 1)
        ]
        total = sum(volumes) + later
        rows = [
            {
                "id": category.pk,
                "name": category.name,
                "core": category.is_core,
                "label": category.label,
                "label_reason": category.label_reason,
                "labelled_by": "lee",
                "flags": ["needs_judgement"] if number == 0 else [],
                "share": round(volume / total, 4),
                "cumulative_share": 0.0,
                "always_escalated": False,
                "figures": {"tickets": volume},
            }
            for number, (category, volume) in enumerate(zip(made, (*volumes, later), strict=True))
        ]
        rows.sort(key=lambda row: -row["figures"]["tickets"])
        AuditReport.objects.create(
            version=AuditReport.objects.count() + 1,
            content={"categories": rows, "total": {"tickets": total}},
            content_sha256="0" * 64,
            signed_by=User.objects.first() or make_user("signer"),
            signed_by_name="Lee Lead",
            signed_at=timezone.now(),
        )
        return made

    return sign


@pytest.fixture
def lead(make_user: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    """Return the browser of a support lead."""
    roles_sync()
    return sign_in(make_user("lee", roles=("Support lead",)))


def refusal_of(act: Callable[[], object]) -> str:
    before = (ServedCategory.objects.count(), OutOfScopeCategory.objects.count(), Activity.objects.count())
    with pytest.raises(DomainError) as refusal:
        act()
    after = (ServedCategory.objects.count(), OutOfScopeCategory.objects.count(), Activity.objects.count())
    assert after == before
    return str(refusal.value.code)


@pytest.mark.row("3.1")
def test_before_a_map_is_signed_the_page_says_the_next_step(lead: Client) -> None:
    page = lead.get(reverse(PAGE)).content.decode()
    assert category_mapping() is None
    assert "No map has been signed yet" in page
    assert reverse("audit-map") in page


@pytest.mark.row("3.1")
def test_unmapped_categories_come_first_by_volume_and_the_sum_says_what_is_covered(
    lead: Client, sign_map: Callable[..., list[Category]], make_intent: Callable[..., Intent], actor: Actor
) -> None:
    small, large, middle, _later = sign_map(20, 40, 30)
    category_map(actor=actor, category_id=large.pk, intent=make_intent("billing"))
    mapping = category_mapping()
    assert mapping is not None
    assert [line.category.category_id for line in mapping.unmapped] == [middle.pk, small.pk]
    assert (len(mapping.mapped), mapping.in_scope, mapping.covered_percent) == (1, 3, 40.0)
    page = lead.get(reverse(PAGE)).content.decode()
    assert "1 of 3 in-scope categories mapped, covering 40 % of tickets" in page
    assert page.index("Without an intent") < page.index("30 tickets") < page.index("20 tickets")
    assert page.index("20 tickets") < page.index("Mapped</h2>") < page.index("40 tickets")
    assert "judgement" in page


@pytest.mark.row("3.1")
def test_one_intent_may_serve_several_categories_and_each_mapping_can_be_taken_back(
    sign_map: Callable[..., list[Category]], make_intent: Callable[..., Intent], actor: Actor
) -> None:
    first, second, _ = sign_map(20, 40)
    intent = make_intent("billing")
    category_map(actor=actor, category_id=first.pk, intent=intent)
    category_map(actor=actor, category_id=second.pk, intent=intent)
    intent.refresh_from_db()
    assert intent.category_id == first.pk
    assert list(ServedCategory.objects.values_list("intent", "category")) == [(intent.pk, second.pk)]
    assert refusal_of(lambda: category_map(actor=actor, category_id=second.pk, intent=intent)) == (
        "already_mapped"
    )
    assert category_mapping().unmapped == ()  # type: ignore[union-attr]
    category_unmap(actor=actor, category_id=first.pk, intent=intent)
    category_unmap(actor=actor, category_id=second.pk, intent=intent)
    intent.refresh_from_db()
    assert (intent.category_id, ServedCategory.objects.count()) == (None, 0)
    assert refusal_of(lambda: category_unmap(actor=actor, category_id=first.pk, intent=intent)) == (
        "not_mapped"
    )


@pytest.mark.row("3.1")
def test_a_category_whose_only_intent_is_archived_is_unmapped_again(
    sign_map: Callable[..., list[Category]], make_intent: Callable[..., Intent], actor: Actor
) -> None:
    only, _ = sign_map(20)
    intent = make_intent("billing")
    category_map(actor=actor, category_id=only.pk, intent=intent)
    intent_archive(actor=actor, intent=intent)
    assert [line.category.category_id for line in category_mapping().unmapped] == [only.pk]  # type: ignore[union-attr]


@pytest.mark.row("3.1")
def test_out_of_scope_needs_a_reason_and_can_be_taken_back_with_the_decision_kept(
    sign_map: Callable[..., list[Category]], make_intent: Callable[..., Intent], actor: Actor
) -> None:
    only, _ = sign_map(20)
    leave = lambda reason: category_leave_out(actor=actor, category_id=only.pk, reason=reason)  # noqa: E731
    assert refusal_of(lambda: leave("  ")) == "reason_missing"
    decision = leave("Legal answers these.")
    mapping = category_mapping()
    assert mapping is not None
    assert (mapping.in_scope, len(mapping.left_out)) == (0, 1)
    intent = make_intent("billing")
    assert refusal_of(lambda: category_map(actor=actor, category_id=only.pk, intent=intent)) == "out_of_scope"
    assert refusal_of(lambda: leave("Again.")) == "already_out_of_scope"
    category_take_in(actor=actor, category_id=only.pk)
    decision.refresh_from_db()
    assert decision.taken_back_at is not None
    assert decision.reason == "Legal answers these."
    assert category_mapping().in_scope == 1  # type: ignore[union-attr]
    assert refusal_of(lambda: category_take_in(actor=actor, category_id=only.pk)) == "not_out_of_scope"
    category_map(actor=actor, category_id=only.pk, intent=intent)
    assert refusal_of(lambda: leave("Now mapped.")) == "category_mapped"


def test_the_database_keeps_one_decision_per_category_and_none_without_a_reason(
    sign_map: Callable[..., list[Category]],
) -> None:
    only, _ = sign_map(20)
    OutOfScopeCategory.objects.create(category=only, reason="Because.")
    for reason in ("Again.", ""):
        with pytest.raises(IntegrityError), transaction.atomic():
            OutOfScopeCategory.objects.create(category=only, reason=reason)


@pytest.mark.row("3.1")
def test_an_intent_is_created_from_a_category_prefilled_and_mapped(
    lead: Client, sign_map: Callable[..., list[Category]]
) -> None:
    sign_map(20)
    page = lead.get(reverse(PAGE))
    query = page.context["groups"][0]["lines"][0]["create_query"]
    address = f"{reverse('admin:intents_intent_add')}?{query}"
    form = lead.get(address).context["adminform"].form
    assert form.initial["slug"] == "topic_0"
    assert form.initial["resolution_reason"] == "Map 1: AI-resolvable; 20 tickets. Agents only explain."
    fields = {name: value for name, value in form.initial.items() if isinstance(value, str)}
    fields |= {"phrasings": "", "origin": "ticket", "source_ref": "", "owner": ""}
    fields |= {"examples-TOTAL_FORMS": "0", "examples-INITIAL_FORMS": "0"}
    assert lead.post(address, fields).url == reverse(PAGE)  # type: ignore[attr-defined]
    intent = Intent.objects.get()
    assert (intent.label, intent.resolution, intent.state) == ("Topic 0", "ai_resolvable", "draft")
    assert category_mapping().unmapped == ()  # type: ignore[union-attr]


@pytest.mark.row("3.1")
def test_a_refusal_keeps_what_was_typed(
    lead: Client, sign_map: Callable[..., list[Category]], make_intent: Callable[..., Intent], actor: Actor
) -> None:
    only, _ = sign_map(20)
    category_leave_out(actor=actor, category_id=only.pk, reason="First.")
    fields = {"act": "leave-out", "category": only.pk, "reason": "My long <b>reason</b>"}
    response = lead.post(reverse(ACT), fields)
    assert response.status_code == 409
    assert "is out of scope already" in response.content.decode()
    assert "<b>reason" not in response.content.decode()
    category_take_in(actor=actor, category_id=only.pk)
    response = lead.post(reverse(ACT), {"act": "map", "category": only.pk, "intent": ""})
    assert (response.status_code, "Choose the intent first." in response.content.decode()) == (400, True)


@pytest.mark.row("3.1")
@pytest.mark.parametrize("role", ["Tagger", "Reviewer", "KB owner"])
def test_who_may_not_change_intents_sees_the_mapping_and_changes_nothing(
    role: str,
    make_user: Callable[..., User],
    sign_in: Callable[[User], Client],
    sign_map: Callable[..., list[Category]],
    make_intent: Callable[..., Intent],
) -> None:
    roles_sync()
    only, _ = sign_map(20)
    intent, user = make_intent("billing"), make_user("kim", roles=(role,))
    client = sign_in(user)
    page = client.get(reverse(PAGE)).content.decode()
    assert "Topic 0" in page
    assert reverse(ACT) not in page
    fields: dict[str, Any] = {"act": "map", "category": only.pk, "intent": intent.pk}
    assert client.post(reverse(ACT), fields).status_code == 403
    assert refusal_of(
        lambda: category_map(actor=Actor.of_user(user), category_id=only.pk, intent=intent)
    ) == ("not_allowed")


@pytest.mark.row("3.1")
def test_the_dashboard_says_how_many_categories_have_no_intent(
    lead: Client, sign_map: Callable[..., list[Category]]
) -> None:
    sign_map(20, 40)
    page = lead.get(reverse("admin:index")).content.decode()
    assert "2 core categories have no intent" in page


def test_the_page_needs_as_many_queries_for_thirty_categories_as_for_three(
    lead: Client,
    sign_map: Callable[..., list[Category]],
    django_assert_max_num_queries: Callable[..., Any],
    django_assert_num_queries: Callable[..., Any],
) -> None:
    sign_map(3, 2, 1)
    lead.get(reverse(PAGE))
    with django_assert_max_num_queries(14) as few:
        lead.get(reverse(PAGE))
    Category.objects.all().update(retired_at=timezone.now())
    sign_map(*range(1, 31))
    with django_assert_num_queries(len(few)):
        lead.get(reverse(PAGE))


@given(st.text(max_size=120))
def test_every_name_gives_a_slug_that_an_intent_may_have_or_none(name: str) -> None:
    slug = slug_of(name)
    assert slug == "" or Intent._meta.get_field("slug").run_validators(slug) is None
    assert len(slug) <= 60

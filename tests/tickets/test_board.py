"""The board: merge, split, move, rename and label categories, and take each back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed
from core.models import Activity, User
from supportadmin.roles import roles_sync
from tests.tickets.audited import about, category
from tests.tickets.builders import SYSTEM
from tickets.figures import ticket_audit
from tickets.models import Category, CategoryChange, Classification, Cluster, Ticket
from tickets.services import (
    categories_merge,
    category_label,
    category_rename,
    category_set_core,
    category_split,
    change_undo,
    clusters_move,
    tickets_move,
    undoable,
)

pytestmark = pytest.mark.django_db
BOARD = "/admin/tickets/category/"


def counts() -> dict[str, int]:
    """Return how many tickets each category in use has."""
    return {line.name: line.figures.tickets for line in ticket_audit().lines}


def two() -> tuple[Category, Category]:
    refunds = category("Refunds", *(about("refund", n) for n in range(4)), clusters=2)
    return refunds, category("Logins", *(about("login", n) for n in range(3)))


@pytest.mark.row("1.4")
def test_merged_counts_add_history_is_kept_and_undo_brings_both_back() -> None:
    refunds, logins = two()
    categories_merge(actor=SYSTEM, sources=[logins], into=refunds)
    assert counts() == {"Refunds": 7}
    logins.refresh_from_db()
    assert (logins.merged_into, logins.retired_at is not None) == (refunds, True)
    change = undoable()
    assert change is not None
    assert change.summary == "“Logins” merged into “Refunds”"
    assert Activity.objects.filter(verb="category.merge").count() == 1
    change_undo(actor=SYSTEM, change=change)
    assert counts() == {"Refunds": 4, "Logins": 3}
    change.refresh_from_db()
    assert (change.undone_by, undoable()) == (SYSTEM.label, None)
    assert CategoryChange.objects.count() == 1


@pytest.mark.row("1.4")
def test_every_act_is_taken_back_from_the_newest_on() -> None:
    refunds, logins = two()
    before = sorted(Cluster.objects.values_list("pk", "category_id"))
    rows = sorted(Classification.objects.values_list("pk", "cluster_id", "by_hand"))
    category_rename(actor=SYSTEM, category=refunds, name="Money back", description="Refunds")
    first = Cluster.objects.filter(category=refunds).values_list("pk", flat=True)[:1]
    new = category_split(actor=SYSTEM, category=refunds, clusters=list(first), name="Partial refunds")
    assert counts() == {"Money back": 2, "Partial refunds": 2, "Logins": 3}
    clusters_move(actor=SYSTEM, clusters=list(first), into=logins)
    ticket = Ticket.objects.get(external_id="login-0")
    assert tickets_move(actor=SYSTEM, tickets=[ticket.pk], into=refunds) == 1
    category_set_core(actor=SYSTEM, category=logins, is_core=False)
    category_label(actor=SYSTEM, category=logins, label="human_only", reason="Security decides.")
    oldest = CategoryChange.objects.order_by("pk").first()
    with pytest.raises(Conflict) as refusal:
        change_undo(actor=SYSTEM, change=oldest)
    assert refusal.value.code == "not_the_newest"
    while (change := undoable()) is not None:
        change_undo(actor=SYSTEM, change=change)
    assert sorted(Cluster.objects.values_list("pk", "category_id")) == before
    assert sorted(Classification.objects.values_list("pk", "cluster_id", "by_hand")) == rows
    assert list(Category.objects.in_use().values_list("name", "is_core", "label")) == [
        ("Logins", True, ""),
        ("Refunds", True, ""),
    ]
    new.refresh_from_db()
    assert new.retired_at is not None


@pytest.mark.row("1.4")
def test_what_makes_no_sense_is_refused_and_nothing_changes() -> None:
    refunds, logins = two()
    own = list(Cluster.objects.filter(category=refunds).values_list("pk", flat=True))
    for code, act in (
        ("nothing_to_merge", lambda: categories_merge(actor=SYSTEM, sources=[refunds], into=refunds)),
        ("name_taken", lambda: category_rename(actor=SYSTEM, category=refunds, name=" logins ")),
        ("bad_name", lambda: category_rename(actor=SYSTEM, category=refunds, name=" ")),
        ("no_clusters", lambda: category_split(actor=SYSTEM, category=refunds, clusters=[], name="New")),
        ("nothing_left", lambda: category_split(actor=SYSTEM, category=refunds, clusters=own, name="New")),
        ("no_clusters", lambda: clusters_move(actor=SYSTEM, clusters=own, into=refunds)),
        ("unknown_label", lambda: category_label(actor=SYSTEM, category=logins, label="maybe", reason="x")),
        (
            "reason_missing",
            lambda: category_label(actor=SYSTEM, category=logins, label="human_only", reason=" "),
        ),
    ):
        with pytest.raises((Conflict, InvalidInput)) as refusal:
            act()
        assert refusal.value.code == code
    assert (CategoryChange.objects.count(), Category.objects.count(), counts()) == (
        0,
        2,
        {"Refunds": 4, "Logins": 3},
    )


def test_a_category_that_was_merged_meanwhile_is_not_merged_again() -> None:
    refunds, logins = two()
    categories_merge(actor=SYSTEM, sources=[logins], into=refunds)
    with pytest.raises(Conflict) as refusal:
        categories_merge(actor=SYSTEM, sources=[refunds], into=logins)
    assert (refusal.value.code, counts()) == ("category_retired", {"Refunds": 7})


@pytest.mark.row("1.6")
def test_a_label_is_kept_with_who_and_why_and_only_of_those_who_may(make_user: Callable[..., User]) -> None:
    refunds, _ = two()
    lead = make_user("lee", "tickets.label_category")
    category_label(
        actor=Actor.of_user(lead),
        category=refunds,
        label="human_only",
        reason="Finance decides.",
        policy_exception=True,
    )
    refunds.refresh_from_db()
    assert (refunds.label, refunds.label_reason, refunds.labelled_by) == (
        "human_only",
        "Finance decides.",
        lead,
    )
    assert (refunds.policy_exception, refunds.needs_judgement) == (True, False)
    line = Activity.objects.get(verb="category.label")
    assert line.actor_label == "lee"
    assert line.after == {"what": "“Refunds” is Human-only: Finance decides."}
    with pytest.raises(NotAllowed):
        category_label(
            actor=Actor.of_user(make_user("kim")), category=refunds, label="ai_assisted", reason="x"
        )
    refunds.refresh_from_db()
    assert (refunds.label, Activity.objects.filter(verb="category.label").count()) == ("human_only", 1)


@pytest.mark.row("1.3")
def test_the_pivot_sums_to_all_tickets_and_moves_with_the_board() -> None:
    refunds, logins = two()
    cells = ticket_audit().pivot
    assert sum(cells.values()) == Ticket.objects.counting().count() == 7
    assert cells == {
        (refunds.pk, "information", "unclassified"): 4,
        (logins.pk, "information", "unclassified"): 3,
    }
    categories_merge(actor=SYSTEM, sources=[logins], into=refunds)
    assert ticket_audit().pivot == {(refunds.pk, "information", "unclassified"): 7}


@pytest.fixture
def lead(make_user: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    """Return the browser of a person who curates."""
    roles_sync()
    return sign_in(make_user("lee", roles=("Support lead",)))


@pytest.mark.row("1.4", "1.6")
def test_the_board_merges_labels_and_takes_back_by_its_buttons(lead: Client) -> None:
    refunds, logins = two()
    page = lead.get(BOARD).content.decode()
    assert (">Refunds</a>" in page, ">Logins</a>" in page) == (True, True)
    address = {
        name: reverse("admin:tickets_category_board", args=(name,)) for name in ("merge", "accept", "undo")
    }
    said = lead.post(
        address["merge"], {"category": [logins.pk], "into": refunds.pk}, follow=True
    ).content.decode()
    assert "Merged into “Refunds”" in said
    assert counts() == {"Refunds": 7}
    lead.post(address["undo"], {"change": undoable().pk})
    assert counts() == {"Refunds": 4, "Logins": 3}
    assert "Tick at least one" in lead.post(address["accept"], {}, follow=True).content.decode()
    lead.post(address["accept"], {"category": [refunds.pk, logins.pk]})
    assert set(Category.objects.values_list("label", flat=True)) == {"ai_resolvable"}


def test_the_board_is_closed_to_those_who_may_only_look(
    make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    refunds, logins = two()
    reader = sign_in(make_user("kim", "tickets.view_category"))
    page = reader.get(BOARD).content.decode()
    assert "Merge</button>" not in page
    address = reverse("admin:tickets_category_board", args=("merge",))
    said = reader.post(address, {"category": [logins.pk], "into": refunds.pk}, follow=True).content.decode()
    assert "You may not do this" in said
    assert reader.get(address).status_code == 405
    assert counts() == {"Refunds": 4, "Logins": 3}
    stranger = sign_in(make_user("sam"))
    assert stranger.get(BOARD).status_code == 403


def test_the_empty_board_says_the_next_step(lead: Client) -> None:
    assert "Import closed tickets" in lead.get(BOARD).content.decode()


def test_a_categorys_page_shows_figures_reasons_clusters_and_tickets(lead: Client) -> None:
    refunds, _ = two()
    page = lead.get(reverse("admin:tickets_category_change", args=(refunds.pk,))).content.decode()
    for words in (
        "4 tickets",
        "Suggested: AI-resolvable",
        "Solved by explaining",
        "refund refund question 0",
    ):
        assert words in page

"""What is typed and not saved is kept for the person who typed it, and for nobody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.actors import Actor
from core.models import Activity, User
from kb.models import Revision, UnsavedDraft
from kb.unsaved import unsaved_forget_old, unsaved_keep
from tests.kb.conftest import REVIEWER, WRITER
from tests.kb.test_admin import ADD, LIST, change_url, fields

pytestmark = [pytest.mark.django_db, pytest.mark.row("2.11")]
KEEP, DISCARD = f"{LIST}unsaved/", f"{LIST}discard/"


@pytest.fixture
def wanda(make_user: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    return sign_in(make_user("wanda", *WRITER))


def typed(**changes: Any) -> dict[str, Any]:
    return {"article": "", "base_number": 0, "title": "How do I", "body": "# Half a", **changes}


def test_what_is_typed_is_offered_again_to_its_writer_only(
    wanda: Client, make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    assert wanda.post(KEEP, typed()).status_code == 200
    assert wanda.post(KEEP, typed(body="# Half a sentence")).status_code == 200
    assert UnsavedDraft.objects.get().body == "# Half a sentence"
    assert wanda.get(ADD).context["unsaved"]["kept"]["body"] == "# Half a sentence"
    other = sign_in(make_user("wim", *WRITER))
    assert other.get(ADD).context["unsaved"]["kept"] is None
    assert (Revision.objects.count(), Activity.objects.filter(verb__startswith="article").count()) == (0, 0)


def test_saving_or_discarding_forgets_it(wanda: Client) -> None:
    wanda.post(KEEP, typed())
    wanda.post(ADD, fields(User.objects.get(username="wanda").pk, for_everyone="on"))
    assert (Revision.objects.count(), UnsavedDraft.objects.count()) == (1, 0)
    article = Revision.objects.get().article
    wanda.post(KEEP, typed(article=article.pk, base_number=1, body="Other."))
    assert wanda.get(change_url(article)).context["unsaved"]["kept"]["base_number"] == 1
    assert wanda.post(DISCARD, {"article": article.pk}).status_code == 200
    assert UnsavedDraft.objects.count() == 0


def test_a_refused_save_keeps_it(wanda: Client) -> None:
    wanda.post(KEEP, typed())
    assert (
        wanda.post(ADD, fields(User.objects.get().pk, slug="Not A Slug", for_everyone="on")).status_code
        == 200
    )
    assert UnsavedDraft.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"body": "x" * 100_001}, 400),
        ({"title": "x" * 201}, 400),
        ({"body": "a\x00b"}, 400),
        ({"base_number": ""}, 400),
        ({"article": "999"}, 404),
    ],
)
def test_what_cannot_be_an_article_is_not_kept(wanda: Client, changes: dict[str, Any], status: int) -> None:
    assert wanda.post(KEEP, typed(**changes)).status_code == status
    assert UnsavedDraft.objects.count() == 0


def test_who_may_not_write_keeps_nothing(
    make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    reader = sign_in(make_user("kim", "kb.view_article"))
    assert reader.post(KEEP, typed()).status_code == 403
    reviewer = sign_in(make_user("rene", *REVIEWER))
    assert reviewer.post(KEEP, typed()).status_code == 403  # may change articles, but not add one
    assert UnsavedDraft.objects.count() == 0


def test_what_nobody_came_back_to_is_forgotten_after_thirty_days(writer: Actor) -> None:
    unsaved_keep(actor=writer, article=None, base_number=0, title="Old", body="Old.")
    assert unsaved_forget_old() == 0
    UnsavedDraft.objects.update(saved_at=timezone.now() - timedelta(days=31))
    assert unsaved_forget_old() == 1

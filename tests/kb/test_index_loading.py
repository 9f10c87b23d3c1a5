"""The index in memory while articles change: what waits, what does not, what holds at once all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import jobs
from core.actors import Actor
from kb import index_loading, index_version
from kb.contracts import Audience
from kb.indexing import sync_article
from kb.models import Article, AudienceValue, Revision
from kb.retrieval import readable_ids, search
from kb.review import article_archive
from kb.services import article_set_audience, revision_save_draft

Live = Callable[..., Article]
Publish = Callable[[Revision], Article]


@pytest.fixture(autouse=True)
def _nothing_loaded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(index_loading, "_loaded", None)
    yield
    if index_loading._refresher is not None:
        index_loading._refresher.join()


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Have every change count as many, and no thread start: only note that one was asked for."""
    started: list[int] = []
    with monkeypatch.context() as patch:
        patch.setattr(index_loading, "AT_ONCE", 0)
        patch.setattr(index_loading, "refresh_start", lambda: started.append(1))
        yield started


def found(query: str, audience: Audience = Audience()) -> list[int]:  # noqa: B008 - frozen
    return [hit.article_id for hit in search(query, audience=audience).hits]


@pytest.mark.row("2.13", "7.8")
@pytest.mark.django_db
def test_many_new_texts_are_read_aside_while_searches_go_on(live: Live, many: list[int]) -> None:
    old = live()
    assert found("reset password") == [old.pk]
    new = live("zebra", "Zebra crossing", "# Zebra crossing\n\nLook left and right.")
    assert new.pk not in found("zebra crossing")
    assert found("reset password") == [old.pk]
    assert many
    index_loading.fresh_index()
    assert found("zebra crossing")[0] == new.pk


@pytest.mark.row("2.5", "R55", "7.8")
@pytest.mark.django_db
def test_what_a_reader_may_no_longer_see_is_gone_at_once_though_texts_wait(
    live: Live, audience_value: Callable[..., AudienceValue], writer: Actor, many: list[int]
) -> None:
    closed, archived, kept = live("closed"), live("archived"), live("kept")
    assert set(found("reset password")) == {closed.pk, archived.pk, kept.pk}
    alone = search("reset password", audience=Audience(tier="other")).hits
    live("late", "Late", "# Late\n\nReset your password late.")
    article_set_audience(
        actor=writer, article=closed, for_everyone=False, values=[audience_value("tier", "team")]
    )
    assert found("reset password") == [archived.pk, kept.pk]
    article_archive(actor=writer, article=archived)
    hits = search("reset password", audience=Audience()).hits
    assert [hit.article_id for hit in hits] == [kept.pk]
    assert many
    index_loading.fresh_index()
    assert len(alone) == 3


@pytest.mark.row("2.5", "R55")
@pytest.mark.django_db
def test_texts_that_wait_change_no_score_of_those_that_are_found(
    live: Live, publish: Publish, writer: Actor, many: list[int]
) -> None:
    kept, rewritten = live("kept"), live("rewritten")
    assert set(found("reset password")) == {kept.pk, rewritten.pk}
    publish(
        revision_save_draft(
            actor=writer,
            article=rewritten,
            base_number=1,
            title="Zebra",
            body="# Zebra\n\nPassword no more.",
        )
    )
    jobs.run_due()
    waiting = search("reset password", audience=Audience()).hits
    article_archive(actor=writer, article=rewritten)
    assert search("reset password", audience=Audience()).hits == waiting
    assert [hit.article_id for hit in waiting] == [kept.pk]


@pytest.mark.row("2.13")
@pytest.mark.django_db
def test_the_version_of_a_result_is_that_of_its_texts(live: Live, many: list[int]) -> None:
    live()
    before = search("reset password", audience=Audience()).index_version
    live("zebra", "Zebra crossing", "# Zebra crossing\n\nLook left and right.")
    assert search("zebra", audience=Audience()).index_version == before
    index_loading.fresh_index()
    assert search("zebra", audience=Audience()).index_version > before


@pytest.mark.row("7.8")
@pytest.mark.django_db
def test_while_texts_wait_a_search_asks_once_a_version_who_may_see_what(live: Live, many: list[int]) -> None:
    live()
    found("reset password")
    live("zebra", "Zebra crossing", "# Zebra crossing\n\nLook left and right.")
    found("zebra")
    with CaptureQueriesContext(connection) as queries:
        found("zebra")
    assert len(queries) == 3  # version, how many texts wait, second check


@pytest.mark.row("2.13", "7.8")
@pytest.mark.django_db(transaction=True)
def test_a_thread_of_its_own_reads_many_new_texts_and_clears_up(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    live()
    found("reset password")
    monkeypatch.setattr(index_loading, "AT_ONCE", 0)
    monkeypatch.setattr(index_loading, "REBUILD_SHARE", 10)
    monkeypatch.setattr(index_loading, "WASTE", 1)
    monkeypatch.setattr(index_loading, "SMALL", 0)
    new = live("zebra", "Zebra crossing", "# Zebra crossing\n\nLook left and right.")
    found("zebra crossing")
    assert index_loading._refresher is not None
    index_loading._refresher.join()
    held = index_loading._loaded
    assert held is not None
    assert (held.snapshot.waste, held.texts) == (0, held.version.number)
    assert found("zebra crossing")[0] == new.pk


@pytest.mark.row("2.13")
@pytest.mark.django_db
def test_waste_is_cleared_up_in_passing_where_the_index_is_small(
    live: Live, publish: Publish, writer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_loading, "WASTE", 4)
    monkeypatch.setattr(index_loading, "REBUILD_SHARE", 10)
    article = live()
    live("other", "Other", "# Other\n\nText.")
    waste = []
    for number in range(1, 5):
        body = f"# Reset\n\nReset your password, version {number}."
        publish(
            revision_save_draft(actor=writer, article=article, base_number=number, title="Reset", body=body)
        )
        jobs.run_due()
        hits = search("reset password", audience=Audience()).hits
        assert hits[0].quote.endswith(f"version {number}.")
        assert index_loading._loaded is not None
        waste.append(index_loading._loaded.snapshot.waste)
    assert waste == [0, 3, 0, 3]


@pytest.mark.row("2.5", "R55", "7.8")
@pytest.mark.django_db
def test_who_may_see_what_is_asked_anew_unless_only_texts_have_changed(
    live: Live, audience_value: Callable[..., AudienceValue], writer: Actor
) -> None:
    first, second = live("first"), live("second")
    assert set(found("reset password")) == {first.pk, second.pk}
    sync_article(second.pk, force=True)
    with CaptureQueriesContext(connection) as queries:
        assert set(found("reset password")) == {first.pk, second.pk}
    assert not [query for query in queries if "for_everyone" in query["sql"] and "IN" not in query["sql"]]
    values = [audience_value("tier", "team")]
    article_set_audience(actor=writer, article=first, for_everyone=False, values=values)
    sync_article(second.pk, force=True)
    assert found("reset password") == [second.pk]
    article_set_audience(actor=writer, article=second, for_everyone=False, values=values)
    sync_article(second.pk, force=True)
    sync_article(second.pk, force=True)
    assert found("reset password") == []


@pytest.mark.row("2.5", "R55")
@pytest.mark.django_db
def test_a_text_indexed_after_the_version_was_read_hides_no_change_of_audience(
    live: Live,
    audience_value: Callable[..., AudienceValue],
    writer: Actor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = live("first"), live("second")
    assert set(found("reset password")) == {first.pk, second.pk}
    values = [audience_value("tier", "team")]
    article_set_audience(actor=writer, article=first, for_everyone=False, values=values)
    version = index_version.current()
    sync_article(second.pk, force=True)
    monkeypatch.setattr(index_version, "current", lambda: version)
    index = index_loading.serving_index()
    assert readable_ids(index, Audience()) == {second.pk}

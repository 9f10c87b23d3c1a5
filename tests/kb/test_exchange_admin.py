"""Imports, conflicts and downloads in the admin: nothing is written before somebody has seen it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from core import jobs
from core.actors import Actor
from core.models import Activity, Job, User
from kb.exchange import uploads
from kb.exchange.imports import import_apply, import_counts, import_create, import_start, import_stop
from kb.exchange.uploads import upload_store, uploads_forget
from kb.models import Article, ArticleImport, ArticleSource, Revision
from kb.services import article_create, revision_save_draft
from tests.kb.conftest import BODY, WRITER
from tests.kb.help_centre_export import page, take_in, zendesk

pytestmark = [pytest.mark.django_db, pytest.mark.row("2.18")]
ADD = "admin:kb_articleimport_add"


@pytest.fixture(autouse=True)
def upload_dir(tmp_path: Path, settings: Any) -> Path:
    settings.UPLOAD_DIR = tmp_path / "uploads"
    return tmp_path / "uploads" / "articles"


@pytest.fixture
def ann(make_user: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    return sign_in(make_user("ann", *WRITER))


def upload(
    client: Client, data: bytes, name: str = "articles.json", source: str = "zendesk", **more: str
) -> Any:
    return client.post(reverse(ADD), {"source": source, "file": SimpleUploadedFile(name, data), **more})


def kept(folder: Path) -> int:
    return len(list(folder.iterdir())) if folder.is_dir() else 0


def test_an_upload_is_seen_first_and_taken_in_by_a_job(
    ann: Client, upload_dir: Path, django_capture_on_commit_callbacks: Any
) -> None:
    data = page(zendesk(101), zendesk(102, title="Two?", user_segment_id=5), zendesk(103, outdated=True), "x")
    answer = upload(ann, data)
    batch = ArticleImport.objects.get()
    address = reverse("admin:kb_articleimport_change", args=(batch.pk,))
    assert answer["Location"] == address
    jobs.run_due()
    batch.refresh_from_db()
    assert (batch.state, Article.objects.count(), kept(upload_dir)) == ("ready", 0, 1)
    assert import_counts(batch) == {
        "rows_in": 4, "created": 2, "updated": 0, "unchanged": 0, "conflict": 0, "skipped": 1, "rejected": 1,
    }  # fmt: skip
    shown = ann.get(address).content.decode()
    for words in (
        "nothing is written yet",
        "What would become of the rows",
        "Its translation is outdated there.",
    ):
        assert words in shown
    start = reverse("admin:kb_articleimport_transition", args=(batch.pk, "start"))
    assert "2 new articles and 0 new texts come in as drafts of yours." in ann.get(start).content.decode()
    ann.post(start, {"_seen": ""})
    with django_capture_on_commit_callbacks(execute=True):
        jobs.run_due()
    batch.refresh_from_db()
    assert (batch.state, Article.objects.count(), kept(upload_dir)) == ("done", 2, 0)
    assert set(Revision.objects.values_list("state", "author__username")) == {("draft", "ann")}
    assert Article.objects.published().count() == 0
    rejected = ann.get(address, {"outcome": "rejected"}).content.decode()
    assert "The row is not a JSON object." in rejected
    assert "Two?" not in rejected


def test_a_preview_shows_conflicts_and_links_to_the_choice(
    ann: Client, writer: Actor, tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(page(zendesk(101)))
    take_in(path, "zendesk", writer)
    article = Article.objects.get()
    revision_save_draft(actor=writer, article=article, base_number=1, title="Ours?", body="Ours.")
    upload(ann, page(zendesk(101, body="<p>Theirs.</p>")))
    jobs.run_due()
    batch = ArticleImport.objects.get()
    assert import_counts(batch)["conflict"] == 1
    assert ArticleSource.objects.get().conflict == ""  # seen, not written
    ann.post(reverse("admin:kb_articleimport_transition", args=(batch.pk, "start")), {"_seen": ""})
    jobs.run_due()
    source = ArticleSource.objects.get()
    choice = reverse("admin:kb_articlesource_change", args=(source.pk,))
    assert choice in ann.get(reverse("admin:kb_articleimport_change", args=(batch.pk,))).content.decode()
    shown = ann.get(choice).content.decode()
    for words in ("Waits for a choice", "Ours", "Theirs", "Take theirs", "Keep ours"):
        assert words in shown
    take = reverse("admin:kb_articlesource_transition", args=(source.pk, "theirs"))
    stale = ann.post(take, {"_seen": "another 1"})
    assert (stale.status_code, Revision.objects.count()) == (409, 2)
    ann.post(take, {"_seen": f"{source.pending['text_hash']} 2"})
    assert Revision.objects.latest("number").body == "Theirs."
    assert Revision.objects.latest("number").author.username == "ann"


@pytest.mark.parametrize(
    ("name", "data", "more", "words"),
    [
        ("a.exe", b"x", {}, "Upload one of .json"),
        ("a.json", b"", {}, "The submitted file is empty."),
        ("a.json", b"[]", {"mapping_text": "{"}, "The mapping is not JSON"),
        ("a.json", b"[]", {"mapping_text": '{"x": {}}'}, "A mapping has the parts"),
    ],
)
def test_an_upload_that_will_not_do_is_refused_and_not_kept(
    name: str, data: bytes, more: dict[str, str], words: str, ann: Client, upload_dir: Path
) -> None:
    answer = upload(ann, data, name, **more)
    assert words in answer.content.decode()
    assert (ArticleImport.objects.count(), Job.objects.count(), kept(upload_dir)) == (0, 0, 0)


def test_a_file_beyond_the_limit_is_refused(
    ann: Client, upload_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kb.admin.imports.MAX_UPLOAD_BYTES", 10)
    monkeypatch.setattr(uploads, "MAX_UPLOAD_BYTES", 10)
    assert "The file is too large." in upload(ann, page(zendesk())).content.decode()
    assert (ArticleImport.objects.count(), kept(upload_dir)) == (0, 0)


def test_a_hostile_zip_fails_with_the_reason_and_writes_nothing(
    ann: Client, upload_dir: Path, django_capture_on_commit_callbacks: Any
) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("../evil.md", "x")
    upload(ann, stream.getvalue(), "a.zip", "markdown")
    with django_capture_on_commit_callbacks(execute=True):
        jobs.run_due()
    batch = ArticleImport.objects.get()
    assert (batch.state, batch.error) == ("failed", "The zip file holds a path that leads out of it.")
    assert (Article.objects.count(), kept(upload_dir)) == (0, 0)


@pytest.mark.row("R17")
def test_a_killed_import_goes_on_where_it_was(
    writer: Actor, upload_dir: Path, django_capture_on_commit_callbacks: Any
) -> None:
    data = page(*(zendesk(n, title=f"T {n}?") for n in range(101, 105)))
    batch = import_create(actor=writer, source="zendesk", upload=upload_store(name="a.json", chunks=[data]))
    jobs.run_due()
    batch.refresh_from_db()
    import_start(actor=writer, batch=batch)

    class Killed(BaseException):
        pass

    def die(done: int, total: int, message: str = "") -> None:
        if done == 2:
            raise Killed

    with pytest.raises(Killed):
        import_apply(batch.pk, progress=die)  # type: ignore[arg-type]
    assert (batch.rows.filter(is_done=True).count(), Article.objects.count()) == (2, 2)
    with django_capture_on_commit_callbacks(execute=True):
        assert import_apply(batch.pk, progress=lambda *told: None)["created"] == 4  # type: ignore[arg-type]
    assert (Article.objects.count(), Revision.objects.count(), kept(upload_dir)) == (4, 4, 0)


def test_a_stopped_import_writes_nothing_more(writer: Actor) -> None:
    stored = upload_store(name="a.json", chunks=[page(zendesk(101))])
    batch = import_create(actor=writer, source="zendesk", upload=stored)
    jobs.run_due()
    batch.refresh_from_db()
    import_start(actor=writer, batch=batch)
    import_stop(actor=writer, batch=batch)
    jobs.run_due()
    assert (ArticleImport.objects.get().state, Article.objects.count()) == ("stopped", 0)
    import_start(actor=writer, batch=batch)
    jobs.run_due()
    assert (ArticleImport.objects.get().state, Article.objects.count()) == ("done", 1)


def test_files_that_nobody_came_back_to_are_deleted(
    upload_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_store(name="a.json", chunks=[b"x"])
    assert uploads_forget() == 0
    monkeypatch.setattr(uploads, "KEPT_DAYS", -1)
    assert (uploads_forget(), kept(upload_dir)) == (1, 0)


@pytest.mark.row("8.1")
@pytest.mark.parametrize("permissions", [(), ("kb.view_article",), ("kb.view_article", "kb.add_article")])
def test_only_who_may_add_and_change_articles_imports(
    permissions: tuple[str, ...], make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(make_user("nina", *permissions))
    assert upload(client, page(zendesk())).status_code == 403
    assert (ArticleImport.objects.count(), Job.objects.count(), Activity.objects.count()) == (0, 0, 0)


def entries(answer: Any) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_the_download_is_the_export(ann: Client, writer: Actor, live: Callable[..., Article]) -> None:
    article = live()
    article_create(actor=writer, slug="open", title="Open?", body=BODY)
    every = entries(ann.get(reverse("admin:kb_articles_export")))
    assert set(every) == {"open.md", "reset-password.md", "vocabulary.yaml"}
    assert "audience:\n  everyone: true\n" in every["reset-password.md"]
    assert "audience" not in every["open.md"]
    published = entries(ann.get(reverse("admin:kb_articles_export"), {"published": "1"}))
    assert set(published) == {"reset-password.md", "vocabulary.yaml"}
    chosen = ann.post(
        reverse("admin:kb_article_changelist"),
        {"action": "export_selected", "_selected_action": [article.pk]},
    )
    assert set(entries(chosen)) == {"reset-password.md", "vocabulary.yaml"}


def test_who_may_not_read_revisions_downloads_published_texts_alone(
    writer: Actor,
    live: Callable[..., Article],
    make_user: Callable[..., User],
    sign_in: Callable[[User], Client],
) -> None:
    live()
    article_create(actor=writer, slug="open", title="Open?", body=BODY)
    nobody = sign_in(make_user("nobody"))
    assert nobody.get(reverse("admin:kb_articles_export")).status_code == 403
    nina = sign_in(make_user("nina", "kb.view_article"))
    assert set(entries(nina.get(reverse("admin:kb_articles_export")))) == {
        "reset-password.md",
        "vocabulary.yaml",
    }
    assert nina.post(reverse("admin:kb_articles_export")).status_code == 405


@pytest.mark.row("8.7")
def test_the_lists_and_the_result_cost_the_same_queries_for_three_and_thirty(
    ann: Client, writer: Actor, django_assert_max_num_queries: Any
) -> None:
    for count in (3, 30):
        data = page(*(zendesk(count * 100 + n, title=f"T {count} {n}?") for n in range(count)))
        stored = upload_store(name="a.json", chunks=[data])
        batch = import_create(actor=writer, source="zendesk", upload=stored)
        jobs.run_due()
        batch.refresh_from_db()
        import_start(actor=writer, batch=batch)
        jobs.run_due()
        for address in (
            reverse("admin:kb_articleimport_change", args=(batch.pk,)),
            reverse("admin:kb_articlesource_changelist"),
            reverse("admin:kb_articleimport_changelist"),
        ):
            ann.get(address)
            with django_assert_max_num_queries(16):
                assert ann.get(address).status_code == 200

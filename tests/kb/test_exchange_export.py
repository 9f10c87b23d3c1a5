"""Out and in again: the same bytes, no revision, nothing outside the folder."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from django.core.management import call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from core.actors import Actor
from core.errors import InvalidInput
from core.models import Activity, User
from integrations.archives import File
from kb.access import facets
from kb.exchange.exporting import export_folder, export_zip
from kb.exchange.markdown_files import file_text, markdown_row
from kb.models import Article, ArticleSource, AudienceValue, ProductPage, Revision
from kb.review import article_archive
from kb.services import (
    article_create,
    article_set_labels,
    article_set_owner,
    article_set_pages,
    revision_save_draft,
)
from tests.kb.help_centre_export import outcomes, take_in

pytestmark = pytest.mark.row("2.18")


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def base(
    db: None,
    writer: Actor,
    live: Callable[..., Article],
    draft: Callable[..., Revision],
    audience_value: Callable[..., AudienceValue],
) -> None:
    """Two articles: a live one for some on a page, and a draft that nobody may read yet."""
    page = ProductPage.objects.create(name="Billing", pattern="/settings/billing")
    article = live(values=(audience_value("tier", "team"), audience_value("user_type", "admin")))
    article_set_pages(actor=writer, article=article, product_pages=[page])
    article_set_labels(actor=writer, article=article, names=["ümläut: colon", "# hash", "2024-01-01"])
    article_set_owner(actor=writer, article=article, owner_id=article.owner_id, review_by=date(2027, 1, 31))
    article_create(actor=writer, slug="open", title="  What's “this”: x?  ", body="---\n\nNo front matter.")


FILE = """\
---
slug: reset-password
title: How do I reset my password?
audience:
  user_types:
  - admin
  tiers:
  - team
pages:
- Billing
labels:
- '# hash'
- '2024-01-01'
- 'ümläut: colon'
owner: wanda
review_by: '2027-01-31'
base: {base}
---

# How do I reset my password?
"""


@pytest.mark.usefixtures("base")
def test_a_file_holds_all_that_an_import_reads(tmp_path: Path) -> None:
    assert export_folder(tmp_path / "out", Article.objects.all(), published=False) == {
        "files": 3,
        "written": 3,
    }
    text = (tmp_path / "out" / "reset-password.md").read_text()
    base = text.split("base: ")[1].split("\n")[0]
    assert text.startswith(FILE.format(base=base))
    assert len(base) == 20
    assert (tmp_path / "out" / "vocabulary.yaml").read_text() == (
        "audiences:\n  tier:\n    team: Team\n  user_type:\n    admin: Admin\n"
        "pages:\n  Billing: /settings/billing\n"
    )


@pytest.mark.usefixtures("base")
def test_importing_an_export_over_the_same_base_writes_nothing(tmp_path: Path, writer: Actor) -> None:
    export_folder(tmp_path, Article.objects.all(), published=False)
    before = (Revision.objects.count(), Activity.objects.count())
    assert outcomes(take_in(tmp_path, "markdown", writer)) == ["unchanged"] * 2
    assert (Revision.objects.count(), Activity.objects.count()) == before
    assert export_folder(tmp_path, Article.objects.all(), published=False)["written"] == 0


@pytest.mark.usefixtures("base")
def test_into_an_empty_base_and_out_again_gives_the_same_bytes(
    tmp_path: Path, make_user: Callable[..., User]
) -> None:
    export_folder(tmp_path / "one", Article.objects.all(), published=False)
    ArticleSource.objects.all().delete()
    Article.objects.update(published_revision=None)
    for model in (Revision, Article, AudienceValue, ProductPage):
        model.objects.all().delete()
    root = Actor.of_user(make_user("root", superuser=True))
    assert outcomes(take_in(tmp_path / "one", "markdown", root)) == ["created"] * 2
    export_folder(tmp_path / "two", Article.objects.all(), published=False)
    assert files_of(tmp_path / "two") == files_of(tmp_path / "one")


@pytest.mark.usefixtures("base")
def test_an_edited_file_updates_what_it_was_exported_from_and_nothing_else(
    tmp_path: Path, writer: Actor
) -> None:
    export_folder(tmp_path, Article.objects.all(), published=False)
    path = tmp_path / "reset-password.md"
    path.write_text(path.read_text().replace("spam folder", "junk folder").replace("- '# hash'\n", ""))
    other = tmp_path / "open.md"
    other.write_text(other.read_text().replace("No front", "Still no front"))
    article = Article.objects.get(slug="open")
    revision_save_draft(actor=writer, article=article, base_number=1, title="Ours?", body="Ours.")
    results = take_in(tmp_path, "markdown", writer)
    assert [(one.row.where, one.outcome) for one in results] == [
        ("open.md", "conflict"),
        ("reset-password.md", "updated"),
    ]
    changed = Article.objects.get(slug="reset-password")
    assert "junk folder" in Revision.objects.get(article=changed, number=2).body
    assert [label.name for label in changed.labels.all()] == ["2024-01-01", "ümläut: colon"]
    assert article.revisions.latest("number").body == "Ours."


@pytest.mark.usefixtures("base")
def test_the_published_texts_alone(tmp_path: Path, writer: Actor) -> None:
    article = Article.objects.get(slug="reset-password")
    revision_save_draft(actor=writer, article=article, base_number=1, title="Newer?", body="Newer.")
    call_command("export_articles", str(tmp_path / "live"), "--published", verbosity=0)
    assert set(files_of(tmp_path / "live")) == {"reset-password.md", "vocabulary.yaml"}
    assert "Newer" not in (tmp_path / "live" / "reset-password.md").read_text()
    call_command("export_articles", str(tmp_path / "all"), "--all", verbosity=0)
    assert "Newer" in (tmp_path / "all" / "reset-password.md").read_text()
    article_archive(actor=writer, article=article)
    call_command("export_articles", str(tmp_path / "rest"), verbosity=0)
    assert set(files_of(tmp_path / "rest")) == {"open.md", "vocabulary.yaml"}


@pytest.mark.usefixtures("base")
def test_no_address_leads_out_of_the_folder_and_no_link_is_followed(tmp_path: Path) -> None:
    Article.objects.filter(slug="open").update(slug="../../evil")
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    folder = tmp_path / "deep" / "out"
    folder.mkdir(parents=True)
    (folder / "reset-password.md").symlink_to(outside)
    export_folder(folder, Article.objects.all(), published=False)
    pk = Article.objects.get(slug="../../evil").pk
    assert set(files_of(folder)) == {f"evil-{pk}.md", "reset-password.md", "vocabulary.yaml"}
    assert outside.read_text() == "mine"
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.usefixtures("base")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InvalidInput):
        export_folder(tmp_path / "file", Article.objects.all(), published=False)
    with pytest.raises(SystemExit) as end:
        call_command("export_articles", str(tmp_path / "file"))
    assert end.value.code == 2


@pytest.mark.usefixtures("base")
def test_a_zip_holds_the_same_files_and_is_the_same_each_time(tmp_path: Path, writer: Actor) -> None:
    export_folder(tmp_path / "out", Article.objects.all(), published=False)
    streams = [io.BytesIO(), io.BytesIO()]
    assert [export_zip(stream, Article.objects.all(), published=False) for stream in streams] == [2, 2]
    assert streams[0].getvalue() == streams[1].getvalue()
    with zipfile.ZipFile(streams[0]) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files_of(tmp_path / "out")
    (tmp_path / "a.zip").write_bytes(streams[0].getvalue())
    assert outcomes(take_in(tmp_path / "a.zip", "markdown", writer)) == ["unchanged"] * 2


def test_what_an_importer_may_not_make_rejects_the_rows_that_need_it(
    tmp_path: Path, writer: Actor, audience_value: Callable[..., AudienceValue]
) -> None:
    (tmp_path / "vocabulary.yaml").write_text("audiences:\n  tier:\n    gold: Gold\n")
    (tmp_path / "a.md").write_text("---\ntitle: A?\naudience:\n  tiers: [gold]\n---\nText.")
    (result,) = take_in(tmp_path, "markdown", writer)  # wanda may change audiences, not add any
    assert (result.outcome, result.reason) == ("rejected", "There is no audience tier = gold.")
    assert (Article.objects.count(), AudienceValue.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("front", "reason"),
    [
        ("audience: admins", "The audience is neither “everyone” nor a list per kind."),
        ("audience: {plans: [gold]}", "There is no kind of audience “plans”."),
        ("audience: {tiers: []}", "The audience names no tiers."),
        ("audience: {everyone: true, tiers: [x]}", "Choose everyone, or particular audiences, not both."),
        ("review_by: soon", "“soon” is no day such as 2027-01-31."),
        ("slug: ../evil", "Use at most 120 letters a-z, digits and hyphens for the slug."),
        ("labels: [" + "x" * 61 + "]", "Use at most 20 labels of at most 60 characters."),
    ],
)
def test_front_matter_that_is_not_understood_is_rejected_not_guessed(
    front: str, reason: str, tmp_path: Path, writer: Actor
) -> None:
    (tmp_path / "a.md").write_text(f"---\n{front}\n---\n# Title\n\nText.")
    (result,) = take_in(tmp_path, "markdown", writer)
    assert (result.outcome, result.reason) == ("rejected", reason)
    assert Article.objects.count() == 0


TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r\n"), min_size=1, max_size=40
)


@settings(max_examples=80, deadline=None)
@given(
    TEXTS,
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r")),
    st.frozensets(TEXTS),
)
def test_any_article_comes_back_from_its_file_as_it_was(
    title: str, body: str, labels: frozenset[str]
) -> None:
    title, body = title.strip() or "x", body.strip()
    labels = frozenset(label.strip() for label in labels) - {""}
    text = file_text(
        slug="a",
        title=title,
        body=body,
        audience=facets(False, [("tier", "team")]),
        labels=labels,
        pages=frozenset({"Billing: x"}),
        owner="ann",
        review_by=date(2027, 1, 31),
    )
    incoming = markdown_row(1, File("other.md", text.encode())).incoming
    assert incoming is not None
    assert (incoming.slug, incoming.title, incoming.body) == ("a", title, body)
    assert (incoming.labels or frozenset()) == labels
    assert (incoming.audience, incoming.pages) == (
        facets(False, [("tier", "team")]),
        frozenset({"Billing: x"}),
    )
    assert (incoming.owner, incoming.review_by) == ("ann", date(2027, 1, 31))

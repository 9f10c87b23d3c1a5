"""Damaged exports: never an error of the program, never a lost row, never a reader too many."""

from __future__ import annotations

import io
import json
import random
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.actors import Actor
from core.errors import InvalidInput
from integrations import archives
from integrations.archives import files
from kb.exchange.contracts import OUTCOMES
from kb.exchange.reading import ENDINGS
from kb.models import Article, ArticleSource, Revision
from tests.kb.help_centre_export import freshdesk, page, take_in, zendesk

pytestmark = [pytest.mark.django_db, pytest.mark.row("2.18", "R16")]
JUNK: list[Any] = [
    None,
    True,
    0,
    -1,
    10**30,
    1e308,
    "",
    "\x00",
    "\ud800",
    "x" * 5_000,
    [],
    {},
    [[]],
    {"a": {}},
]


def restricted(system: str) -> list[dict[str, Any]]:
    """Four articles that nobody has an audience for."""
    make = zendesk if system == "zendesk" else freshdesk
    more = {"user_segment_id": 5} if system == "zendesk" else {}
    return [make(300 + n, title=f"Title {n}?", **more) for n in range(4)]


@pytest.mark.parametrize("seed", range(24))
@pytest.mark.parametrize("system", ["zendesk", "freshdesk"])
def test_a_mutated_record_costs_at_most_its_row(
    system: str, seed: int, tmp_path: Path, writer: Actor
) -> None:
    draw = random.Random(f"{system} {seed}")
    articles: list[Any] = restricted(system)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(articles))
        if draw.random() < 0.2 or not isinstance(articles[at], dict):
            articles[at] = draw.choice(JUNK)
        else:
            key = draw.choice([key for key in articles[at] if key != "user_segment_id"])
            articles[at][key] = draw.choice(JUNK)
            if draw.random() < 0.3:
                del articles[at][key]
    path = tmp_path / "articles.json"
    path.write_text(json.dumps({"articles": articles}))
    results = take_in(path, system, writer)
    assert len(results) == 4
    assert {result.outcome for result in results} <= set(OUTCOMES)
    assert all(result.reason for result in results if result.outcome in ("rejected", "skipped"))
    made = sum(result.outcome == "created" for result in results)
    assert (Article.objects.count(), Revision.objects.count(), ArticleSource.objects.count()) == (made,) * 3
    assert not Article.objects.filter(for_everyone=True).exists()


@pytest.mark.parametrize("seed", range(24))
def test_flipped_and_cut_bytes_never_crash(seed: int, tmp_path: Path, writer: Actor) -> None:
    draw = random.Random(seed)
    data = bytearray(page(*restricted("zendesk")))
    for _ in range(draw.randint(1, 6)):
        at = draw.randrange(len(data))
        match draw.randrange(3):
            case 0:
                data[at] = draw.randrange(256)
            case 1:
                del data[at : at + draw.randint(1, 30)]
            case _:
                data[at:at] = draw.choice([b"{", b"]", b'"', b"\x00", b"\xff", b"articles", b",,"])
    path = tmp_path / "articles.json"
    path.write_bytes(bytes(data))
    try:
        results = take_in(path, "zendesk", writer)
    except InvalidInput:
        assert Article.objects.count() == 0
        return
    made = sum(result.outcome == "created" for result in results)
    assert (Article.objects.count(), ArticleSource.objects.count()) == (made, made)
    assert all(result.reason for result in results if result.outcome in ("rejected", "skipped"))


@pytest.mark.parametrize("seed", range(12))
def test_mutated_markdown_never_crashes(seed: int, tmp_path: Path, writer: Actor) -> None:
    draw = random.Random(seed)
    front = b"slug: a\ntitle: A?\naudience:\n  tiers: [gold]\nlabels: [x, y]\nowner: wanda\n"
    good = b"---\n" + front + b"---\n\n# A\n\nText.\n"
    for number in range(3):
        data = bytearray(good.replace(b"slug: a", b"slug: a%d" % number))
        for _ in range(draw.randint(1, 8)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        (tmp_path / f"{number}.md").write_bytes(bytes(data))
    results = take_in(tmp_path, "markdown", writer)
    assert len(results) == 3
    assert not Article.objects.filter(for_everyone=True).exists()


def zipped(entries: dict[str, bytes], change: Callable[[zipfile.ZipInfo], None] | None = None) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            info = zipfile.ZipInfo(name)
            if change:
                change(info)
            archive.writestr(info, data, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def as_link(info: zipfile.ZipInfo) -> None:
    info.external_attr = (stat.S_IFLNK | 0o777) << 16


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (zipped({"../evil.md": b"x"}), "suspicious_archive"),
        (zipped({"/etc/evil.md": b"x"}), "suspicious_archive"),
        (zipped({"a.md": b"x"}, as_link), "suspicious_archive"),
        (zipped({"a.md": b"\0" * 25_000_000}), "suspicious_archive"),
        (zipped({f"{n}.md": b"x" for n in range(5_001)}), "suspicious_archive"),
        (b"PK\x03\x04" + b"\0" * 100, "bad_archive"),
        (zipped({"a.md": b"x"})[:-10], "bad_archive"),
    ],
    ids=["up", "root", "link", "bomb", "many", "no zip", "cut"],
)
def test_a_hostile_zip_is_refused_as_a_whole(data: bytes, code: str, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    with pytest.raises(InvalidInput) as refusal:
        list(files(path, endings=ENDINGS))
    assert refusal.value.code == code


def test_a_zip_that_lies_about_a_size_is_refused(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.md": b"x" * 1_000}))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = (10).to_bytes(4, "little")
    (tmp_path / "a.zip").write_bytes(bytes(data))
    read = list(files(tmp_path / "a.zip", endings=ENDINGS))
    assert [(file.data, bool(file.problem)) for file in read] in ([(b"", True)], [(b"x" * 10, False)])


def test_a_link_out_of_a_folder_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.md").symlink_to(tmp_path / "secret.md")
    (found,) = files(folder, endings=ENDINGS)
    assert (found.data, found.problem) == (b"", "The file is a link that leads out of the folder.")


def test_a_file_beyond_the_limit_is_one_rejected_row(
    tmp_path: Path, writer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MAX_FILE_BYTES", 10)
    (tmp_path / "a.md").write_text("much more than ten bytes")
    (result,) = take_in(tmp_path, "markdown", writer)
    assert (result.outcome, result.reason) == ("rejected", "The file is larger than 0 MB.")

"""Uploaded files: what is refused, how they are kept, and when they are deleted."""

from __future__ import annotations

import hashlib
import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from core.errors import InvalidInput
from tests.tickets.builders import new_batch
from tickets import uploads
from tickets.models import ImportBatch
from tickets.services import uploads_forget
from tickets.uploads import upload_path, upload_store


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def test_a_file_is_kept_under_a_random_name_for_its_owner_alone(upload_dir: Path) -> None:
    kept = upload_store(name="../../etc/closed.json", chunks=[b"[1,", b"2]"], source="zendesk")
    path = upload_path(kept.stored_name)
    assert (kept.name, kept.size_bytes, len(kept.stored_name)) == ("closed.json", 5, 32)
    assert kept.sha256 == hashlib.sha256(b"[1,2]").hexdigest()
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"[1,2]", 0o600)


@pytest.mark.row("R16")
@pytest.mark.parametrize(
    ("content", "source", "code"),
    [
        (b"", "csv", "empty_file"),
        (b" \n\t", "csv", "empty_file"),
        (b"id\x00\x01", "csv", "not_text"),
        (b"\x00{", "zendesk", "not_text"),
        (b"id,subject\n1,x", "zendesk", "not_json"),
        (b"<html>", "intercom", "not_json"),
    ],
)
def test_what_is_no_export_is_refused_and_not_kept(
    upload_dir: Path, content: bytes, source: str, code: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        upload_store(name="x", chunks=[content], source=source)
    assert (refusal.value.code, files(upload_dir)) == (code, [])


@pytest.mark.parametrize(
    "head", [b"\xef\xbb\xbf [", b"{", "[".encode("utf-16"), b"PK\x03\x04", b"\x1f\x8b\x08\x00"]
)
def test_json_may_begin_with_a_byte_order_mark_or_be_packed(upload_dir: Path, head: bytes) -> None:
    assert upload_store(name="x", chunks=[head], source="freshdesk").size_bytes == len(head)


def test_a_file_above_the_limit_is_refused_and_not_kept(
    upload_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_UPLOAD_BYTES", 10)
    with pytest.raises(InvalidInput) as refusal:
        upload_store(name="x", chunks=[b"123456", b"123456"], source="csv")
    assert (refusal.value.code, files(upload_dir)) == ("too_large", [])


@pytest.mark.parametrize("name", ["", "../x", "0" * 31, "G" * 32, "0" * 32 + "/x"])
def test_no_other_path_is_ever_opened(upload_dir: Path, name: str) -> None:
    with pytest.raises(InvalidInput):
        upload_path(name)


@pytest.mark.django_db(transaction=True)
def test_files_of_imports_that_did_not_end_are_deleted_after_a_week(upload_dir: Path) -> None:
    old, young = (upload_store(name="x", chunks=[b"x"], source="csv") for _ in range(2))
    stray = upload_store(name="x", chunks=[b"x"], source="csv")
    batches = [new_batch(upload=upload, draft=True) for upload in (old, young)]
    long_ago = timezone.now() - timedelta(days=8)
    ImportBatch.objects.filter(pk=batches[0].pk).update(created_at=long_ago)
    os.utime(upload_path(stray.stored_name), (long_ago.timestamp(),) * 2)
    assert (uploads_forget(), uploads_forget()) == (2, 0)
    assert [path.name for path in files(upload_dir)] == [young.stored_name]
    states = ImportBatch.objects.order_by("pk").values_list("state", "stored_name")
    assert list(states) == [("stopped", ""), ("draft", young.stored_name)]

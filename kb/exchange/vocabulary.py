"""The audiences and product pages that a folder's articles name, in a file beside them.

With it a folder can be taken in where these do not exist yet. A name that is there keeps what it means.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import yaml
from django.db import transaction

from core import activity
from core.actors import Actor
from core.errors import DomainError
from core.permissions import require
from integrations.archives import File
from kb import pages
from kb.access import KINDS
from kb.models import AudienceValue, ProductPage
from kb.services import SLUG, product_page_save

FILE_NAME = "vocabulary.yaml"
MAX_ENTRIES = 1_000


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Labels of audiences by (kind, value), and patterns of product pages by name."""

    audiences: dict[tuple[str, str], str]
    pages: dict[str, str]


def vocabulary_read(file: File | None) -> Vocabulary:
    """Read the file; what is not understood in it is as if it were not there."""
    try:
        value = yaml.BaseLoader(file.data.decode()).get_single_data() if file else {}
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError):
        value = {}
    stated = value if isinstance(value, dict) else {}
    audiences = {
        (kind, str(name)): str(label)[:100]
        for kind in KINDS
        for name, label in _entries(stated.get("audiences"), kind)
        if SLUG.fullmatch(str(name)) and len(str(name)) <= 60
    }
    listed = stated.get("pages")
    found = {
        str(name): str(pattern)
        for name, pattern in list(listed.items() if isinstance(listed, dict) else ())[:MAX_ENTRIES]
        if 0 < len(str(name)) <= 100 and len(str(pattern)) <= 200 and _is_pattern(str(pattern))
    }
    return Vocabulary(audiences, found)


def vocabulary_text(audiences: Iterable[AudienceValue], product_pages: Iterable[ProductPage]) -> str:
    """Return the file's text: the same rows give the same bytes."""
    kinds: dict[str, dict[str, str]] = {}
    for value in sorted(audiences, key=lambda value: (value.kind, value.value)):
        kinds.setdefault(value.kind, {})[value.value] = value.label
    content = {"audiences": kinds, "pages": {page.name: page.pattern for page in product_pages}}
    return str(yaml.safe_dump(content, allow_unicode=True, sort_keys=True, width=10**9))


def vocabulary_ensure(*, actor: Actor, vocabulary: Vocabulary) -> None:
    """Make what is missing, as far as the actor may; a row that needs the rest is rejected later."""
    for (kind, value), label in vocabulary.audiences.items():
        if AudienceValue.objects.filter(kind=kind, value=value).exists() or not _may(
            actor, "kb.add_audiencevalue"
        ):
            continue
        with transaction.atomic():
            made = AudienceValue.objects.create(kind=kind, value=value, label=label)
            activity.record(actor, "audience_value.created", made, after={"kind": kind, "value": value})
    for name, pattern in vocabulary.pages.items():
        known = ProductPage.objects.filter(name=name) | ProductPage.objects.filter(pattern=pattern)
        if not known.exists() and _may(actor, "kb.change_productpage"):
            product_page_save(actor=actor, page=ProductPage(name=name, pattern=pattern))


def vocabulary_after(*, actor: Actor, vocabulary: Vocabulary) -> tuple[set[tuple[str, str]], dict[str, str]]:
    """Return the audiences that will exist once it is ensured, and the pages' names by name and pattern."""
    audiences = set(AudienceValue.objects.values_list("kind", "value"))
    here = list(ProductPage.objects.values_list("name", "pattern"))
    if _may(actor, "kb.add_audiencevalue"):
        audiences |= set(vocabulary.audiences)
    if _may(actor, "kb.change_productpage"):
        patterns = {pattern for _, pattern in here}
        here = [*(pair for pair in vocabulary.pages.items() if pair[1] not in patterns), *here]
    return audiences, {pattern: name for name, pattern in here} | {name: name for name, _ in here}


def _may(actor: Actor, permission: str) -> bool:
    try:
        require(actor, permission)
    except DomainError:
        return False
    return True


def _entries(value: Any, kind: str) -> list[tuple[Any, Any]]:
    part = value.get(kind) if isinstance(value, dict) else None
    return list(part.items())[:MAX_ENTRIES] if isinstance(part, dict) else []


def _is_pattern(pattern: str) -> bool:
    try:
        pages.check(pattern)
    except pages.BadPattern:
        return False
    return True

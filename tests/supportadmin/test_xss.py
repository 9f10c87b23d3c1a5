"""Hostile texts in every field stay texts: on every page that shows them, in every answer, in every file."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.management import call_command
from django.db import models
from django.test import Client

from core.spreadsheet import FORMULA_STARTS, csv_text
from kb.chunking import chunk
from kb.markdown import render
from kb.models import Article, Revision
from runtime.models import Action, ActionLedger
from tests.supportadmin.poison import APPS, EDITOR, LIVE, People, lists
from tests.xss import MARK, PAYLOADS, ROWS, STEP, active_nodes, fitting
from tickets.models import Category, ImportRejection

# Texts of a fixed form that no one types: hashes, names of code, ids that a service made.
NOT_TYPED = frozenset(
    """
    slug value key encoder content_hash text_hash embed_text anchor columns_key cursor stored_name file_sha256
    artefact_name artefact_sha256 encoder_fingerprint sha256 content_sha256 pipeline_version locale stream
    rule_kind rule_trigger reason fingerprint source_state
    secret_sealed previous_sealed secret_hint idempotency_key arguments_sha256 operation error_code time_zone
    detector mode digest decision
    """.split()  # noqa: SIM905
)


def change_pages() -> Iterator[str]:
    """Yield the change pages of every STEPth row, whose long texts hold all payloads up to the next."""
    for model in admin.site._registry:
        if model._meta.app_label in APPS:
            ids = list(model._base_manager.order_by("pk").values_list("pk", flat=True))
            for pk in ids[::STEP]:
                yield f"/admin/{model._meta.app_label}/{model._meta.model_name}/{pk}/change/"


def other_pages() -> Iterator[str]:
    """Yield what is neither a list nor a form."""
    tester = f"{EDITOR}audience/"
    yield from (f"{tester}?show=hidden", f"{tester}?show=readable", f"{EDITOR}freshness/", "/admin/audit/")
    yield from (f"{EDITOR}freshness/?list={kind}" for kind in ("unhelpful", "unreached", "needs-changes"))
    health = "/admin/intents/intent/health/"
    yield from (
        f"{health}?list={kind}" for kind in ("conflicts", "label-errors", "harmful", "merges", "thin")
    )
    yield from ("/admin/intents/intent/mapping/", "/admin/intents/phrasingimport/add/")
    yield "/admin/escalation/backtestrun/dial/"
    yield from ("/admin/kb/voiceguide/brand/", "/admin/playground/", "/demo/chat/", "/admin/")
    yield "/admin/runtime/handoff/desk/"
    yield from (f"/admin/intents/taggingitem/{page}/" for page in ("disagreements", "agreement"))
    yield from (f"/admin/runtime/sampledturn/{page}/" for page in ("figures", "asked-again"))
    for revision in Revision.objects.filter(number=2).order_by("pk")[:9]:
        move = {"draft": "submit", "in_review": "approve", "approved": "publish"}[revision.state]
        yield f"{EDITOR}{revision.article_id}/move/{move}/"
    for pk in ActionLedger.objects.order_by("pk").values_list("pk", flat=True)[::STEP]:
        yield f"/admin/runtime/actionledger/{pk}/move/done/"
    for pk in Action.objects.order_by("pk").values_list("pk", flat=True)[::STEP]:
        yield f"/admin/runtime/action/{pk}/try/"
    for slug in Article.objects.filter(for_everyone=True).order_by("pk").values_list("slug", flat=True)[:12]:
        yield f"/help/{slug}/"


@pytest.mark.row("R19")
def test_there_are_300_payloads_of_many_families_and_the_finder_sees_them_alive() -> None:
    families = Counter(row["family"] for row in ROWS)
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 300
    assert len(families) >= 15
    assert all(MARK in text.replace("&#119;", "w") for text in PAYLOADS)
    alive = [text for text in PAYLOADS if active_nodes(f"<html><body><p>{text}</p></body></html>")]
    assert len(alive) > 170  # the others need Markdown, a script or an old browser around them
    assert active_nodes('<a href="?q=__xss">__xss</a><script type="application/json">"__xss"</script>') == []


@pytest.mark.row("R19")
def test_no_article_body_renders_to_anything_alive() -> None:
    for text in PAYLOADS:
        for body in (text, f"# T\n\n{text}\n", f"- {text}\n", f"| {' '.join(text.split())} |\n|---|\n"):
            assert active_nodes(render(body)) == [], body
    everything = "\n\n".join(PAYLOADS)
    assert active_nodes(render(everything)) == []
    assert all(piece.quote in everything for piece in chunk("T", everything))  # quotes are text, not HTML


@pytest.mark.row("R19", "2.1")
@pytest.mark.django_db
@pytest.mark.timeout(300)
def test_hostile_texts_in_every_field_are_shown_on_every_page_as_text(root: Client) -> None:
    alive: dict[str, list[str]] = {}
    shown: Counter[str] = Counter()
    for address in (*lists(), *change_pages(), *other_pages()):
        answer = root.get(address, follow=True)
        assert answer.status_code == 200, address
        html = answer.content.decode()
        shown[address] = html.count(MARK)
        if found := active_nodes(html):
            alive[address] = found[:3]
    assert alive == {}
    assert sum(count > 0 for count in shown.values()) > 90
    assert shown["/admin/kb/article/"] > len(PAYLOADS)
    assert shown["/admin/tickets/ticket/"] > len(PAYLOADS)
    assert shown["/admin/intents/example/"] > len(PAYLOADS)
    assert shown["/admin/intents/taggingdecision/"] > len(PAYLOADS)
    assert shown["/admin/kb/revision/"] > len(PAYLOADS)
    assert shown[f"{EDITOR}audience/?show=hidden"] > len(PAYLOADS) - LIVE


@pytest.mark.row("R19")
@pytest.mark.django_db
def test_no_text_field_was_left_out(root: Client) -> None:
    """A new field must be filled by ``poison``, or be of a form that nobody types."""
    missing = []
    for model in (model for app in APPS for model in apps.get_app_config(app).get_models()):
        if not model._base_manager.exists():
            continue
        for field in model._meta.concrete_fields:
            typed = isinstance(field, (models.CharField, models.TextField)) and not field.choices
            if not typed or field.name in NOT_TYPED or isinstance(field, models.SlugField):
                continue
            if not model._base_manager.filter(**{f"{field.name}__contains": "xss"}).exists():
                missing.append(f"{model.__name__}.{field.name}")
    assert sorted(missing) == []


@pytest.mark.row("R19")
@pytest.mark.django_db
def test_what_is_typed_comes_back_as_text(root: Client) -> None:
    """Messages, searches, refused forms, the tester and the playground repeat what somebody sent."""
    ids = list(Article.objects.values_list("pk", flat=True)[:LIVE])
    chosen = {"action": "archive_selected", "_selected_action": ids}
    pages = [root.post(EDITOR, chosen, follow=True)]
    for number in range(0, len(PAYLOADS), STEP):
        text = fitting(number, 400)
        pages.append(root.get(EDITOR, {"q": text}))
        pages.append(root.get(f"{EDITOR}audience/", {"question": text, "page": f"/{text[:200]}", "q": text}))
        pages.append(root.get("/admin/kb/productpage/try/", {"pattern": text[:200], "addresses": text}))
        pages.append(
            root.post("/admin/playground/", {"text": text, "user_type": text[:60], "page": text[:300]})
        )
        pages.append(root.post(f"{EDITOR}add/", {"title": text[:200], "body": "", "label_names": text}))
    for page in pages:
        assert page.status_code == 200
        assert active_nodes(page.content.decode()) == [], page.request
    assert pages[0].content.decode().count(MARK) > LIVE


@pytest.mark.row("R19", "2.1")
@pytest.mark.django_db
def test_previews_and_findings_are_json_and_their_html_is_sanitised(root: Client) -> None:
    everything = "\n\n".join(PAYLOADS)
    for text in (*PAYLOADS[::10], everything):
        preview = root.post(f"{EDITOR}preview/", {"body": text})
        lint = root.post(f"{EDITOR}lint/", {"title": "Leave?", "body": text.replace("\x00", "")})
        for answer in (preview, lint):
            assert answer["Content-Type"] == "application/json"
            assert answer["X-Content-Type-Options"] == "nosniff"
        assert active_nodes(json.loads(preview.content)["html"]) == []
    assert {row["rule"] for row in json.loads(lint.content)["findings"]} >= {"H001", "Q002"}


@pytest.mark.row("R19", "7.1")
@pytest.mark.django_db
def test_the_api_answers_json_that_no_browser_sniffs_with_sanitised_html(root: Client, api: Any) -> None:
    bot = api("read", "runtime", "identity")
    listed = bot.get("/api/v1/articles", {"page_size": 100})
    ids = [row["id"] for row in listed.json()["results"]]
    assert len(ids) == LIVE // 2
    answers = [listed, *(bot.get(f"/api/v1/articles/{pk}") for pk in ids)]
    for answer in answers[1:]:
        assert active_nodes(answer.json()["html"]) == []
    answers += [bot.post("/api/v1/search", {"query": text}, format="json") for text in PAYLOADS[::30]]
    answers += [
        bot.get("/api/v1/categories"),
        bot.get(f"/api/v1/{PAYLOADS[0]}"),
        bot.get("/api/v1/articles/0"),
    ]
    for answer in answers:
        assert answer["Content-Type"].split(";")[0] == "application/json", answer.request
        assert answer["X-Content-Type-Options"] == "nosniff"
    page = root.get("/help/a-1/")
    assert page["X-Content-Type-Options"] == "nosniff"
    assert "script-src 'self'" in page["Content-Security-Policy"]


@pytest.mark.row("R19", "2.18")
@pytest.mark.django_db
def test_imported_articles_and_their_front_matter_are_shown_as_text(
    root: Client, tmp_path: Path, people: People
) -> None:
    for number in range(0, len(PAYLOADS), STEP):
        text = fitting(number, 8_000)
        matter: dict[str, Any] = {"audience": {"everyone": True}}
        matter |= {
            "title": fitting(number, 190, True),
            "labels": [fitting(number, 55, True).replace(",", "")],
        }
        body = f"---\n{json.dumps(matter)}\n---\n# Imported\n\n{text}\n"
        (tmp_path / f"import-{number}.md").write_text(body)
    call_command("import_articles", str(tmp_path), author="root", reviewer="rene")
    imported = list(Article.objects.published().filter(slug__startswith="import-"))
    assert len(imported) == 4
    for address in (EDITOR, *(f"/help/{article.slug}/" for article in imported)):
        page = root.get(address)
        assert (page.status_code, active_nodes(page.content.decode())) == (200, [])


@pytest.mark.row("R19", "8.7", "1.13", "2.12")
@pytest.mark.django_db
def test_no_cell_of_a_csv_export_is_taken_for_a_formula(root: Client, people: People) -> None:
    starts = ("=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1")
    assert {start[0] for start in starts} == set(FORMULA_STARTS)
    rows = list(
        csv.reader(
            io.StringIO(
                csv_text(
                    ["x"],
                    [[start] for start in starts],
                ),
                newline="",
            )
        )
    )
    assert rows[1:] == [[f"'{start}"] for start in starts]
    for number, category in enumerate(Category.objects.order_by("pk")[:9]):
        Category.objects.filter(pk=category.pk).update(name=f"{starts[number % 4]} {number}")
    rejection = ImportRejection.objects.order_by("pk").first()
    assert rejection is not None
    ImportRejection.objects.filter(batch=rejection.batch).update(message="=cmd|' /C calc'!A0")
    Article.objects.filter(published_revision__isnull=False).update(
        title="=HYPERLINK(1)", review_by="2020-01-01"
    )
    files = {
        "/admin/audit/export/csv/": 9,
        f"{EDITOR}freshness/?list=stale&format=csv": LIVE,
        f"/admin/tickets/importbatch/{rejection.batch_id}/rejections.csv": 20,
    }
    for address, least in files.items():
        answer = root.get(address)
        assert answer["Content-Type"] == "text/csv; charset=utf-8", address
        assert "attachment" in answer["Content-Disposition"]
        cells = [cell for row in csv.reader(io.StringIO(answer.content.decode(), newline="")) for cell in row]
        assert sum(cell.startswith("'") for cell in cells) >= least, address
        unsafe = [cell for cell in cells if cell.startswith(FORMULA_STARTS) and not _is_number(cell)]
        assert unsafe == [], address


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True

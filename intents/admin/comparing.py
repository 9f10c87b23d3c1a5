"""Two versions side by side, text by text: what one fixes and what it breaks. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_safe
from unfold.admin import ModelAdmin

from core.spreadsheet import csv_text
from intents.comparison import key_figures
from intents.gate import OFF_TOPIC, Answer, PairedAnswer, chance, change_counts, pair, recall_changes
from intents.judgements import active_cases, version_answers
from intents.models import ModelVersion
from intents.selectors import live_release

PER_PAGE = 25
MAX_CHOICES = 100
CHANGES = {
    "broken": ("Broken", "bad", "right before, wrong now"),
    "fixed": ("Fixed", "good", "wrong before, right now"),
    "moved": ("Moved", "warn", "wrong before and now, in another way"),
    "wrong": ("Still wrong", "warn", "the same mistake in both"),
    "right": ("Still right", "", "right in both"),
}
CSV_HEAD = ("change", "text", "expected", "before", "before_confidence", "after", "after_confidence")


class ComparingMixin(ModelAdmin):
    """Add the comparison to the model versions."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(self.compare_view))
        return [path("<int:pk>/compare/", view, name="intents_compare"), *super().get_urls()]

    def compare_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show version ``pk`` beside another: the live one, or that in ``with``."""
        if not request.user.has_perm("intents.view_modelversion"):
            raise PermissionDenied
        after = ModelVersion.objects.select_related("snapshot").filter(pk=pk).first()
        if after is None:
            raise Http404
        before = _chosen(request.GET.get("with", ""), after)
        pairs = _pairs(before, after) if before else ()
        change, intent = request.GET.get("change", ""), request.GET.get("intent", "")
        shown = [
            row
            for row in sorted(pairs, key=lambda row: list(CHANGES).index(row.change))
            if change in ("", row.change) and intent in ("", row.after.expected)
        ]
        if request.GET.get("format") == "csv":
            return _csv(shown, before, after)
        counts = change_counts(pairs)
        query = {"with": before.pk if before else "", "intent": intent}
        context = {
            **self.admin_site.each_context(request),
            "title": f"{after} against {before}" if before else f"{after} against another version",
            "after": after,
            "before": before,
            "others": _others(after),
            "figures": key_figures(after.metrics, before.metrics) if before else (),
            "tiles": [
                {
                    "name": name,
                    "label": label,
                    "tone": tone,
                    "note": note,
                    "count": counts[name],
                    "url": "?" + urlencode({**query, "change": "" if change == name else name}),
                }
                for name, (label, tone, note) in CHANGES.items()
            ],
            "total": len(pairs),
            "chance": chance(counts["fixed"], counts["broken"]),
            "recalls": recall_changes(pairs),
            "page": Paginator(shown, PER_PAGE).get_page(request.GET.get("p")),
            "change": change,
            "intent": intent,
            "csv_url": "?" + urlencode({**query, "change": change, "format": "csv"}),
            "page_url": "?" + urlencode({**query, "change": change}),
            "labels": CHANGES,
            "back_url": reverse("admin:intents_modelversion_change", args=(after.pk,)),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/intents/compare.html", context)


def _chosen(given: str, after: ModelVersion) -> ModelVersion | None:
    """Return the version that is asked for, or the live one, or else the one before."""
    versions = ModelVersion.objects.select_related("snapshot").exclude(pk=after.pk)
    if given.isdecimal() and len(given) < 10:
        return versions.filter(pk=int(given)).first()
    release = live_release()
    if release is not None and release.model_version_id != after.pk:
        return versions.get(pk=release.model_version_id)
    return versions.filter(number__lt=after.number, state__in=("ready", "retired")).first()


def _others(after: ModelVersion) -> list[tuple[int, str]]:
    numbers = ModelVersion.objects.filter(state__in=("ready", "retired")).exclude(pk=after.pk)
    return [(pk, f"Version {number}") for pk, number in numbers.values_list("pk", "number")[:MAX_CHOICES]]


def _pairs(before: ModelVersion, after: ModelVersion) -> tuple[PairedAnswer, ...]:
    cases = active_cases()
    return pair(version_answers(before, cases), version_answers(after, cases))


def _csv(rows: Sequence[PairedAnswer], before: ModelVersion | None, after: ModelVersion) -> HttpResponse:
    cells = [
        (
            row.change,
            row.after.text,
            row.after.expected or "off-topic",
            _said(row.before),
            round(row.before.confidence, 3),
            _said(row.after),
            round(row.after.confidence, 3),
        )
        for row in rows
    ]
    response = HttpResponse(csv_text(CSV_HEAD, cells), content_type="text/csv; charset=utf-8")
    name = f"version-{after.number}-against-{before.number if before else 'none'}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _said(answer: Answer) -> str:
    return "falls back" if answer.expected == OFF_TOPIC and answer.is_fallback else str(answer.predicted)

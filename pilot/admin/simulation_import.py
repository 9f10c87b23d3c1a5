"""Import of scenarios: see what would become of a file, say what unknown names mean, take it in."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin

from core.admin_base import actor_of
from core.errors import DomainError, InvalidInput
from pilot.models import Scenario, Suite
from pilot.simulations.exchange.contracts import Imported
from pilot.simulations.exchange.importing import NOTHING, file_import
from pilot.simulations.nodes import MAX_CHARACTERS
from pilot.simulations.selectors import surroundings
from pilot.simulations.suites import ADD, CHANGE, scenarios_keep

SHOWN = 200
PREFIX = "name:"  # of the fields that say what a name of the file means


class ImportMixin(ModelAdmin):
    """Add the import to the suites: one page, which keeps the file's text until it is taken in."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.import_view)
        return [path("<int:pk>/import/", view, name="pilot_suite_import"), *super().get_urls()]

    def import_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the form (GET), what the file holds (POST), or take it in (POST with ``take``)."""
        if not request.user.has_perms((ADD, CHANGE)):
            raise PermissionDenied
        suite = Suite.objects.filter(pk=pk).first()
        if suite is None:
            raise Http404
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": "Import scenarios",
            "subtitle": str(suite),
            "suite": suite,
            "opts": self.opts,
        }
        status = 200
        if request.method == "POST":
            try:
                text, name = _given(request)
                known = surroundings(_chosen(request))
                found = file_import(text, name, known)
                if "take" in request.POST and found.scripts:
                    return self._take(request, suite, found, name)
                context |= {"found": found, "text": text, "name": name, **_shown(found, known)}
            except DomainError as refusal:
                context["refusal"], status = refusal.message, 400
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/pilot/simulation_import.html", context, status=status)

    def _take(self, request: HttpRequest, suite: Suite, found: Imported, name: str) -> HttpResponse:
        refs = {script: f"{name}, line {line}" for script, line in found.lines.items()}
        kept = scenarios_keep(
            actor=actor_of(request),
            suite=suite,
            scripts=found.scripts,
            source=Scenario.Source.IMPORTED,
            refs=refs,
        )
        messages.success(
            request,
            f"{len(kept.made)} scenarios added, {len(kept.changed)} changed, {len(kept.same)} as they were"
            + (f"; {len(found.rejected)} rows not taken." if found.rejected else "."),
        )
        return HttpResponseRedirect(reverse("admin:pilot_suite_change", args=(suite.pk,)))


def _given(request: HttpRequest) -> tuple[str, str]:
    """Return the text and name of the uploaded file, or of the one that the page has kept."""
    upload = request.FILES.get("file")
    if upload is None:
        text = request.POST.get("text", "")
        if not text.strip():
            raise InvalidInput("Choose a file, or paste its text.", code="no_file")
        # A browser sends line ends as two signs; a file keeps its own.
        return text.replace("\r\n", "\n"), request.POST.get("name", "") or "pasted.yaml"
    if (upload.size or 0) > 4 * MAX_CHARACTERS:
        raise InvalidInput("The file is too large. Import it in parts.", code="too_large")
    try:
        return upload.read().decode("utf-8-sig"), (upload.name or "file.yaml")[:150]
    except UnicodeDecodeError as error:
        raise InvalidInput("The file is not UTF-8 text.", code="bad_text") from error


def _chosen(request: HttpRequest) -> dict[str, str]:
    """Return what a person has said that names mean; what is left open stays unknown."""
    fields = request.POST.items()
    return {
        name.removeprefix(PREFIX): str(value) for name, value in fields if name.startswith(PREFIX) and value
    }


def _shown(found: Imported, known: Any) -> dict[str, Any]:
    """Return the page's lists: scenarios with what is checked, rejected rows, selects for names."""
    asked = [
        ("Topic", "Check no intent", known.intents, [*found.unknown_topics]),
        ("Action", "Check no action", known.actions, [*found.unknown_actions]),
    ]
    answered = [name for name in known.chosen if name not in (*found.unknown_topics, *found.unknown_actions)]
    return {
        "scripts": [
            (
                found.lines.get(script.name, 0),
                script,
                sorted({key for step in script.steps for key in step.expect}),
            )
            for script in found.scripts[:SHOWN]
        ],
        "rejected": found.rejected[:SHOWN],
        "asked": [
            (kind, name, f"{PREFIX}{name}", [(NOTHING, nothing), *choices.items()])
            for kind, nothing, choices, names in asked
            for name in names
        ],
        "kept": [(f"{PREFIX}{name}", name, known.chosen[name]) for name in answered],
    }

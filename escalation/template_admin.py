"""The admin page of handoff messages: each situation beside how a customer reads it, checked while typed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST
from unfold.decorators import display

from core.admin_base import BaseAdmin, NextStepMixin, actor_of
from escalation.language_lint import ERROR, WARNING, template_lint
from escalation.models import HandoffTemplate
from escalation.ports import promise_line
from escalation.services import template_delete, template_save
from escalation.template_forms import BODIES, TemplateForm, TypedWords, readout
from kb.linting import voice_findings

CASE_SHOWN = ("show_reason", "show_tier", "show_language")  # which message it is does not change
WORDING_BADGES = {"good": "success", WARNING: "warning", ERROR: "danger"}
STATES = {"good": "All three parts", WARNING: "To look at", ERROR: "To mend"}


@admin.register(HandoffTemplate)
class HandoffTemplateAdmin(NextStepMixin, BaseAdmin):
    """What customers read when a person takes over."""

    form = TemplateForm
    log_saves = False  # the services write the log
    list_display = ("show_reason", "show_tier", "show_language", "show_wording", "body", "updated_at")
    list_filter = ("locale", "tier")
    search_fields = ("body", "body_without_wait", "body_off_hours")
    change_form_before_template = "admin/escalation/template_hint.html"

    class Media:
        js = ("escalation/words.js",)
        css = {"all": ("escalation/words.css",)}

    def next_step(self, request: HttpRequest) -> str:
        return (
            "Without a message of yours, customers read a plain one in English. Add one for any reason first."
        )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.lint_view))
        return [path("lint/", view, name="escalation_handofftemplate_lint"), *super().get_urls()]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*CASE_SHOWN, "locale") if obj is not None else ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        case = CASE_SHOWN if obj is not None else ("reason", "tier", "locale")
        return [(None, {"fields": (case, *BODIES)})]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["promise_line"] = promise_line()
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: HandoffTemplate, form: Any, change: bool) -> None:
        texts = {name: getattr(obj, name) for name in BODIES}
        obj.pk = template_save(
            actor=actor_of(request), reason=obj.reason, tier=obj.tier, locale=obj.locale, **texts
        ).pk
        for finding in dict.fromkeys(voice_findings("\n".join(texts.values()))):
            messages.warning(request, f"Saved, but the brand's voice is another. {finding}")

    def delete_model(self, request: HttpRequest, obj: HandoffTemplate) -> None:
        template_delete(actor=actor_of(request), template=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[HandoffTemplate]) -> None:
        for template in queryset:
            template_delete(actor=actor_of(request), template=template)

    def lint_view(self, request: HttpRequest) -> JsonResponse:
        """Judge what is typed: POST locale and the three texts → findings, parts and preview of each."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        form = TypedWords(request.POST)
        if not form.is_valid():
            return JsonResponse({"message": "Keep each text under 1,000 characters."}, status=400)
        typed = form.cleaned_data
        bodies = {name: typed[name].replace("\r\n", "\n") for name in BODIES}
        return JsonResponse(readout(typed["locale"], bodies, now=timezone.now()))

    @admin.display(description="Reason", ordering="reason")
    def show_reason(self, template: HandoffTemplate) -> str:
        """Name the reason, or say that it is any."""
        return template.get_reason_display() if template.reason else "Any reason"

    @admin.display(description="Tier", ordering="tier")
    def show_tier(self, template: HandoffTemplate) -> str:
        """Name the tier, or say that it is any."""
        return template.tier or "Any tier"

    @admin.display(description="Language", ordering="locale")
    def show_language(self, template: HandoffTemplate) -> str:
        """Show the language under the name that the form gives it."""
        return template.locale

    @display(description="Wording", label=WORDING_BADGES)
    def show_wording(self, template: HandoffTemplate) -> tuple[str, str]:
        """Say what the linter makes of it, as it stands."""
        linted = template_lint(
            template.body, template.body_without_wait, template.body_off_hours, locale=template.locale
        )
        levels = {finding.level for found in linted.values() for finding in found}
        worst = ERROR if ERROR in levels else WARNING if levels else "good"
        return worst, STATES[worst]

"""The versions of the rule set to read: what decided when, and what each change altered. Evidence only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe
from unfold.views import ChangeList

from core.admin_base import NextStepMixin, ReadOnlyAdmin
from escalation.history import set_change, set_in_force
from escalation.models import RuleSetVersion
from escalation.selectors import rule_of, sentence_names
from escalation.sentences import rule_sentence

LIST = "admin:escalation_rulesetversion_changelist"
DETAIL = "admin:escalation_rulesetversion_change"


class SetChangeList(ChangeList):
    """The list with what each version altered; the sets before them are read at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        names = sentence_names()
        shown: list[Any] = list(self.result_list)  # type: ignore[has-type]
        wanted = {one.number - 1 for one in shown} - {one.number for one in shown}
        before = {
            one.number: one.rules for one in (*shown, *RuleSetVersion.objects.filter(number__in=wanted))
        }
        for one in shown:
            one.change = set_change(one.rules, before.get(one.number - 1, []), names)
        self.result_list = shown


@admin.register(RuleSetVersion)
class RuleSetVersionAdmin(NextStepMixin, ReadOnlyAdmin):
    """The rules as they stood together after each change."""

    list_display = ("number", "at", "show_change", "show_count", "changed_by")
    ordering = ("-number",)
    list_before_template = "admin/escalation/rule_sets_hint.html"
    fields = ("number", "at", "changed_by", "show_rules", "show_difference")
    readonly_fields = ("show_rules", "show_difference")

    class Media:
        css = {"all": ("escalation/rules.css",)}

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("at/", view(require_safe(self.at_view)), name="escalation_rulesetversion_at"),
            path(
                "number/<int:number>/",
                view(require_safe(self.number_view)),
                name="escalation_rulesetversion_number",
            ),
            *super().get_urls(),
        ]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return SetChangeList

    def next_step(self, request: HttpRequest) -> str:
        return "No rule has been enabled yet. The first one makes the first version of the set."

    def at_view(self, request: HttpRequest) -> HttpResponse:
        """Lead to the version of the set that decided at a moment."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        written = request.GET.get("at", "")[:40]
        try:
            at = parse_datetime(written)
        except ValueError:
            at = None
        if at is None:
            messages.error(request, "Write a date and a time, such as 2026-05-03 10:00.")
            return HttpResponseRedirect(reverse(LIST))
        found = set_in_force(timezone.make_aware(at) if timezone.is_naive(at) else at)
        if found is None:
            messages.warning(request, "No rule had been enabled by then: only the safeguards decided.")
            return HttpResponseRedirect(reverse(LIST))
        return HttpResponseRedirect(reverse(DETAIL, args=(found.pk,)))

    def number_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """Lead to the version of the set that a decision names."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = RuleSetVersion.objects.filter(number=number).first()
        if found is None:
            raise Http404
        return HttpResponseRedirect(reverse(DETAIL, args=(found.pk,)))

    @admin.display(description="What changed")
    def show_change(self, one: Any) -> str:
        """Say in a few words what the version altered."""
        return str(one.change.summary)

    @admin.display(description="Rules")
    def show_count(self, one: RuleSetVersion) -> int:
        """Count the rules that decided."""
        return len(one.rules)

    @admin.display(description="Rules in their order")
    def show_rules(self, one: RuleSetVersion) -> str:
        """Show each rule of the set as a sentence."""
        names = sentence_names()
        rules = [(rule_of(kept), rule_sentence(rule_of(kept), names)) for kept in one.rules]
        return render_to_string("admin/escalation/rule_set.html", {"rules": rules})

    @admin.display(description="Against the version before")
    def show_difference(self, one: RuleSetVersion) -> str:
        """Show what the version altered, in words."""
        earlier = RuleSetVersion.objects.filter(number=one.number - 1).first()
        change = set_change(one.rules, earlier.rules if earlier else [], sentence_names())
        return render_to_string("admin/escalation/rule_set_change.html", {"change": change})

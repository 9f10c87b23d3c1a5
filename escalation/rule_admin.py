"""The pages of rules: the list as sentences, the form, trying it, the order. Services decide and save."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST
from unfold.decorators import display
from unfold.views import ChangeList

from core.admin_base import BaseAdmin, NextStepMixin, actor_of
from core.admin_transitions import TransitionMixin
from core.errors import DomainError
from escalation.backtest.pages.rule_panel import RuleBacktestMixin
from escalation.choices import offered_choices
from escalation.history import rule_steps
from escalation.lifecycle import rules_reorder
from escalation.models import Rule
from escalation.rule_fields import MOMENT_FORMAT
from escalation.rule_form import RuleForm, settings_by_trigger
from escalation.rule_moves import MOVES, what_enabling_changes
from escalation.selectors import live_sentences, rule_as_edited, sentence_names, sentence_of
from escalation.sentences import rule_sentence
from escalation.services import rule_create, rule_update
from escalation.trying import TryForm, rule_try

KIND_BADGES = {Rule.Kind.HARD: "danger", Rule.Kind.SOFT: "warning"}
LIVE, WAITS, DISABLED, ARCHIVED = "live", "live, an edit waits", "disabled", "archived"
STATE_BADGES = {LIVE: "success", WAITS: "warning", DISABLED: "info", ARCHIVED: "info"}
CONDITIONS = ("intents", "user_types", "tiers", "channels", "pages", ("amount", "currency"))
WHEN_ASKED = (*CONDITIONS, ("hours_where", "hours"))


class RuleChangeList(ChangeList):
    """The list with each rule's sentence as it decides, or as it was last edited; names are read once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        names = sentence_names()
        live = live_sentences(self.result_list, names)
        for rule in self.result_list:
            rule.sentence = live.get(rule.pk) or rule_sentence(rule_as_edited(rule), names)


class StateFilter(admin.SimpleListFilter):
    """By state; without a choice, all but the archived ones."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [
            ("live", "Live"),
            ("waits", "An edit waits"),
            ("disabled", "Disabled"),
            ("archived", "Archived"),
        ]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Rule]) -> models.QuerySet[Rule]:
        chosen = {
            "live": models.Q(live_version__isnull=False),
            "waits": models.Q(live_version__lt=models.F("version")),
            "disabled": models.Q(live_version=None, archived_at=None),
            "archived": models.Q(archived_at__isnull=False),
        }.get(self.value() or "")
        if chosen is not None:
            return queryset.filter(chosen)
        on_list = request.resolver_match and request.resolver_match.url_name == "escalation_rule_changelist"
        return queryset.filter(archived_at=None) if on_list else queryset


@admin.register(Rule)
class RuleAdmin(NextStepMixin, RuleBacktestMixin, TransitionMixin, BaseAdmin):
    """When a person takes over."""

    form = RuleForm
    log_saves = False  # the services write the log
    list_display = ("show_rule", "show_kind", "show_state", "version", "updated_at")
    list_filter = (StateFilter, "kind", "trigger")
    search_fields = ("name",)
    list_before_template = "admin/escalation/rules_hint.html"
    change_form_before_template = "admin/escalation/rule_sentence.html"
    change_form_after_template = "admin/escalation/rule_trying.html"
    change_form_outer_after_template = "admin/escalation/rule_history.html"
    transitions = MOVES

    class Media:
        css = {"all": ("escalation/rules.css",)}
        js = ("escalation/rule_form.js",)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path(
                "order/",
                view(require_http_methods(["GET", "POST"])(self.order_view)),
                name="escalation_rule_order",
            ),
            path("try/", view(require_POST(self.try_view)), name="escalation_rule_try_new"),
            path("<int:rule_id>/try/", view(require_POST(self.try_view)), name="escalation_rule_try"),
            *super().get_urls(),
        ]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return RuleChangeList

    def next_step(self, request: HttpRequest) -> str:
        if not self.has_add_permission(request):
            return "There are no rules yet. A support lead writes them."
        return "There are no rules yet. Add one: say when a person takes over, and try it on a message."

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form, which says again what a service has refused."""
        form = super().get_form(request, obj, change=change, **{**kwargs, "fields": RuleForm.Meta.fields})
        return type(form.__name__, (form,), {"refusal": getattr(request, "refusal", None)})

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return [(None, {"fields": ("name", "show_sentence", "show_state", "version")})]
        return [
            (None, {"fields": ("name", "trigger", *settings_by_trigger(), "seen_version")}),
            ("and all of this holds (what is left empty does not matter)", {"fields": WHEN_ASKED}),
            ("then", {"fields": ("outcome", ("valid_from", "valid_until"), "note")}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        reads = obj is not None and not self.has_change_permission(request, obj)
        return ("show_sentence", "show_state", "version") if reads else ()

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        is_archived = isinstance(obj, Rule) and obj.archived_at is not None
        return not is_archived and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the form; where a service refuses, show it again with the reason and all that was typed."""
        rule = self.get_object(request, object_id) if object_id else None
        context = {**(extra_context or {}), **self._beside_the_form(request, rule)}
        try:
            return super().changeform_view(request, object_id, form_url, context)
        except DomainError as error:
            request.refusal = error  # type: ignore[attr-defined]  # read by get_form
            status = error.http_status
        response = super().changeform_view(request, object_id, form_url, context)
        response.status_code = status
        return response

    def save_model(self, request: HttpRequest, obj: Rule, form: Any, change: bool) -> None:
        actor, note = actor_of(request), form.cleaned_data.get("note", "")
        if not change:
            obj.pk = rule_create(actor=actor, note=note, **form.fields_of_rule).pk
            messages.info(request, "It decides nothing yet: enable it when you have tried it.")
            return
        seen = Rule.objects.get(pk=obj.pk)
        seen.version = obj.version  # what the form was checked against
        saved = rule_update(actor=actor, rule=seen, note=note, **form.fields_of_rule)
        if saved.is_pending:
            messages.info(
                request,
                f"Version {saved.version} waits. Version {saved.live_version} decides until you enable it.",
            )

    @display(description="Rule", ordering="name", header=True)
    def show_rule(self, rule: Any) -> list[str]:
        """Show the name and the sentence."""
        return [rule.name, rule.sentence]

    @display(description="Kind", ordering="kind", label=KIND_BADGES)
    def show_kind(self, rule: Rule) -> tuple[str, str]:
        """Show hard and soft in colours."""
        return rule.kind, rule.kind

    @display(description="State", ordering="live_version", label=STATE_BADGES)
    def show_state(self, rule: Rule) -> str:
        """Say whether the rule is asked, and whether an edit waits."""
        if rule.archived_at is not None:
            return ARCHIVED
        return (WAITS if rule.is_pending else LIVE) if rule.enabled else DISABLED

    @admin.display(description="Rule")
    def show_sentence(self, rule: Rule) -> str:
        """Show the rule as a sentence."""
        return sentence_of(rule_as_edited(rule))

    def try_view(self, request: HttpRequest, rule_id: int | None = None) -> HttpResponse:
        """Show the sentence of the form as it is typed, and what it does with a made-up message."""
        rule = self.get_object(request, str(rule_id)) if rule_id else None
        if rule_id and rule is None:
            raise Http404
        allowed = self.has_change_permission(request, rule) if rule else self.has_add_permission(request)
        if not allowed:
            raise PermissionDenied
        typed = RuleForm(request.POST, instance=rule)
        made_up = TryForm(request.POST)
        typed.is_valid()
        said = typed.as_rule()
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": "Try the rule",
            "sentence": sentence_of(said) if said else "",
            "form": typed,
            "made_up": made_up,
            "is_fragment": request.headers.get("X-Fragment") == "1",
        }
        if made_up.is_valid() and said is not None and made_up.cleaned_data["text"]:
            context["tried"] = rule_try(said, made_up.facts())
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/escalation/rule_tried.html", context)

    def order_view(self, request: HttpRequest) -> HttpResponse:
        """Show the order in which rules are asked, or change it: one versioned change of the set."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        may_change = self.has_change_permission(request)
        if request.method == "POST":
            if not may_change:
                raise PermissionDenied
            seen = _numbers(request.POST.get("seen", ""))
            order = (
                _moved(seen, request.POST.get("move", "")) or _numbers(request.POST.get("order", "")) or seen
            )
            self.attempt(
                request,
                lambda: rules_reorder(actor=actor_of(request), rule_ids=order, seen=seen),
                "The rules are asked in this order from the next turn on.",
            )
            return HttpResponseRedirect(reverse("admin:escalation_rule_order"))
        names = sentence_names()
        rules: list[Any] = list(Rule.objects.filter(archived_at=None))
        live = live_sentences(rules, names)
        for rule in rules:
            rule.sentence = live.get(rule.pk) or rule_sentence(rule_as_edited(rule), names)
        context = {
            **self.admin_site.each_context(request),
            "title": "The order of the rules",
            "groups": [
                ("Hard rules, asked first", [rule for rule in rules if rule.kind == Rule.Kind.HARD]),
                ("Soft rules, asked where no hard one fires", [r for r in rules if r.kind == Rule.Kind.SOFT]),
            ],
            "seen": ",".join(str(rule.pk) for rule in rules),
            "may_change": may_change,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/escalation/rule_order.html", context)

    def _beside_the_form(self, request: HttpRequest, rule: Rule | None) -> dict[str, Any]:
        """Return what stands around the form: the sentence, the trial, the history."""
        allowed = self.has_change_permission(request, rule) if rule else self.has_add_permission(request)
        context: dict[str, Any] = {"may_try": allowed, "rule": rule}
        if allowed:
            address = "admin:escalation_rule_try" if rule else "admin:escalation_rule_try_new"
            context["try_url"] = reverse(address, args=(rule.pk,) if rule else ())
            context["offered"] = offered_choices()
            context["now"] = timezone.localtime().strftime(MOMENT_FORMAT)
        if rule is not None:
            context["edited_sentence"] = sentence_of(rule_as_edited(rule))
            context["steps"] = rule_steps(rule)
            if rule.is_pending:
                context["waiting"] = what_enabling_changes(request, rule)
        return context


def _numbers(written: str) -> list[int]:
    return [int(part) for part in written.split(",") if part.isdecimal() and len(part) < 10]


def _moved(seen: list[int], move: str) -> list[int]:
    """Return the order after one rule has gone one place up or down (“12:up”), or nothing."""
    key, _, way = move.partition(":")
    if not key.isdecimal() or int(key) not in seen or way not in ("up", "down"):
        return []
    order, place = list(seen), seen.index(int(key))
    other = place - 1 if way == "up" else place + 1
    if 0 <= other < len(order):
        order[place], order[other] = order[other], order[place]
    return order

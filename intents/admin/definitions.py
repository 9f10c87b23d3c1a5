"""The list and form of intents: how many real phrasings each has, and how well the live model knows it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from unfold.admin import TabularInline
from unfold.decorators import display

from core.actors import Actor
from core.admin_base import actor_of
from core.admin_transitions import Transition, TransitionMixin
from intents.admin.forms import ActivateForm, IntentForm
from intents.admin.health import HealthMixin
from intents.admin.list_pages import ListMove, ListMoveMixin
from intents.admin.mapping import MappingMixin
from intents.admin.why import WhyMixin
from intents.models import Example, Intent
from intents.selectors import live_f1_by_intent
from intents.services import (
    BulkReport,
    examples_add,
    intent_activate,
    intent_archive,
    intent_create,
    intent_update,
    starter_intents_load,
)
from intents.workflow import MIN_REAL_EXAMPLES

SHOWN_REFUSALS = 20
BADGES = {"enough": "success", "short": "danger", "none": "warning"}
RESOLUTION_BADGES = {"ai_resolvable": "success", "ai_assisted": "info", "human_only": "warning"}
STATE_BADGES = {"draft": "info", "active": "success", "archived": "warning"}


class ExampleInline(TabularInline):
    """The phrasings of an intent, a page at a time; they are changed on their own page."""

    model = Example
    fields = ("text", "origin", "source_ref", "state", "created_at")
    readonly_fields = fields
    ordering = ("-id",)
    extra = 0
    max_num = 0
    per_page = 20
    hide_title = True
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


@admin.register(Intent)
class IntentAdmin(WhyMixin, TransitionMixin, MappingMixin, HealthMixin, ListMoveMixin):
    """Intents."""

    form = IntentForm
    log_saves = False  # the services write the log
    inlines = (ExampleInline,)
    list_display = (
        "label",
        "slug",
        "real_example_badge",
        "resolution_badge",
        "state_badge",
        "live_f1",
        "owner",
    )
    list_filter = ("state", "resolution")
    list_select_related = ("owner",)
    search_fields = ("label", "slug", "description")
    fieldsets = (
        (None, {"fields": ("slug", "label", "description")}),
        ("Resolution", {"fields": ("category", "resolution", "resolution_reason", "owner")}),
        ("New phrasings", {"fields": ("phrasings", ("origin", "source_ref"))}),
    )
    transitions = (
        Transition(
            name="activate",
            label="Activate",
            permission="intents.change_intent",
            form=ActivateForm,
            service=lambda actor, intent, **fields: intent_activate(actor=actor, intent=intent, **fields),
            description="The next training takes this intent in. The live model stays as it is.",
            shown=lambda request, intent: intent.state != Intent.State.ACTIVE,
        ),
        Transition(
            name="archive",
            label="Archive",
            permission="intents.change_intent",
            service=lambda actor, intent: intent_archive(actor=actor, intent=intent),
            description=(
                "Later trainings leave this intent out. The live model goes on knowing it until another one "
                "is released."
            ),
            shown=lambda request, intent: intent.state != Intent.State.ARCHIVED,
        ),
    )
    list_moves = (
        ListMove(
            name="load-starters",
            label="Load the six starter intents",
            permission="intents.add_intent",
            service=lambda actor: _load_starters(actor),
            description="Billing inquiry, feature request, bug report, account access, integration setup and "
            "data export. The missing ones are added, active and without phrasings; others stay as they are.",
        ),
    )

    def next_step(self) -> str:
        return "No intents yet. Load the six starter intents with the button above, or add your own."

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        may_write = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        return self.fieldsets if may_write and _may_add_examples(request) else self.fieldsets[:-1]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).with_example_counts()

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        scores = live_f1_by_intent()
        for intent in changelist.result_list:
            intent.f1_in_live_model = scores.get(intent.slug)
        return changelist

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> tuple[str, ...]:
        return ("slug",) if obj is not None else ()

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    @display(description="Real examples", ordering="real_examples", label=BADGES)
    def real_example_badge(self, intent: Any) -> tuple[str, str]:
        count = intent.real_examples
        level = "enough" if count >= MIN_REAL_EXAMPLES else "short" if count else "none"
        synthetic = f" + {intent.synthetic_examples} synthetic" if intent.synthetic_examples else ""
        return level, f"{count}/{MIN_REAL_EXAMPLES}{synthetic}"

    @display(description="Resolution", ordering="resolution", label=RESOLUTION_BADGES)
    def resolution_badge(self, intent: Intent) -> tuple[str, str]:
        return intent.resolution, intent.get_resolution_display()

    @display(description="State", ordering="state", label=STATE_BADGES)
    def state_badge(self, intent: Intent) -> tuple[str, str]:
        return intent.state, intent.get_state_display()

    @display(description="F1, live model")
    def live_f1(self, intent: Any) -> str:
        return "–" if intent.f1_in_live_model is None else f"{intent.f1_in_live_model:.2f}"

    def save_model(self, request: HttpRequest, obj: Intent, form: IntentForm, change: bool) -> None:
        """Save through the services, so that each change stands in the activity log."""
        actor = actor_of(request)
        fields = {
            name: form.cleaned_data[name]
            for name in ("label", "description", "resolution", "resolution_reason")
        }
        for name in ("owner", "category"):
            chosen = form.cleaned_data[name]
            fields[f"{name}_id"] = chosen.pk if chosen else None
        if change:
            intent_update(actor=actor, intent=obj, **fields)
        else:
            created = intent_create(actor=actor, slug=form.cleaned_data["slug"], **fields)
            obj.pk = created.pk
            obj._state.adding = False
        rows = form.new_examples()
        if rows and _may_add_examples(request):
            _say_report(request, examples_add(actor=actor, intent=obj, rows=rows))


def _may_add_examples(request: HttpRequest) -> bool:
    return request.user.has_perm("intents.add_example")


def _load_starters(actor: Actor) -> tuple[str, str]:
    created = starter_intents_load(actor=actor)
    return f"Intents added: {len(created)}.", ""


def _say_report(request: HttpRequest, report: BulkReport) -> None:
    """Say what became of each pasted line."""
    if report.added:
        messages.success(request, f"Phrasings added: {len(report.added)}.")
    if report.refused:
        lines = format_html_join(
            "", "<br>Line {}: {} “{}”", ((r.row, r.message, r.text) for r in report.refused[:SHOWN_REFUSALS])
        )
        more = len(report.refused) - SHOWN_REFUSALS
        rest = format_html("<br>and {} more.", more) if more > 0 else ""
        messages.warning(
            request, format_html("Phrasings not added: {}.{}{}", len(report.refused), lines, rest)
        )

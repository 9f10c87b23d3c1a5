"""Sources of webhooks and what came from them: addresses to paste, states, and trying again."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.html import format_html
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminPasswordWidget

from core.admin_base import BaseAdmin, NextStepMixin, ReadOnlyAdmin, actor_of
from core.admin_transitions import Transition, TransitionMixin
from core.errors import DomainError
from integrations.inbound.systems import INBOUND
from runtime.inbound.configuring import CHANGE, address_of, source_check, source_forget_previous, source_save
from runtime.inbound.guide import STEPS, ZENDESK_BODY
from runtime.inbound.handling import RETRY, event_retry
from runtime.models import InboundEvent, InboundSource

BADGES = {
    InboundEvent.State.RECEIVED: "warning",
    InboundEvent.State.HANDLED: "success",
    InboundEvent.State.IGNORED: "info",
    InboundEvent.State.FAILED: "danger",
}
TONES = {"received": "warn", "handled": "good", "ignored": "", "failed": "bad"}
FIELDS = ("name", "system", "channel", "enabled", "events_per_minute")
OF_SECRET = ("bad_secret", "missing_secret", "no_encryption_key")  # codes of refusals


class InboundSourceForm(forms.ModelForm):
    """What a person says of a source; what was typed as the secret is not shown again."""

    secret = forms.CharField(
        required=False,
        max_length=200,
        label="Signing secret",
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password", "spellcheck": "false"}),
    )

    class Meta:
        model = InboundSource
        fields = FIELDS
        help_texts = {"name": "Such as “Zendesk, production”."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "system" in self.fields:  # another system would be another source
            self.fields["system"].disabled = self.instance.pk is not None
        if "secret" in self.fields:
            self.fields["secret"].help_text = _secret_help(self.instance)

    @sensitive_variables("secret")
    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        secret = cleaned["secret"] = (cleaned.get("secret") or "").strip() or None
        if self.errors:
            return cleaned
        source = self.instance
        for name in FIELDS:
            if name in cleaned:
                setattr(source, name, cleaned[name])
        stored = InboundSource.objects.filter(pk=source.pk).first() if source.pk else None
        try:
            source_check(source, secret=secret, stored=stored)
        except DomainError as refusal:
            field = "secret" if refusal.code in OF_SECRET else None
            self.add_error(field, ValidationError(refusal.message, code=refusal.code))
        return cleaned


@admin.register(InboundSource)
class InboundSourceAdmin(TransitionMixin, NextStepMixin, BaseAdmin):
    """Which systems may send webhooks here, how they are set up, and what came."""

    form = InboundSourceForm
    log_saves = False  # source_save writes the log
    list_display = ("name", "system", "show_state", "show_secret", "last_event_at", "show_waiting")
    list_filter = ("system", "enabled")
    search_fields = ("name",)
    fieldsets = (
        (None, {"fields": ("name", "system", "secret", "channel")}),
        ("Limits", {"fields": ("enabled", "events_per_minute")}),
        ("There", {"fields": ("show_setup",)}),
    )
    state_fieldset = ("What came", {"fields": ("show_secret", "last_event_at", "show_counts")})
    readonly_fields = ("show_state", "show_secret", "last_event_at", "show_setup", "show_counts")
    transitions = (
        Transition(
            name="end-rotation",
            label="End the rotation now",
            permission=CHANGE,
            service=lambda actor, source: source_forget_previous(actor=actor, source=source),
            description="The secret before this one is refused from now on. Do this where it has leaked.",
            shown=lambda request, source: source.keeps_previous(),
            done="Only the newest secret is taken.",
            variant=ActionVariant.DANGER,
        ),
    )

    def next_step(self, request: HttpRequest) -> str:
        if not self.has_add_permission(request):
            return "No system sends webhooks here yet. An administrator can add a source."
        return (
            "No system sends webhooks here yet. Add Zendesk or Chatwoot, and customers' messages are drafted "
            "in a pilot while your team answers as before; Linear settles what became of issues."
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # events refer to it: switch it off

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return (
            super()
            .get_queryset(request)
            .annotate(failed=Count("events", filter=Q(events__state=InboundEvent.State.FAILED)))
        )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return self.fieldsets
        if not self.has_change_permission(request, obj):  # the form's own fields need the form
            return ((None, {"fields": FIELDS}), self.fieldsets[2], self.state_fieldset)
        return (*self.fieldsets, self.state_fieldset)

    @method_decorator(sensitive_post_parameters("secret"))
    def changeform_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().changeform_view(*args, **kwargs)

    @sensitive_variables("form")
    def save_model(self, request: HttpRequest, obj: InboundSource, form: Any, change: bool) -> None:
        source_save(actor=actor_of(request), source=obj, secret=form.cleaned_data["secret"])

    @display(description="State", label={"on": "success", "off": "info", "no secret": "warning"})
    def show_state(self, source: InboundSource) -> str:
        """Say whether its webhooks are taken."""
        if not source.enabled:
            return "off"
        return "on" if source.secret_sealed else "no secret"

    @admin.display(description="Kept secret")
    def show_secret(self, source: InboundSource) -> str:
        """Show by what a person recognises the secret, since when, and whether an earlier one counts too."""
        if not source.secret_sealed or source.secret_set_at is None:
            return "none yet"
        ending = f"ends in {source.secret_hint}, " if source.secret_hint else ""
        until = source.previous_until if source.keeps_previous() else None
        also = f"; the one before is taken until {date_format(until, 'j M H:i')}" if until else ""
        return f"{ending}since {date_format(source.secret_set_at, 'j M Y')}{also}"

    @admin.display(description="Failed", ordering="failed")
    def show_waiting(self, source: InboundSource) -> str:
        """Link to the events that wait for somebody to try them again."""
        failed: int = source.failed  # type: ignore[attr-defined]  # annotated by get_queryset
        if not failed:
            return "none"
        return format_html('<a class="underline" href="{}">{}</a>', _events_url(source, "failed"), failed)

    @admin.display(description="How to set it up")
    def show_setup(self, source: InboundSource) -> str:
        """Show the address to paste and the steps in the other system."""
        if source.pk is None:
            return render_to_string("admin/runtime/inbound_source.html", {"is_new": True})
        context = {
            "address": address_of(source.system),
            "no_public_url": not settings.PUBLIC_URL,
            "steps": STEPS[source.system],
            "body": ZENDESK_BODY if source.system == "zendesk" else "",
            "has_messages": INBOUND[source.system].has_messages,
        }
        return render_to_string("admin/runtime/inbound_source.html", context)

    @admin.display(description="Events")
    def show_counts(self, source: InboundSource) -> str:
        """Show the events by state, each with its list."""
        rows = InboundEvent.objects.filter(source=source).order_by().values_list("state")
        counts = dict(rows.annotate(n=Count("pk")))
        lines = [
            {"label": label, "count": counts[state], "tone": TONES[state], "url": _events_url(source, state)}
            for state, label in InboundEvent.State.choices
            if state in counts
        ]
        return render_to_string("admin/runtime/inbound_counts.html", {"lines": lines})


@admin.register(InboundEvent)
class InboundEventAdmin(TransitionMixin, NextStepMixin, ReadOnlyAdmin):
    """Each webhook that was verified, and what became of it."""

    list_display = (
        *("id", "source", "kind", "show_state", "reason"),
        *("show_conversation", "occurred_at", "received_at"),
    )
    list_filter = ("state", "source", "kind", ("received_at", RangeDateTimeFilter))
    list_select_related = ("source", "thread")
    search_fields = ("=external_id", "=thread__external_id")
    search_help_text = "Search by the number of the event, message or conversation in the other system"
    fieldsets = (
        (None, {"fields": (("source", "state"), ("kind", "name"), "external_id", "reason")}),
        ("Here", {"fields": ("show_conversation", "show_turn", "show_content")}),
        ("Times", {"fields": (("occurred_at", "received_at", "handled_at"),)}),
    )
    readonly_fields = ("show_conversation", "show_turn", "show_content")
    actions = ("try_again",)
    transitions = (
        Transition(
            name="retry",
            label="Try again",
            permission=RETRY,
            service=lambda actor, event: event_retry(actor=actor, event=event),
            description="What it asked for is done by a job, as if it had just come. A message that became a "
            "turn already does not become a second one.",
            shown=lambda request, event: event.state == InboundEvent.State.FAILED,
            done="It is being tried again.",
            variant=ActionVariant.PRIMARY,
        ),
    )

    def next_step(self, request: HttpRequest) -> str:
        if InboundSource.objects.exists():
            return "Nothing has come yet. Send a test event from the other system; it appears here at once."
        return "No system sends webhooks here yet. An administrator adds one under Inbound sources."

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return lookup == "thread__exact" or super().lookup_allowed(lookup, value, request)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Whether this person may have events tried again."""
        return request.user.has_perm(RETRY)

    @action(description="Try again what failed", permissions=["retry"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[InboundEvent]) -> None:
        """Queue each failed one again; say of each other one why it is not."""
        for event in queryset.select_related("source").order_by("pk")[: self.list_max_show_all]:
            again = partial(event_retry, actor=actor_of(request), event=event)
            self.attempt(request, again, f"Event {event.pk} is being tried again.")

    @display(description="State", ordering="state", label=BADGES)
    def show_state(self, event: InboundEvent) -> tuple[str, str]:
        """Show the state in colours."""
        return event.state, event.get_state_display()

    @admin.display(description="Conversation")
    def show_conversation(self, event: InboundEvent) -> str:
        """Link to the conversation here, named as in the other system."""
        if event.thread is None:
            return "–"
        if event.thread.conversation_id is None:
            return event.thread.external_id
        address = reverse("admin:runtime_conversation_change", args=(event.thread.conversation_id,))
        return format_html('<a class="underline" href="{}">{}</a>', address, event.thread.external_id)

    @admin.display(description="Turn")
    def show_turn(self, event: InboundEvent) -> str:
        """Link to the turn that it became, or that it is a reply to."""
        if event.turn_id is None:
            return "–"
        address = reverse("admin:runtime_turn_change", args=(event.turn_id,))
        return format_html('<a class="underline" href="{}">Turn {}</a>', address, event.turn_id)

    @admin.display(description="What it said")
    def show_content(self, event: InboundEvent) -> str:
        """Show the words while they are still needed."""
        text = event.content.get("text", "")
        if text:
            return format_html('<div class="sa-marked">{}</div>', text)
        return "Nothing is kept here any more." if event.handled_at else "–"


def _events_url(source: InboundSource, state: str) -> str:
    query = urlencode({"source__id__exact": source.pk, "state__exact": state})
    return f"{reverse('admin:runtime_inboundevent_changelist')}?{query}"


def _secret_help(source: InboundSource) -> str:
    if source.pk and source.secret_sealed:
        return (
            "A secret is kept, encrypted, and never shown. Leave this empty to keep it; with a new one the "
            "one before is taken for 24 more hours."
        )
    return " ".join(f"{system.label}: {system.secret_label}." for system in INBOUND.values())

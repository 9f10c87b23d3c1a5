"""The gap queue: what customers ask and nothing answers, its raw signals, and what can be done about it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.html import format_html
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from core.admin_base import ReadOnlyAdmin, actor_of
from core.admin_transitions import Transition, TransitionForm, TransitionMixin
from core.errors import DomainError
from kb.gaps import workflow
from kb.gaps.collecting import collect_job, collect_start
from kb.gaps.material import question_title
from kb.gaps.replies import best_replies
from kb.gaps.resolving import gap_check
from kb.gaps.services import (
    MAX_REASON,
    gap_change_undo,
    gap_dismiss,
    gap_reopen,
    gap_start_draft,
    gaps_merge,
    signals_split,
    undoable,
)
from kb.models import TITLE_LENGTH, Gap, GapSignal
from kb.questions.services import short_question

PERMISSION = "kb.change_article"
SHOWN_SIGNALS, SHOWN_CHANGES = 100, 20
STATE_COLOURS = {"Open": "danger", "Being written": "warning", "Resolved": "success", "Dismissed": "info"}
# Where a signal's source is read, by what its name begins with.
SOURCES = {
    "turn": "admin:runtime_turn_change",
    "handoff": "admin:runtime_handoff_change",
    "ticket": "admin:tickets_ticket_change",
}


class ReasonForm(TransitionForm):
    """Why nothing will be written."""

    reason = forms.CharField(max_length=MAX_REASON, widget=forms.Textarea({"rows": 3}))


class DraftForm(TransitionForm):
    """The question that the article answers, and the replies that it is made of."""

    title = forms.CharField(
        max_length=TITLE_LENGTH,
        widget=UnfoldAdminTextInputWidget,
        help_text="As the question that the article answers.",
    )
    ticket_ids = forms.TypedMultipleChoiceField(
        label="Replies to draw on",
        coerce=int,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="The best replies of agents to such questions, shown above. None: an empty draft.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["ticket_ids"]
        if isinstance(field, forms.TypedMultipleChoiceField) and isinstance(self.obj, Gap):
            offers = best_replies(self.obj)
            field.choices = [(offer.ticket_id, f"{offer.label} (CSAT {offer.csat})") for offer in offers]
            if not offers:
                field.widget = forms.MultipleHiddenInput()


def _draft_evidence(request: HttpRequest, gap: Gap) -> str:
    return render_to_string("admin/kb/gap_replies.html", {"offers": best_replies(gap), "gap": gap})


def _is_open(request: HttpRequest, gap: Gap) -> bool:
    return gap.merged_into_id is None and gap.state == workflow.OPEN


class StateFilter(admin.SimpleListFilter):
    """By state; without a choice, what waits for somebody."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [*[(state.value, str(state.label)) for state in Gap.State], ("all", "All")]

    def choices(self, changelist: Any) -> Any:
        for choice in super().choices(changelist):
            if choice["query_string"] == changelist.get_query_string(remove=[self.parameter_name]):
                choice["display"] = "Waiting"
            yield choice

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Gap]) -> models.QuerySet[Gap]:
        if self.value() in Gap.State.values:
            return queryset.filter(state=self.value())
        if self.value() == "all":
            return queryset
        if request.resolver_match and request.resolver_match.url_name == "kb_gap_changelist":
            return queryset.filter(state__in=(workflow.OPEN, workflow.DRAFTING))
        return queryset


@admin.register(Gap)
class GapAdmin(TransitionMixin, ReadOnlyAdmin):
    """What the knowledge base lacks, the most wanted first."""

    list_display = ("title", "count", "show_state", "last_seen", "show_article", "note")
    list_filter = (StateFilter, "signals__kind")
    list_select_related = ("article",)
    search_fields = ("title",)
    ordering = ("-count", "-last_seen", "pk")
    fields = (("show_state", "count", "last_seen"), ("show_article", "note"))
    readonly_fields = ("show_state", "show_article")
    actions = ("merge_selected",)
    list_before_template = "admin/kb/gaps_hint.html"
    change_form_outer_after_template = "admin/kb/gap_signals.html"
    transitions = (
        Transition(
            name="draft",
            label="Start a draft",
            permission=PERMISSION,
            service=lambda actor, gap, **data: gap_start_draft(actor=actor, gap=gap, **data),
            description="An article is created as a draft: the customers' phrasings become its test "
            "questions, the ticked replies its material. You write on from there; somebody else reviews it.",
            form=DraftForm,
            initial=lambda gap: {"title": question_title(short_question(gap.title))},
            shown=_is_open,
            evidence=_draft_evidence,
            done="The draft is there. Open it below to write on.",
            variant=ActionVariant.PRIMARY,
        ),
        Transition(
            name="check",
            label="Check now",
            permission=PERMISSION,
            service=lambda actor, gap: gap_check(actor=actor, gap=gap),
            description="Its questions are asked. If most of them find the article, the gap is resolved.",
            shown=lambda request, gap: gap.state == workflow.DRAFTING and gap.article.is_live,
            done="Checked; the note says what came of it.",
        ),
        Transition(
            name="dismiss",
            label="Dismiss",
            permission=PERMISSION,
            service=lambda actor, gap, reason: gap_dismiss(actor=actor, gap=gap, reason=reason),
            description="Nothing will be written. The gap comes back by itself if customers keep asking.",
            form=ReasonForm,
            shown=lambda request, gap: gap.merged_into_id is None and gap.state not in workflow.CLOSED,
            done="Dismissed, with your reason.",
        ),
        Transition(
            name="reopen",
            label="Open again",
            permission=PERMISSION,
            service=lambda actor, gap: gap_reopen(actor=actor, gap=gap),
            description="The gap is back in the queue.",
            shown=lambda request, gap: gap.merged_into_id is None and gap.state in workflow.CLOSED,
            done="It is open again.",
        ),
        Transition(
            name="undo",
            label="Take back",
            permission=PERMISSION,
            service=lambda actor, gap: gap_change_undo(actor=actor, gap=gap),
            description=lambda gap: f"This is taken back: {undoable(gap)}",
            shown=lambda request, gap: gap.merged_into_id is None and undoable(gap) is not None,
            seen=lambda gap: getattr(undoable(gap), "pk", ""),
            done="Taken back.",
        ),
    )

    class Media:
        css = {"all": ("kb/articles.css",)}

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("collect/", view(self.collect_view), name="kb_gaps_collect"),
            path("<int:gap_id>/split/", view(self.split_view), name="kb_gap_split"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = super().get_queryset(request)
        if request.resolver_match and "object_id" in request.resolver_match.kwargs:
            return rows
        return rows.filter(merged_into=None).defer("centroid")

    def has_curate_permission(self, request: HttpRequest) -> bool:
        """Whether the bulk action is offered."""
        return request.user.has_perm(PERMISSION)

    @display(description="State", label=STATE_COLOURS, ordering="state")
    def show_state(self, gap: Gap) -> str:
        """Show the state in colours."""
        return str(gap.get_state_display())

    @display(description="Draft")
    def show_article(self, gap: Gap) -> str:
        """Link to the article that is to fill it."""
        if gap.article is None:
            return "–"
        address = reverse("admin:kb_article_change", args=(gap.article_id,))
        return format_html('<a class="underline" href="{}">{}</a>', address, gap.article)

    @action(description="Merge into the most frequent of them", permissions=["curate"])
    def merge_selected(self, request: HttpRequest, queryset: models.QuerySet[Gap]) -> None:
        """Merge the ticked gaps into the one with the most signals, or the one that is being written."""
        gaps = sorted(queryset, key=lambda gap: (gap.state != workflow.DRAFTING, -gap.count, gap.pk))
        if not gaps:
            return
        into = gaps[0]
        self.attempt(
            request,
            lambda: gaps_merge(actor=actor_of(request), into=into, others=gaps[1:]),
            f"Merged into “{into.title}”. It can be taken back on its page.",
        )

    def collect_view(self, request: HttpRequest) -> HttpResponse:
        """Queue a look at everything that came in since the last one."""
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        self.attempt(
            request,
            lambda: collect_start(actor=actor_of(request)),
            "Turns, feedback, handoffs and tickets are being read; new gaps appear here.",
        )
        return HttpResponseRedirect(reverse("admin:kb_gap_changelist"))

    def split_view(self, request: HttpRequest, gap_id: int) -> HttpResponse:
        """Take the ticked signals out into a gap of their own."""
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        gap = Gap.objects.filter(pk=gap_id).first()
        if gap is None:
            raise Http404
        ids = [int(pk) for pk in request.POST.getlist("signal") if pk.isdecimal() and len(pk) < 19]
        try:
            made = signals_split(
                actor=actor_of(request), gap=gap, signals=list(GapSignal.objects.filter(pk__in=ids[:1_000]))
            )
            messages.success(request, f"They are now the gap “{made.title}”.")
        except DomainError as refusal:
            messages.error(request, refusal.message)
        return HttpResponseRedirect(reverse("admin:kb_gap_change", args=(gap.pk,)))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse) and response.context_data is not None:
            response.context_data |= {
                "job": collect_job(),
                "signal_count": GapSignal.objects.count(),
                "may_change": request.user.has_perm(PERMISSION),
            }
        return response

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        gap = self.get_object(request, object_id or "")
        context = dict(extra_context or {})
        if gap is not None and self.has_view_permission(request, gap):
            signals = gap.signals.select_related("article").defer("vector")[:SHOWN_SIGNALS]
            context |= {
                "gap": gap,
                "signals": [(signal, _source_url(signal)) for signal in signals],
                "changes": gap.changes.all()[:SHOWN_CHANGES],
                "may_change": request.user.has_perm(PERMISSION) and gap.merged_into_id is None,
            }
        return super().changeform_view(request, object_id, form_url, context)


def _source_url(signal: GapSignal) -> str:
    """Return where the source is read, "" where there is no page for it."""
    name, _, number = signal.source.partition(":")
    try:
        return reverse(SOURCES[name], args=(number,)) if name in SOURCES and number else ""
    except NoReverseMatch:
        return ""

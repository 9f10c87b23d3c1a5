"""The board of corrections: a queue, and a page on which one proposal stands beside what it was drawn from.

Decides nothing: accepting, declining and taking back are pilot.corrections.accepting's.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from unfold.decorators import action, display

from core.admin_base import ReadOnlyAdmin, actor_of
from core.errors import DomainError
from pilot import workflow as w
from pilot.admin.correction_page import page_context
from pilot.corrections.accepting import (
    DECIDE,
    correction_accept,
    correction_choose_kind,
    correction_decline,
    correction_reopen,
)
from pilot.corrections.collecting import corrections_collect
from pilot.corrections.selectors import board_counts
from pilot.models import Correction

PAGE_BATCHES = 3  # of drafts that the page itself reads; more is left to the job
MAX_BULK = 200
MAX_TOLD = 10
MAX_QUEUE = 1_000
FILTERS = "_changelist_filters"
STATE_COLOURS = {"Proposed": "warning", "Accepted": "success", "Declined": "info"}
PRIORITY_COLOURS = {"1 · first": "danger", "2": "warning", "3": "info"}


class StateFilter(admin.SimpleListFilter):
    """By state; without a choice, what waits for somebody."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(w.ACCEPTED, "Accepted"), (w.DECLINED, "Declined"), ("all", "All")]

    def choices(self, changelist: Any) -> Any:
        for choice in super().choices(changelist):
            if choice["query_string"] == changelist.get_query_string(remove=[self.parameter_name]):
                choice["display"] = "Waiting"
            yield choice

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Correction]
    ) -> models.QuerySet[Correction]:
        if self.value() == "all":
            return queryset
        known = self.value() in (w.ACCEPTED, w.DECLINED)
        return queryset.filter(state=self.value() if known else w.PROPOSED)


class WeekFilter(admin.SimpleListFilter):
    """By the week in which the customer wrote."""

    title = "week"
    parameter_name = "week"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        weeks = Correction.objects.order_by("-draft__week").values_list("draft__week", flat=True).distinct()
        return [(week.isoformat(), f"from {week:%Y-%m-%d}") for week in weeks[:26]]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Correction]
    ) -> models.QuerySet[Correction]:
        week = self.value()
        return queryset.filter(draft__week=week) if week and week in dict(self.lookup_choices) else queryset


@admin.register(Correction)
class CorrectionAdmin(ReadOnlyAdmin):
    """What pilots propose to learn, the most urgent and oldest first."""

    list_display = ("title", "show_priority", "kind", "source", "show_pilot", "show_found", "show_state")
    list_filter = (StateFilter, "priority", "kind", "source", "draft__pilot", WeekFilter)
    list_select_related = ("draft__pilot",)
    search_fields = ("title", "draft__turn__text", "draft__turn__reply", "review__final_text")
    search_help_text = "In the proposal, the customer's words, the draft and the reviewer's text."
    ordering = ("priority", "id")
    actions = ("accept_selected", "decline_selected", "reopen_selected")
    list_before_template = "admin/pilot/corrections_hint.html"

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Whether bulk actions are offered."""
        return request.user.has_perm(DECIDE)

    @display(description="Priority", label=PRIORITY_COLOURS, ordering="priority")
    def show_priority(self, correction: Correction) -> str:
        """Show the place in the queue."""
        first = correction.priority == w.HIGHEST_PRIORITY
        return "1 · first" if first else str(correction.priority)

    @display(description="Pilot", ordering="draft__pilot__name")
    def show_pilot(self, correction: Correction) -> str:
        """Show the pilot."""
        return str(correction.draft.pilot)

    @display(description="Customer wrote, found", ordering="created_at")
    def show_found(self, correction: Correction) -> str:
        """Show when the customer wrote, and when this was found."""
        wrote, found = localtime(correction.draft.happened_at), localtime(correction.created_at)
        return f"{date_format(wrote, 'j M Y')}, {date_format(found, 'j M')}"

    @display(description="State", label=STATE_COLOURS, ordering="state")
    def show_state(self, correction: Correction) -> str:
        """Show the state in colours."""
        return str(correction.get_state_display())

    @action(description="Accept as proposed", permissions=["decide"])
    def accept_selected(self, request: HttpRequest, queryset: models.QuerySet[Correction]) -> None:
        """Accept each ticked proposal as it stands."""
        self._each(request, queryset, correction_accept, "accepted")

    @action(description="Decline", permissions=["decide"])
    def decline_selected(self, request: HttpRequest, queryset: models.QuerySet[Correction]) -> None:
        """Decline each ticked proposal."""
        self._each(request, queryset, correction_decline, "declined")

    @action(description="Take back the decision", permissions=["decide"])
    def reopen_selected(self, request: HttpRequest, queryset: models.QuerySet[Correction]) -> None:
        """Open each ticked correction again, with what was made taken back where that is possible."""
        self._each(request, queryset, correction_reopen, "opened again")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "GET":
            corrections_collect(max_batches=PAGE_BATCHES)
        response = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse) and response.context_data and "cl" in response.context_data:
            changelist = response.context_data["cl"]
            first = next(iter(changelist.result_list), None)
            response.context_data |= {
                "counts": board_counts(),
                "first_url": self._page(first.pk, request.GET.urlencode()) if first else "",
                "is_narrowed": changelist.has_active_filters or bool(changelist.query),
                "any": Correction.objects.exists(),
                "here": request.path,
            }
        return response

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one proposal with what it was drawn from (GET), or decide it (POST)."""
        correction = self.get_object(request, object_id)
        if correction is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, correction):
            raise PermissionDenied
        filters = request.GET.get(FILTERS, "")[:2_000]
        queue = self._queue(request, filters)
        before, after = _neighbours(queue, correction.pk)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Correction",
            "filters": filters,
            "list_url": reverse("admin:pilot_correction_changelist") + (f"?{filters}" if filters else ""),
            "previous_url": self._page(before, filters) if before else "",
            "next_url": self._page(after, filters) if after else "",
            "position": queue.index(correction.pk) + 1 if correction.pk in queue else 0,
            "queue_size": len(queue),
            **page_context(request, correction),
        }
        status = 200
        if request.method == "POST":
            goes_to = context["next_url"] or context["list_url"]
            answer = self._act(request, correction, context, goes_to)
            if answer is not None:
                return answer
            status = 409
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/pilot/correction.html", context, status=status)

    def _act(
        self, request: HttpRequest, correction: Correction, context: dict[str, Any], goes_to: str
    ) -> HttpResponse | None:
        """Do what the page asks for; None where it was refused and the page is shown with the reason."""
        actor, act = actor_of(request), request.POST.get("act", "")
        note = request.POST.get("note", "")
        here = request.get_full_path()
        try:
            if act == "accept":
                form = context["form"]
                if not form.is_valid():
                    context["refusal"] = "Something is missing below; nothing was made yet."
                    return None
                row = correction_accept(actor=actor, correction=correction, changes=form.changes(), note=note)
                self._tell(request, row, f"Accepted. Made: {row.result['label']}.")
            elif act == "decline":
                row = correction_decline(actor=actor, correction=correction, note=note)
                self._tell(request, row, "Declined; nothing was made.")
            elif act == "reopen":
                _, told = correction_reopen(actor=actor, correction=correction)
                messages.success(request, f"It waits again. {told}")
                goes_to = here
            elif act == "kind":
                correction_choose_kind(actor=actor, correction=correction, kind=request.POST.get("kind", ""))
                messages.success(request, "It proposes this now. Look at it, then accept.")
                goes_to = here
            else:
                context["refusal"] = "Something is missing from what was sent. Try again."
                return None
        except DomainError as refusal:
            context["refusal"] = refusal.message
            return None
        return HttpResponseRedirect(goes_to)

    def _tell(self, request: HttpRequest, row: Correction, told: str) -> None:
        """Say what was done, with the way back."""
        address = self._page(row.pk, request.GET.get(FILTERS, ""))
        link = format_html(
            '{} “{}”. <a class="underline" href="{}" data-undo>Look at it or take it back</a>',
            *(told, row.title[:80], address),
        )
        messages.success(request, link)

    def _each(
        self,
        request: HttpRequest,
        queryset: models.QuerySet[Correction],
        act: Callable[..., Any],
        done: str,
    ) -> None:
        """Act on each row by itself and say what was done and what was refused, row by row."""
        rows = list(queryset.select_related("draft__turn", "draft__conversation__ticket")[: MAX_BULK + 1])
        actor, count, refused = actor_of(request), 0, []
        for row in rows[:MAX_BULK]:
            try:
                act(actor=actor, correction=row)
                count += 1
            except DomainError as refusal:
                refused.append(f"“{row.title[:80]}”: {refusal.message}")
        if count:
            messages.success(request, f"{count} {done}.")
        for line in refused[:MAX_TOLD]:
            messages.warning(request, f"Not {done}: {line}")
        if len(refused) > MAX_TOLD:
            messages.warning(request, f"{len(refused) - MAX_TOLD} more were refused; open them to see why.")
        if len(rows) > MAX_BULK:
            messages.warning(request, f"At most {MAX_BULK} at a time. Repeat it for the rest.")

    def _queue(self, request: HttpRequest, filters: str) -> list[int]:
        """Return the ids of the list that the person came from, in its order."""
        as_list = copy(request)
        as_list.GET = QueryDict(filters)
        try:
            queryset = self.get_changelist_instance(as_list).queryset
        except (IncorrectLookupParameters, SuspiciousOperation):  # filters that make no sense
            queryset = Correction.objects.filter(state=w.PROPOSED).order_by(*self.ordering)
        return list(queryset.values_list("pk", flat=True)[:MAX_QUEUE])

    def _page(self, pk: int, filters: str) -> str:
        address = reverse("admin:pilot_correction_change", args=(pk,))
        query = QueryDict(mutable=True)
        if filters:
            query[FILTERS] = filters
        return f"{address}?{query.urlencode()}" if filters else address


def _neighbours(queue: list[int], pk: int) -> tuple[int | None, int | None]:
    """Return the ids before and after; of one that has left the queue, the queue's first is next."""
    if pk not in queue:
        return None, queue[0] if queue else None
    place = queue.index(pk)
    return (
        queue[place - 1] if place else None,
        queue[place + 1] if place + 1 < len(queue) else None,
    )

"""Replays in the admin: the list, a new one, one run with its differences, two runs side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from unfold.decorators import display

from core.admin_base import NextStepMixin, ReadOnlyAdmin, actor_of
from core.errors import DomainError
from intents.models import ModelVersion
from pilot.admin.frozen_sets import FrozenMixin
from pilot.admin.rehearsals import RehearsalMixin
from pilot.admin.replay_rows import flip_lines, result_lines, share_lines
from pilot.models import Pilot, ReplayResult, ReplayRun
from pilot.models.replay import MAX_REPLAYED
from pilot.replay.running import (
    DEFAULT_TICKETS,
    PERMISSION,
    Asked,
    is_stuck,
    replay_resume,
    replay_start,
    replay_stop,
)
from pilot.replay.summary import flips_between, shares_of
from pilot.workflow import PLANNED, REPLAY_SOURCE
from tickets.histories import channels_of_tickets
from tickets.selectors import category_names

PER_PAGE = 25
MAX_CHOICES = 100
DIFFERENCES: dict[str, tuple[str, Q]] = {
    "over": ("passed on, people did not escalate", Q(decision="escalate", needed=False)),
    "under": ("not passed on, people escalated", Q(needed=True) & ~Q(decision="escalate")),
    "unsure": ("not understood", Q(is_fallback=True)),
    "failed": ("a step failed", ~Q(failed_step="")),
    "seen": ("seen in training", Q(seen=True)),
}
WRONG_INTENT = "intent"


class NewReplayForm(forms.Form):
    """Which tickets, and with which model."""

    name = forms.CharField(max_length=120, required=False)
    model_version = forms.IntegerField(required=False)
    channel = forms.CharField(max_length=60, required=False)
    category_id = forms.IntegerField(required=False)
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)
    limit = forms.IntegerField(min_value=1, max_value=MAX_REPLAYED, initial=DEFAULT_TICKETS)


@admin.register(ReplayRun)
class ReplayRunAdmin(RehearsalMixin, FrozenMixin, NextStepMixin, ReadOnlyAdmin):
    """What the agent would have done with closed tickets: evidence, without customers' words."""

    list_display = (
        "__str__",
        "show_scope",
        "model_version",
        "show_tickets",
        "show_understood",
        "state",
        "made_at",
    )
    list_filter = ("state", "model_version", "channel", "made_by")
    list_select_related = ("category",)
    search_fields = ("name", "made_by", "digest", "channel", "category__name")
    actions = ("compare_two",)
    fields = (
        ("show_scope", "state"),
        ("model_version", "show_bundle"),
        ("made_at", "made_by", "seconds"),
        "digest",
    )
    readonly_fields = ("show_scope", "show_bundle")
    list_before_template = "admin/pilot/replay_runs.html"
    change_form_outer_after_template = "admin/pilot/replay_run.html"

    class Media:
        css = {"all": ("pilot/replay.css",)}

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        move = require_POST(self.move_view)
        return [
            path("new/", view(require_http_methods(["GET", "POST"])(self.new_view)), name="pilot_replay_new"),
            path("compare/", view(require_safe(self.compare_view)), name="pilot_replay_compare"),
            path("<int:run_id>/do/<slug:verb>/", view(move), name="pilot_replay_move"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("selection")

    def next_step(self, request: HttpRequest) -> str:
        return (
            "Nothing has been replayed yet. A replay shows what the agent would have done with closed "
            "tickets; it sends nothing and changes nothing."
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        pilots = Pilot.objects.filter(source=REPLAY_SOURCE).exclude(state=PLANNED).order_by("-pk")
        context = {
            **(extra_context or {}),
            "rehearsals": list(pilots[:10]),
            "frozen_pilots": list(Pilot.objects.filter(locked_at__isnull=False).order_by("-pk")[:10]),
            "may_replay": request.user.has_perm(PERMISSION),
        }
        return super().changelist_view(request, context)

    @admin.action(description="Compare two replays")
    def compare_two(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Show two chosen runs side by side."""
        chosen = list(queryset.order_by("pk").values_list("pk", flat=True)[:3])
        if len(chosen) != 2:
            messages.error(request, "Choose exactly two replays to compare.")
            return None
        query = urlencode({"a": chosen[0], "b": chosen[1]})
        return HttpResponseRedirect(f"{reverse('admin:pilot_replay_compare')}?{query}")

    @display(description="Tickets of")
    def show_scope(self, run: ReplayRun) -> str:
        """Say which tickets."""
        return scope_says(run)

    @display(description="Tickets", ordering="tickets")
    def show_tickets(self, run: ReplayRun) -> str:
        """Return how many, and how many the model has learned from."""
        return f"{run.tickets:,} ({run.seen:,} seen in training)" if run.digest else f"{run.tickets:,}"

    @display(description="Understood")
    def show_understood(self, run: ReplayRun) -> str:
        """Return the share of tickets whose intent was certain enough."""
        shares = shares_of(run.summary, "unseen")
        return str(shares["understood"]) if shares else "–"

    @display(description="Bundle")
    def show_bundle(self, run: ReplayRun) -> str:
        """Name the versions that answered."""
        names = run.bundle
        if not names:
            return "not begun"
        return f"rules {names['rule_set']}, index {names['index'][-12:]}, detectors {names['detectors']}"

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for the tickets and the model, and start."""
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        form = NewReplayForm(request.POST or None, initial={"limit": DEFAULT_TICKETS})
        refusal, status = "", 200
        if request.method == "POST":
            if form.is_valid():
                try:
                    run = replay_start(actor=actor_of(request), asked=Asked(**_asked(form.cleaned_data)))
                except DomainError as error:
                    refusal, status = error.message, error.http_status
                else:
                    messages.success(request, f"{run} is queued: {run.tickets:,} tickets.")
                    return HttpResponseRedirect(reverse("admin:pilot_replayrun_change", args=(run.pk,)))
            else:
                refusal, status = "Something cannot be meant; look at the marked fields.", 400
        context = {
            **self.admin_site.each_context(request),
            "title": "Replay closed tickets",
            "form": form,
            "refusal": refusal,
            "channels": channels_of_tickets(),
            "categories": category_names(),
            "versions": versions_to_choose(),
            "most": MAX_REPLAYED,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/pilot/replay_new.html", context, status=status)

    def move_view(self, request: HttpRequest, run_id: int, verb: str) -> HttpResponse:
        """Stop a run, let it go on, or make the same one again."""
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        run = ReplayRun.objects.select_related("job").filter(pk=run_id).first()
        moves: dict[str, tuple[Callable[[], Any], str]] = {}
        if run is not None:
            actor = actor_of(request)
            moves = {
                "stop": (lambda: replay_stop(actor=actor, run=run), "Stopped. What was replayed is kept."),
                "resume": (lambda: replay_resume(actor=actor, run=run), "It goes on where it was."),
                "again": (
                    lambda: replay_start(actor=actor, asked=asked_again(run)),
                    "The same tickets are replayed once more, with what is live now.",
                ),
            }
        if run is None or verb not in moves:
            raise Http404
        act, done = moves[verb]
        self.attempt(request, act, done)
        back = reverse("admin:pilot_replayrun_changelist") if verb == "again" else ""
        return HttpResponseRedirect(back or reverse("admin:pilot_replayrun_change", args=(run.pk,)))

    def compare_view(self, request: HttpRequest) -> HttpResponse:
        """Show two runs side by side: ?a=1&b=2."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        before, after = (_run_named(request.GET.get(name, "")) for name in ("a", "b"))
        context = {
            **self.admin_site.each_context(request),
            "title": "Two replays side by side",
            "before": before,
            "after": after,
            "runs": list(ReplayRun.objects.filter(state="done").defer("selection")[:MAX_CHOICES]),
            **(compared_context(request, before, after) if before and after else {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/pilot/replay_compare.html", context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        run = self.get_object(request, object_id or "")
        context = {**(extra_context or {}), **(run_context(request, run) if run else {})}
        return super().changeform_view(request, object_id, form_url, context)


def run_context(request: HttpRequest, run: ReplayRun) -> dict[str, Any]:
    """Return what the page of a run shows (one page of its tickets)."""
    chosen = request.GET.get("show", "")
    rows = run.results.order_by("number")
    if chosen in DIFFERENCES:
        rows = rows.filter(DIFFERENCES[chosen][1])
        rows = rows if chosen == "seen" else rows.filter(seen=False)
    found: Any = rows
    if chosen == WRONG_INTENT:
        found = [row for row in rows.exclude(expected=[]) if row.intent not in row.expected and not row.seen]
    elif chosen not in DIFFERENCES:
        chosen = ""
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("p"))
    all_newer = run.newer == run.tickets - run.seen
    others = ReplayRun.objects.filter(state="done").exclude(pk=run.pk).defer("selection")
    return {
        "run": run,
        "job": run.job,
        "is_stuck": is_stuck(run),
        "done_so_far": run.results.count() if run.state != "done" else run.tickets,
        "groups": share_lines(run)[:1] if all_newer else share_lines(run),
        "all_newer": all_newer,
        "page": page,
        "lines": result_lines(list(page), with_words=request.user.has_perm("tickets.view_ticket")),
        "chosen": chosen,
        "filters": [
            (WRONG_INTENT, "intent is not the category’s"),
            *((name, label) for name, (label, _) in DIFFERENCES.items()),
        ],
        "query": f"show={chosen}&" if chosen else "",
        "others": list(others[:MAX_CHOICES]),
        "may_replay": request.user.has_perm(PERMISSION),
    }


def compared_context(request: HttpRequest, before: ReplayRun, after: ReplayRun) -> dict[str, Any]:
    """Return what the page of two runs shows (one page of the flips)."""
    flips = flips_between(list(_rows(before)), list(_rows(after)))
    page = Paginator(flips, PER_PAGE).get_page(request.GET.get("p"))
    one, other = shares_of(before.summary, "unseen"), shares_of(after.summary, "unseen")
    return {
        "sides": share_lines(before, after)[0][1] if one and other else [],
        "flips": len(flips),
        "better": sum(flip.better is True for flip in flips),
        "worse": sum(flip.better is False for flip in flips),
        "same_bundle": before.bundle == after.bundle,
        "same_digest": before.digest == after.digest,
        "page": page,
        "lines": flip_lines(list(page), with_words=request.user.has_perm("tickets.view_ticket")),
        "query": f"{urlencode({'a': before.pk, 'b': after.pk})}&",
    }


def asked_again(run: ReplayRun) -> Asked:
    """Return what a run was asked for, with the same model."""
    return Asked(
        channel=run.channel,
        category_id=run.category_id,
        since=run.since,
        until=run.until,
        limit=run.limit,
        model_version=run.model_version,
        name=run.name,
    )


def scope_says(run: ReplayRun) -> str:
    """Return the scope of a run in words."""
    parts = [run.channel or "", f"“{run.category}”" if run.category else ""]
    period = [f"since {run.since}" if run.since else "", f"until {run.until}" if run.until else ""]
    words = ", ".join(part for part in (*parts, *period) if part)
    return words or "all channels and categories"


def versions_to_choose() -> list[tuple[int, str]]:
    """Return the model versions that can be asked, newest first."""
    ready = ModelVersion.objects.exclude(artefact_sha256="").order_by("-number")
    return [(number, f"Version {number}") for number in ready.values_list("number", flat=True)[:MAX_CHOICES]]


def _asked(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, "channel": fields["channel"].strip(), "name": fields["name"].strip()}


def _rows(run: ReplayRun) -> QuerySet[ReplayResult]:
    return run.results.order_by("number")[:MAX_REPLAYED]


def _run_named(said: str) -> ReplayRun | None:
    return (
        ReplayRun.objects.filter(pk=int(said), state="done").first()
        if said.isdecimal() and len(said) < 12
        else None
    )

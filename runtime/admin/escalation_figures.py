"""The page “Escalation figures”: rate against the baseline, over- and under-escalation, reasons, waits; CSV.

Hangs on the sampled turns' admin. Counts nothing itself: runtime.measures and runtime.verdicts do.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_safe
from unfold.admin import ModelAdmin

from intents.selectors import intent_profiles
from runtime import workflow
from runtime.admin.charts import bar_heights, rate_chart
from runtime.admin.escalation_csv import rate_csv, reasons_csv, verdicts_csv, waits_csv
from runtime.admin.repeats import RepeatsMixin
from runtime.admin.scope_filters import feedback_link, figure_links, verdicts_link, waits_link
from runtime.measures.contracts import EscalationRate, Proxy, ReasonLine, Scope, WaitLine, Waits
from runtime.measures.selectors import (
    LOW_CSAT,
    escalation_rate,
    handoff_reasons,
    proxies,
    queue_waits,
    scope_choices,
)
from runtime.measures.waits import in_words
from runtime.models import Handoff, Turn
from runtime.verdicts.claiming import trigger_label
from runtime.verdicts.rates import Rate, rate, rates_by_name, rates_by_week
from runtime.verdicts.sampling import ESCALATE
from runtime.verdicts.selectors import fault_reasons, judged_sample, verdict_agreement, verdicts_waiting
from runtime.verdicts.workflow import ENOUGH, OVER, UNDER

VIEW = "runtime.view_handoff"
WEEKS = (4, 12, 26, 52)
EXPORTS = ("rate", "verdicts", "reasons", "waits")
OVER_SAYS = "of turns that went to a person need not have"
UNDER_SAYS = "of turns that did not should have"
OPEN_STATES = ",".join(workflow.OPEN_HANDOFF)
ENDED_STATES = f"{workflow.RESOLVED},{workflow.RETURNED}"


class ScopeForm(forms.Form):
    """What the figures are of; anything that does not fit is left out, so that every link answers."""

    weeks = forms.TypedChoiceField(
        choices=[(str(n), f"{n} weeks") for n in WEEKS], coerce=int, required=False
    )
    channel = forms.CharField(max_length=32, required=False)
    intent = forms.CharField(max_length=100, required=False)
    tier = forms.CharField(max_length=64, required=False)

    def scope(self) -> Scope:
        """Return the scope as far as it could be read."""
        self.full_clean()
        data = self.cleaned_data
        return Scope(
            weeks=data.get("weeks") or 12,
            channel=data.get("channel", ""),
            intent=data.get("intent", ""),
            tier=data.get("tier", ""),
        )


class FiguresMixin(RepeatsMixin, ModelAdmin):
    """Add the figures' page and its exports."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("figures/", view(require_safe(self.figures_view)), name="runtime_escalation_figures"),
            path(
                "figures/export/<slug:kind>/",
                view(require_safe(self.figures_export)),
                name="runtime_escalation_export",
            ),
            *super().get_urls(),
        ]

    def figures_view(self, request: HttpRequest) -> HttpResponse:
        """Show all figures of one scope."""
        _check(request)
        scope = ScopeForm(request.GET).scope()
        found = escalation_rate(scope)
        over, under = proxies(scope)
        since = _since(scope)
        strata, judged = judged_sample(since)
        choices = scope_choices()
        context = {
            **self.admin_site.each_context(request),
            "title": "Escalation figures",
            "measures_page": "figures",
            "scope": scope,
            "query": _query(scope),
            "weeks_choices": WEEKS,
            "channels": choices["channel"],
            "tiers": choices["tier"],
            "intents": intent_profiles(),
            "rate": found,
            "chart": rate_chart(found),
            "weeks": [
                {"week": week, "links": figure_links(scope, week.monday, week.sunday)}
                for week in reversed(found.weeks)
            ],
            "all_links": figure_links(scope, found.weeks[0].monday, found.weeks[-1].sunday),
            "may_sign": request.user.has_perm("tickets.sign_auditreport"),
            "sides": [
                _side("Over-escalation", OVER_SAYS, strata, judged, found),
                _side("Under-escalation", UNDER_SAYS, strata, judged, found),
            ],
            "enough": ENOUGH,
            "verdicts_waiting": verdicts_waiting(),
            "agreement": verdict_agreement(since),
            "fault_reasons": fault_reasons(since),
            "proxies": [(proxy, _proxy_url(proxy, scope, found)) for proxy in (*over, *under)],
            "reasons": [_reason(line, scope, found) for line in handoff_reasons(scope)],
            "waits": _waits(queue_waits(scope), scope, found),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/runtime/figures.html", context)

    def figures_export(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Answer with one table of the page as CSV."""
        _check(request)
        if kind not in EXPORTS:
            raise Http404
        scope = ScopeForm(request.GET).scope()
        text = {
            "rate": lambda: rate_csv(escalation_rate(scope)),
            "verdicts": lambda: verdicts_csv(_since(scope)),
            "reasons": lambda: reasons_csv(handoff_reasons(scope), scope),
            "waits": lambda: waits_csv(queue_waits(scope)),
        }[kind]()
        response = HttpResponse(text, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="escalation-{kind}.csv"'
        return response


def name_of_stratum(name: str) -> str:
    """Return a stratum in words: the trigger of escalations, the decision of other turns."""
    decision, _, trigger = name.partition(":")
    if decision == ESCALATE:
        return trigger_label(trigger)
    return str(dict(Turn.Decision.choices).get(decision, decision))


def rate_text(found: Rate) -> str:
    """Return a rate as the page says it, or that there is not enough to say one."""
    if not found.is_enough or found.share is None:
        return f"not enough to say: {found.n} of {ENOUGH} verdicts"
    share = found.share
    interval = f"{100 * share.low:.1f}–{100 * share.high:.1f} %"
    return f"{100 * share.ratio:.1f} % (n = {share.n}), 95 % interval {interval}"


def _check(request: HttpRequest) -> None:
    if not request.user.has_perm(VIEW):
        raise PermissionDenied


def _query(scope: Scope) -> str:
    named = {"weeks": scope.weeks, "channel": scope.channel, "intent": scope.intent, "tier": scope.tier}
    return urlencode({name: value for name, value in named.items() if value})


def _since(scope: Scope) -> datetime:
    return timezone.make_aware(datetime.combine(scope.mondays(timezone.localdate())[0], time.min))


def _side(title: str, says: str, strata: Any, judged: Any, shown: EscalationRate) -> dict[str, Any]:
    """Return one of the two rates with its weeks and its triggers or decisions."""
    escalated = says == OVER_SAYS
    total = rate(strata, judged, escalated=escalated)
    return {
        "title": title,
        "says": says,
        "total": total,
        "text": rate_text(total),
        "url": verdicts_link(OVER if escalated else UNDER, shown.weeks[0].monday),
        "weeks": [
            (monday, found, rate_text(found))
            for monday, found in rates_by_week(strata, judged, escalated=escalated).items()
        ],
        "names": [
            (name_of_stratum(found.label), found, rate_text(found))
            for found in rates_by_name(strata, judged, escalated=escalated)
        ],
    }


def _proxy_url(proxy: Proxy, scope: Scope, found: EscalationRate) -> str:
    """Return where the rows of a proxy's share are listed; empty where there are none."""
    if not proxy.share.part:
        return ""
    first, last = found.weeks[0].monday, found.weeks[-1].sunday
    if proxy.name == "solved_with_agents_answer":
        return waits_link(
            scope, first, last, outcome__exact=Handoff.Outcome.AS_ANSWERED, state__exact=workflow.RESOLVED
        )
    lookups = {
        "reopened": {"reopened__exact": "1"},
        "low_csat": {"csat__lte": str(LOW_CSAT)},
        "thumbs_down": {"rating__exact": "down"},
    }
    return feedback_link(scope, first, **lookups[proxy.name])


def _reason(line: ReasonLine, scope: Scope, found: EscalationRate) -> dict[str, Any]:
    links = figure_links(scope, found.weeks[0].monday, found.weeks[-1].sunday, reason=line.reason)
    bars = zip(line.by_week, bar_heights(line.by_week), found.weeks, strict=True)
    return {
        "line": line,
        "url": links.handoffs,
        "bars": [(f"Week of {week.monday:%d %B}: {count}", height) for count, height, week in bars],
        "says": ", ".join(str(count) for count in line.by_week),
    }


def _waits(found: Waits, scope: Scope, rate: EscalationRate) -> dict[str, Any]:
    first, last = rate.weeks[0].monday, rate.weeks[-1].sunday

    def said(line: WaitLine) -> dict[str, Any]:
        times = {name: in_words(getattr(line, name)) for name in ("p50", "p80", "p95")}
        return {"label": line.label, "n": line.n, **times}

    def weekly(line: WaitLine) -> dict[str, Any]:
        monday = date.fromisoformat(line.label)
        return {**said(line), "monday": monday, "url": waits_link(scope, monday, monday + timedelta(days=6))}

    def hourly(line: WaitLine) -> dict[str, Any]:
        hour = str(int(line.label[:2]))
        return {**said(line), "url": waits_link(scope, first, last, requested_at__hour=hour)}

    nobody = {"accepted_at__isnull": "True"}
    return {
        "total": said(found.total),
        "url": waits_link(scope, first, last),
        "weeks": [weekly(line) for line in reversed(found.weeks) if line.n],
        "hours": [hourly(line) for line in found.hours],
        "open": found.open_,
        "open_url": waits_link(scope, first, last, **nobody, state__in=OPEN_STATES),
        "never": found.never,
        "never_url": waits_link(scope, first, last, **nobody, state__in=ENDED_STATES),
    }

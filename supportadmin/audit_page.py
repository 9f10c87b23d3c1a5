"""The page of the audit's map: volume, labels, patterns, findings, baseline, versions; signing, exports."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from core.admin_base import actor_of
from core.errors import DomainError
from escalation.drafting import soft_rules_draft
from escalation.triggers import FLAGGED_CATEGORY
from nlp.cluster_merging import AT_LEAST, AT_MOST
from supportadmin.audit_map import current_map, knowledge_base_check_start
from tickets.map_content import (
    FLAGS,
    LABEL_NAMES,
    OUTCOME_NAMES,
    PATH_NAMES,
    duration,
    to_csv,
    to_json,
    to_markdown,
)
from tickets.models import AuditReport
from tickets.selectors import flagged_categories
from tickets.services import check_signable, report_sign

VIEW = "tickets.view_auditreport"
SHOWN_VERSIONS = 20
SHOWN_DRAFTS = 10
TONES = {"ai_resolvable": "good", "ai_assisted": "info", "human_only": "bad", "": ""}
EXPORTS = {
    "json": ("application/json", "json"),
    "csv": ("text/csv; charset=utf-8", "csv"),
    "markdown": ("text/markdown; charset=utf-8", "md"),
}


class SignForm(forms.Form):
    """What a support lead adds to a signature."""

    seen = forms.CharField(max_length=64)
    note = forms.CharField(max_length=2_000, required=False)
    size_reason = forms.CharField(max_length=2_000, required=False)


@login_required
@permission_required(VIEW, raise_exception=True)
@require_safe
def audit_map(request: HttpRequest) -> HttpResponse:
    """Show the map as it stands now."""
    return _page(request, SignForm())


@login_required
@permission_required("tickets.sign_auditreport", raise_exception=True)
@require_POST
def sign(request: HttpRequest) -> HttpResponse:
    """Sign what the person has seen; say why where it is refused, with everything typed still there."""
    form = SignForm(request.POST)
    if not form.is_valid():
        return _page(request, form, refusal="Something is missing; look at the form.", status=400)
    found = current_map()
    try:
        report = report_sign(
            actor=actor_of(request),
            seen=form.cleaned_data["seen"],
            note=form.cleaned_data["note"],
            size_reason=form.cleaned_data["size_reason"],
            knowledge_base=found.content["knowledge_base"],
            not_founded=found.content["not_founded"],
        )
    except DomainError as refusal:
        return _page(request, form, refusal=refusal.message, status=refusal.http_status)
    messages.success(request, f"Version {report.version} is signed, and the baseline is taken.")
    return HttpResponseRedirect(reverse("audit-version", args=(report.version,)))


@login_required
@permission_required("kb.change_article", raise_exception=True)
@require_POST
def check_knowledge_base(request: HttpRequest) -> HttpResponse:
    """Queue a check of the articles against what customers ask."""
    try:
        knowledge_base_check_start(actor_of(request))
        messages.success(request, "The check is queued; its findings appear here within a minute or so.")
    except DomainError as refusal:
        messages.error(request, refusal.message)
    return HttpResponseRedirect(reverse("audit-map"))


@login_required
@permission_required("escalation.add_rule", raise_exception=True)
@require_POST
def draft_rules(request: HttpRequest) -> HttpResponse:
    """Draft a soft escalation rule, disabled, for each flagged category that has none."""
    drafts = soft_rules_draft(actor=actor_of(request), categories=flagged_categories())
    if drafts:
        names = ", ".join(f"“{rule.name}”" for rule in drafts[:SHOWN_DRAFTS])
        messages.success(request, f"Drafted, not enabled: {names}. Look at each before you enable it.")
    else:
        messages.info(request, "Every flagged category has its rule already; nothing was added.")
    rules = reverse("admin:escalation_rule_changelist")
    return HttpResponseRedirect(f"{rules}?trigger__exact={FLAGGED_CATEGORY}")


@login_required
@permission_required(VIEW, raise_exception=True)
@require_safe
def version(request: HttpRequest, version: int) -> HttpResponse:
    """Show a signed version as it was signed."""
    report = _report(version)
    context = {"report": report, "title": f"The map, version {report.version}", "versions": _versions()}
    return render(request, "audit/map.html", _context(request, report.content, **context))


@login_required
@permission_required(VIEW, raise_exception=True)
@require_safe
def export(request: HttpRequest, kind: str) -> HttpResponse:
    """Answer with a version (``?version=``, else the map as it stands now) as Markdown, CSV or JSON."""
    if kind not in EXPORTS:
        raise Http404
    number = request.GET.get("version", "")
    if number:
        report = _report(int(number) if number.isdecimal() else 0)
        content, name, signature = report.content, f"map-{report.version}", _signature(report)
    else:
        content, name = current_map().content, "map-draft"
        signature = "Not signed: the state of this moment."
    content_type, ending = EXPORTS[kind]
    if kind == "markdown":
        body = to_markdown(content, title="The map of our support", signature=signature)
    else:
        body = to_json(content) if kind == "json" else to_csv(content)
    response = HttpResponse(body, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    return response


def _page(request: HttpRequest, form: SignForm, *, refusal: str = "", status: int = 200) -> HttpResponse:
    found = current_map()
    missing = ""
    try:
        check_signable(found.audit, "a reason can be given")
    except DomainError as problem:
        missing = problem.message
    core = len(found.audit.core)
    context = _context(
        request,
        found.content,
        title="The map",
        form=form,
        seen=found.digest,
        refusal=refusal,
        missing=missing,
        needs_size_reason=not AT_LEAST <= core <= AT_MOST,
        core=core,
        at_least=AT_LEAST,
        at_most=AT_MOST,
        has_changed=found.has_changed,
        latest=found.report,
        versions=_versions() if found.report else [],
        may_sign=request.user.has_perm("tickets.sign_auditreport"),
    )
    return render(request, "audit/map.html", context, status=status)


def _versions() -> list[AuditReport]:
    """Return the newest signed versions, without what they say."""
    return list(AuditReport.objects.defer("content").order_by("-version")[:SHOWN_VERSIONS])


def _context(request: HttpRequest, content: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return what the template shows of a content, signed or not."""
    largest = max((row["share"] for row in content["categories"]), default=0) or 1
    rows = [
        {
            **row,
            "label_name": LABEL_NAMES[row["label"]],
            "tone": TONES[row["label"]],
            "flag_names": [FLAGS[flag] for flag in row["flags"]],
            "bar_percent": 100 * row["share"] / largest,
            "share_percent": 100 * row["share"],
            "cumulative_percent": 100 * row["cumulative_share"],
            "escalated": _said(row["figures"]["escalated"]),
            **_baseline(row["figures"]),
        }
        for row in content["categories"]
    ]
    return {
        **admin.site.each_context(request),
        "content": content,
        "rows": rows,
        "total": {"figures": content["total"], **_baseline(content["total"])},
        "labels": _label_sums(content),
        "patterns": [row for row in rows if row["always_escalated"] or row["flags"]],
        "has_flags": any(row["flags"] for row in rows),
        "pivot": _pivot(content),
        "outcomes": list(OUTCOME_NAMES.values()),
        **more,
    }


def _baseline(figures: dict[str, Any]) -> dict[str, Any]:
    return {
        "escalated_said": _said(figures["escalated"]),
        "reopened_said": _said(figures["reopened"]),
        "csat": figures["csat_mean"],
        "csat_count": figures["csat_good"]["whole"],
        "median": duration(figures["resolution_median_seconds"]),
        "p90": duration(figures["resolution_p90_seconds"]),
    }


def _said(share: dict[str, Any]) -> dict[str, Any]:
    """Return a share as the page says it; with its interval where it rests on few tickets."""
    whole = share["whole"]
    return {
        "known": bool(whole),
        "percent": 100 * share["part"] / whole if whole else None,
        "part": share["part"],
        "whole": whole,
        "low": 100 * share["low"],
        "high": 100 * share["high"],
        "is_small": 0 < whole < 100,
    }


def _label_sums(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Return how many tickets each label stands for."""
    tickets = content["total"]["tickets"] or 1
    sums = dict.fromkeys(LABEL_NAMES, 0)
    for row in content["categories"]:
        sums[row["label"]] += row["figures"]["tickets"]
    return [
        {
            "label": label,
            "name": LABEL_NAMES[label],
            "tone": TONES[label],
            "tickets": n,
            "percent": 100 * n / tickets,
        }
        for label, n in sums.items()
        if n
    ]


def _pivot(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one row per resolution path with the tickets of each escalation outcome, and their sum."""
    sums: dict[str, dict[str, int]] = {}
    for cell in content["pivot"]:
        row = sums.setdefault(cell["path"], dict.fromkeys(OUTCOME_NAMES, 0))
        row[cell["outcome"]] += cell["tickets"]
    rows = [
        {"name": PATH_NAMES[path], "cells": list(row.values()), "sum": sum(row.values())}
        for path, row in sums.items()
    ]
    return sorted(rows, key=lambda row: -row["sum"])


def _signature(report: AuditReport) -> str:
    when = f"{report.signed_at:%Y-%m-%d %H:%M} UTC"
    return f"Version {report.version}, signed by {report.signed_by_name} on {when}."


def _report(number: int) -> AuditReport:
    report = AuditReport.objects.filter(version=number).first()
    if report is None:
        raise Http404
    return report

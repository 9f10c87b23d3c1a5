"""Pages for those who lead the tagging: disagreements side by side, and how far people agree."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST, require_safe

from core import agreement
from core.admin_base import actor_of
from core.errors import DomainError
from intents.models import TaggingDecision
from intents.tagging import workflow
from intents.tagging.contracts import Answer
from intents.tagging.deciding import CREATE_INTENT
from intents.tagging.policy import tagging_policy
from intents.tagging.selectors import disagreements, double_tags, intent_choices, people_figures
from intents.tagging.settling import SETTLE, item_settle

PER_PAGE = 20
SHOWN_ROWS = 50  # of each table


class SettleForm(forms.Form):
    """A lead's decision: one of the choices, another intent, off-topic, a skip, or the proposed intent."""

    key = forms.UUIDField()
    item = forms.IntegerField(min_value=1, max_value=2**53)
    choice = forms.CharField(max_length=80)
    other = forms.SlugField(max_length=60, required=False)
    label = forms.CharField(max_length=200, required=False)
    description = forms.CharField(max_length=5_000, required=False)

    def answer(self) -> Answer:
        """Return what the lead says."""
        kind, _, value = self.cleaned_data["choice"].partition(":")
        if kind == "other":
            return Answer.intent(self.cleaned_data["other"])
        if kind == workflow.PROPOSAL:
            return Answer.new_intent(self.cleaned_data["label"], self.cleaned_data["description"])
        return Answer(kind, slug=value) if kind == workflow.INTENT else Answer(kind, reason=value)


class LeadPagesMixin(ModelAdmin):
    """Add the lead's pages beside the inbox."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path(
                "disagreements/", wrap(require_safe(self.disagreements_view)), name="intents_tagging_disputes"
            ),
            path("settle/", wrap(require_POST(self.settle_view)), name="intents_tagging_settle"),
            path("agreement/", wrap(require_safe(self.agreement_view)), name="intents_tagging_agreement"),
            *super().get_urls(),
        ]

    def lead_context(self, request: HttpRequest, page: str) -> dict[str, Any]:
        """Return what the row of links above each page needs."""
        return {
            "tagging_page": page,
            "may_settle": request.user.has_perm(SETTLE),
            "may_change_policy": request.user.has_perm("intents.change_taggingpolicy"),
            "may_see_decisions": request.user.has_perm("intents.view_taggingdecision"),
        }

    def disagreements_view(self, request: HttpRequest) -> HttpResponse:
        """Show what two people said differently, and what somebody proposes."""
        return self._disagreements(request)

    def settle_view(self, request: HttpRequest) -> HttpResponse:
        """Settle one message; say why where it is refused, with what was typed still there."""
        self._require_lead(request)
        form = SettleForm(request.POST)
        if not form.is_valid():
            return self._disagreements(request, form, "Choose what the message means.", 400)
        data = form.cleaned_data
        try:
            settled = item_settle(
                actor=actor_of(request), key=data["key"], item_id=data["item"], answer=form.answer()
            )
        except DomainError as refusal:
            return self._disagreements(request, form, refusal.message, refusal.http_status)
        messages.success(request, f"Settled: {settled.answer_label}. It can be taken back under Decisions.")
        return HttpResponseRedirect(reverse("admin:intents_tagging_disputes"))

    def agreement_view(self, request: HttpRequest) -> HttpResponse:
        """Show Cohen's κ per pair and per answer, what gets confused, and each person's figures."""
        self._require_lead(request)
        tags = double_tags()
        context = {
            "title": "Agreement",
            "overall": agreement.overall_agreement(tags),
            "pairs": agreement.pair_agreements(tags)[:SHOWN_ROWS],
            "answers": agreement.answer_agreements(tags)[:SHOWN_ROWS],
            "confusions": agreement.confusions(tags)[:SHOWN_ROWS],
            "people": people_figures()[:SHOWN_ROWS],
            "policy": tagging_policy(),
            "few_pairs": agreement.FEW_PAIRS,
            "few_of_an_answer": agreement.FEW_OF_AN_ANSWER,
        }
        return self._page(request, "agreement", context)

    def _disagreements(
        self, request: HttpRequest, form: SettleForm | None = None, refusal: str = "", status: int = 200
    ) -> HttpResponse:
        self._require_lead(request)
        page = Paginator(disagreements(), PER_PAGE).get_page(request.GET.get("p"))
        typed = form.data.get("item", "") if form else ""
        context = {
            "title": "Disagreements",
            "page": page,
            "rows": [_row(item, request, form if str(item.pk) == typed else None) for item in page],
            "refusal": refusal,
            "intents": intent_choices(),
            "may_add_intent": request.user.has_perm(CREATE_INTENT),
            "skip_reasons": TaggingDecision.SkipReason.choices,
        }
        return self._page(request, "disagreements", context, status)

    def _page(
        self, request: HttpRequest, name: str, context: dict[str, Any], status: int = 200
    ) -> HttpResponse:
        shared = {**self.admin_site.each_context(request), **self.lead_context(request, name)}
        request.current_app = self.admin_site.name
        template = f"admin/intents/tagging_{name}.html"
        return TemplateResponse(request, template, {**shared, "opts": self.opts, **context}, status=status)

    def _require_lead(self, request: HttpRequest) -> None:
        if not request.user.has_perm(SETTLE):
            raise PermissionDenied


def _row(item: Any, request: HttpRequest, form: SettleForm | None) -> dict[str, Any]:
    """Return a message with what each person said, as radio buttons, and a proposal where there is one."""
    said = [
        d for d in item.standing_decisions if d.role in (workflow.FIRST, workflow.SECOND, workflow.PASSED)
    ]
    proposal = next((d for d in said if d.answer == workflow.PROPOSAL), None)
    typed = form.data if form else {}
    return {
        "item": item,
        "key": uuid.uuid4(),
        "decisions": [(d, _choice(d)) for d in said],
        "proposal": proposal,
        "is_own": any(d.person_id == request.user.pk for d in said),
        "chosen": typed.get("choice", ""),
        "other": typed.get("other", ""),
        "label": typed.get("label", proposal.proposed_label if proposal else ""),
        "description": typed.get("description", proposal.proposed_description if proposal else ""),
    }


def _choice(decision: TaggingDecision) -> str:
    """Return the radio button's value that repeats a decision."""
    if decision.intent is not None:
        return f"{workflow.INTENT}:{decision.intent.slug}"
    return f"{decision.answer}:{decision.skip_reason}"

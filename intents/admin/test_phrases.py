"""The list of test phrases: add many at once, mark those that must pass, see what the live model says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from core.admin_base import actor_of
from core.admin_transitions import Transition, TransitionMixin
from core.errors import DomainError
from intents.admin.list_pages import ListMoveMixin
from intents.gate import Answer
from intents.judgements import live_answers
from intents.models import EvaluationCase, Example, Intent
from intents.services import NewCase, case_must_pass, case_restore, case_retire, cases_add
from intents.workflow import MAX_BULK_EXAMPLES

MAX_PASTE = 500_000
SHOWN_REFUSALS = 20
ANSWER_BADGES = {
    "right": "success",
    "wrong": "danger",
    "falls back": "warning",
    "not asked yet": "info",
    "–": "default",
}


class CaseForm(forms.ModelForm):
    """Phrases to test with, one per line, that all mean the same."""

    phrases = forms.CharField(
        max_length=MAX_PASTE,
        widget=UnfoldAdminTextareaWidget({"rows": 6}),
        help_text=f"One customer's phrasing per line, at most {MAX_BULK_EXAMPLES}.",
    )

    class Meta:
        model = EvaluationCase
        fields = ("intent", "must_pass", "origin", "source_ref")
        widgets = {
            "intent": UnfoldAdminSelectWidget,
            "must_pass": UnfoldBooleanSwitchWidget,
            "origin": UnfoldAdminSelectWidget,
            "source_ref": UnfoldAdminTextInputWidget,
        }

    def new_cases(self) -> list[NewCase]:
        """Return the lines as phrases to add."""
        fields = self.cleaned_data
        shared = (fields["intent"], fields["origin"], fields["source_ref"], fields["must_pass"])
        lines = (line.strip() for line in fields["phrases"].splitlines())
        return [NewCase(line, *shared) for line in lines if line]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if len(cleaned.get("phrases", "").splitlines()) > MAX_BULK_EXAMPLES:
            self.add_error("phrases", f"Paste at most {MAX_BULK_EXAMPLES} lines at a time.")
        if cleaned.get("origin") != Example.Origin.SYNTHETIC and not cleaned.get("source_ref", "").strip():
            self.add_error("source_ref", "Name the ticket or review that these words come from.")
        return cleaned

    def _post_clean(self) -> None:
        """Build no row here: the service does."""


@admin.register(EvaluationCase)
class EvaluationCaseAdmin(TransitionMixin, ListMoveMixin):
    """Test phrases."""

    form = CaseForm
    log_saves = False  # the services write the log
    actions = ("must_pass_selected", "may_fail_selected", "retire_selected", "restore_selected")
    list_display = ("short_text", "meant", "must_pass_badge", "live_badge", "origin", "state", "created_at")
    list_filter = ("must_pass", "state", "origin", ("intent", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("intent",)
    search_fields = ("text", "source_ref")
    transitions = (
        Transition(
            name="must-pass",
            label="Must pass",
            permission="intents.change_evaluationcase",
            service=lambda actor, case: case_must_pass(actor=actor, case=case, must_pass=True),
            description="From now on no version goes live that answers this phrase wrongly.",
            shown=lambda request, case: not case.must_pass,
        ),
        Transition(
            name="may-fail",
            label="May fail",
            permission="intents.change_evaluationcase",
            service=lambda actor, case: case_must_pass(actor=actor, case=case, must_pass=False),
            description="The phrase goes on being tested with, but alone it stops no release.",
            shown=lambda request, case: case.must_pass,
        ),
        Transition(
            name="retire",
            label="Retire",
            permission="intents.change_evaluationcase",
            service=lambda actor, case: case_retire(actor=actor, case=case),
            description="Versions are asked about this phrase no longer. It can be restored.",
            shown=lambda request, case: case.state == EvaluationCase.State.ACTIVE,
        ),
        Transition(
            name="restore",
            label="Restore",
            permission="intents.change_evaluationcase",
            service=lambda actor, case: case_restore(actor=actor, case=case),
            description="Versions are asked about this phrase again.",
            shown=lambda request, case: case.state == EvaluationCase.State.RETIRED,
        ),
    )

    def next_step(self) -> str:
        return (
            "No test phrases yet. Add some that customers really wrote and that no model learns from, or "
            "open an example and test with it. Mark those that must never go wrong."
        )

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        answers = live_answers(list(changelist.result_list))
        for case in changelist.result_list:
            case.live_answer = answers.get(case.pk)
        return changelist

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        return ("text", "meant", "must_pass", "origin", "source_ref", "state", "created_by", "created_at")

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> tuple[str, ...]:
        added = ("phrases", "intent", "must_pass", "origin", "source_ref")
        return self.get_readonly_fields(request, obj) or added

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        given = request.GET
        intent = Intent.objects.filter(slug=given.get("intent", "")).first()
        return {
            "phrases": given.get("text", "")[:MAX_PASTE],
            "intent": intent.pk if intent else None,
            "origin": given.get("origin", Example.Origin.TICKET),
            "source_ref": given.get("source_ref", "")[:200],
            "must_pass": bool(given.get("must_pass")),
        }

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    @display(description="Phrase", ordering="text")
    def short_text(self, case: EvaluationCase) -> str:
        return str(case)

    @display(description="Means", ordering="intent__label")
    def meant(self, case: EvaluationCase) -> str:
        return case.intent.label if case.intent else "Nothing of ours: should fall back"

    @display(description="Must pass", ordering="must_pass", label={"must pass": "info"})
    def must_pass_badge(self, case: EvaluationCase) -> tuple[str, str] | str:
        return ("must pass", "must pass") if case.must_pass else "–"

    @display(description="The live model", label=ANSWER_BADGES)
    def live_badge(self, case: Any) -> tuple[str, str]:
        answer: Answer | None = case.live_answer
        if case.state != EvaluationCase.State.ACTIVE:
            return "–", "–"
        if answer is None:
            return "not asked yet", "not asked yet"
        if answer.passes:
            return "right", "right"
        if answer.is_fallback:
            return "falls back", "falls back"
        return "wrong", f"takes it for {answer.predicted}"

    def save_model(self, request: HttpRequest, obj: EvaluationCase, form: CaseForm, change: bool) -> None:
        """Add through the service, and say what became of each line."""
        if change:
            return
        added, refused = cases_add(actor=actor_of(request), cases=form.new_cases())
        for row in refused[:SHOWN_REFUSALS]:
            messages.warning(request, f"Not added: “{row.text}”. {row.message}")
        if len(refused) > SHOWN_REFUSALS:
            messages.warning(request, f"{len(refused) - SHOWN_REFUSALS} more were not added.")
        request.added_cases = len(added)  # type: ignore[attr-defined]
        if added:
            obj.pk = added[0].pk
            obj._state.adding = False

    def response_add(
        self, request: HttpRequest, obj: EvaluationCase, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go to the list, which shows them all."""
        count = request.added_cases  # type: ignore[attr-defined]
        if count:
            messages.success(request, f"Test phrases added: {count}. Ask a model again to see its answers.")
        return HttpResponseRedirect(reverse("admin:intents_evaluationcase_changelist"))

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Leave the log to the service."""

    @admin.action(description="Must pass", permissions=["change"])
    def must_pass_selected(self, request: HttpRequest, queryset: QuerySet[EvaluationCase]) -> None:
        """Mark each selected phrase as one that no release may answer wrongly."""
        actor = actor_of(request)
        self._each(request, queryset, lambda c: case_must_pass(actor=actor, case=c, must_pass=True))

    @admin.action(description="May fail", permissions=["change"])
    def may_fail_selected(self, request: HttpRequest, queryset: QuerySet[EvaluationCase]) -> None:
        """Let each selected phrase stop no release alone."""
        actor = actor_of(request)
        self._each(request, queryset, lambda c: case_must_pass(actor=actor, case=c, must_pass=False))

    @admin.action(description="Retire", permissions=["change"])
    def retire_selected(self, request: HttpRequest, queryset: QuerySet[EvaluationCase]) -> None:
        """Retire each selected phrase."""
        actor = actor_of(request)
        self._each(request, queryset, lambda c: case_retire(actor=actor, case=c))

    @admin.action(description="Restore", permissions=["change"])
    def restore_selected(self, request: HttpRequest, queryset: QuerySet[EvaluationCase]) -> None:
        """Restore each selected phrase."""
        actor = actor_of(request)
        self._each(request, queryset, lambda c: case_restore(actor=actor, case=c))

    def _each(
        self,
        request: HttpRequest,
        queryset: QuerySet[EvaluationCase],
        act: Callable[[EvaluationCase], Any],
    ) -> None:
        """Do it to each row and say what was done and what was refused."""
        done, refused = 0, []
        for case in queryset[:MAX_BULK_EXAMPLES]:
            try:
                act(case)
            except DomainError as refusal:
                refused.append(f"“{case}”: {refusal.message}")
            else:
                done += 1
        if done:
            messages.success(request, f"Test phrases changed: {done}.")
        for line in refused[:SHOWN_REFUSALS]:
            messages.warning(request, line)
        if len(refused) > SHOWN_REFUSALS:
            messages.warning(request, f"{len(refused) - SHOWN_REFUSALS} more were refused.")

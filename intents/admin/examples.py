"""The list and page of example phrasings: where each comes from; retire, restore, move one or many."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display

from core.admin_base import actor_of
from core.admin_transitions import Transition, TransitionMixin
from core.errors import DomainError
from intents.admin.forms import ExampleActionForm, ExampleForm, MoveForm, TestWithForm
from intents.admin.list_pages import ListMoveMixin
from intents.models import Example
from intents.services import case_from_example, example_add, example_move, example_restore, example_retire
from intents.workflow import MAX_BULK_EXAMPLES
from tickets.messages import tickets_by_reference

ORIGIN_BADGES = {"ticket": "success", "review": "success", "synthetic": "warning"}
STATE_BADGES = {"active": "success", "retired": "warning"}
SHOWN_REFUSALS = 20


@admin.register(Example)
class ExampleAdmin(TransitionMixin, ListMoveMixin):
    """Example phrasings."""

    form = ExampleForm
    log_saves = False  # the services write the log
    action_form = ExampleActionForm
    actions = ("retire_selected", "restore_selected", "move_selected")
    list_display = ("short_text", "intent", "origin_badge", "source", "state_badge", "created_at")
    list_filter = ("state", "origin", "intent")
    list_select_related = ("intent",)
    search_fields = ("text", "source_ref")
    transitions = (
        Transition(
            name="retire",
            label="Retire",
            permission="intents.change_example",
            service=lambda actor, example: example_retire(actor=actor, example=example),
            description="Later trainings leave this phrasing out. It can be restored.",
            shown=lambda request, example: example.state == Example.State.ACTIVE,
        ),
        Transition(
            name="restore",
            label="Restore",
            permission="intents.change_example",
            service=lambda actor, example: example_restore(actor=actor, example=example),
            description="The next training takes this phrasing in again.",
            shown=lambda request, example: example.state == Example.State.RETIRED,
        ),
        Transition(
            name="move",
            label="Move",
            permission="intents.change_example",
            form=MoveForm,
            service=lambda actor, example, to: example_move(actor=actor, example=example, to=to),
            description="The phrasing keeps its source and teaches another intent from the next training on.",
        ),
        Transition(
            name="test-with",
            label="Test with it",
            permission="intents.add_evaluationcase",
            form=TestWithForm,
            service=lambda actor, example, must_pass: case_from_example(
                actor=actor, example=example, must_pass=must_pass
            ),
            description="No later training takes this phrasing: it becomes a test phrase of the same intent.",
            shown=lambda request, example: example.state == Example.State.ACTIVE,
            done="It is a test phrase now.",
        ),
    )

    def next_step(self) -> str:
        return "No phrasings yet. Open an intent and paste 8 to 12 phrasings from closed tickets into it."

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        return ("intent", "text", "origin", "source", "state", "created_by", "created_at")

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> tuple[str, ...]:
        return self.get_readonly_fields(request, obj) or ("intent", "text", "origin", "source_ref")

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    @display(description="Text", ordering="text")
    def short_text(self, example: Example) -> str:
        return str(example)

    @display(description="Origin", ordering="origin", label=ORIGIN_BADGES)
    def origin_badge(self, example: Example) -> tuple[str, str]:
        return example.origin, example.get_origin_display()

    @display(description="State", ordering="state", label=STATE_BADGES)
    def state_badge(self, example: Example) -> tuple[str, str]:
        return example.state, example.get_state_display()

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        example = super().get_object(request, object_id, from_field)
        if example is not None:
            _name_tickets(request, [example])
        return example

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        _name_tickets(request, changelist.result_list)
        return changelist

    @display(description="Source")
    def source(self, example: Any) -> str:
        ticket_id = getattr(example, "source_ticket_id", None)
        if ticket_id is not None:
            address = reverse("admin:tickets_ticket_change", args=(ticket_id,))
            return format_html('<a href="{}">{}</a>', address, example.source_ref)
        if example.source_ref.startswith(("https://", "http://")):
            return format_html('<a href="{0}" rel="noopener noreferrer">{0}</a>', example.source_ref)
        return example.source_ref or "–"

    def save_model(self, request: HttpRequest, obj: Example, form: ExampleForm, change: bool) -> None:
        """Add through the service; an existing phrasing is never rewritten."""
        if not change:
            added = example_add(actor=actor_of(request), **form.cleaned_data)
            obj.pk = added.pk
            obj._state.adding = False

    @admin.action(description="Retire", permissions=["change"])
    def retire_selected(self, request: HttpRequest, queryset: QuerySet[Example]) -> None:
        """Retire each selected phrasing."""
        actor = actor_of(request)
        self._each(request, queryset, "retired", lambda e: example_retire(actor=actor, example=e))

    @admin.action(description="Restore", permissions=["change"])
    def restore_selected(self, request: HttpRequest, queryset: QuerySet[Example]) -> None:
        """Restore each selected phrasing."""
        actor = actor_of(request)
        self._each(request, queryset, "restored", lambda e: example_restore(actor=actor, example=e))

    @admin.action(description="Move to the intent chosen beside", permissions=["change"])
    def move_selected(self, request: HttpRequest, queryset: QuerySet[Example]) -> None:
        """Move each selected phrasing to the intent in the action bar."""
        form = MoveForm(request.POST, obj=Example())
        to = form.cleaned_data.get("to") if form.is_valid() else None
        if to is None:
            messages.error(request, "Choose the intent to move to, beside the action.")
            return
        actor = actor_of(request)
        done = f"moved to {to.label}"
        self._each(request, queryset, done, lambda e: example_move(actor=actor, example=e, to=to))

    def _each(
        self, request: HttpRequest, queryset: QuerySet[Example], done: str, act: Callable[[Example], Any]
    ) -> None:
        """Do it to each row and say what was done and what was refused."""
        count, refused = 0, []
        examples = list(queryset.select_related("intent")[: MAX_BULK_EXAMPLES + 1])
        if len(examples) > MAX_BULK_EXAMPLES:
            messages.error(request, f"Select at most {MAX_BULK_EXAMPLES} at a time; nothing was done.")
            return
        for example in examples:
            try:
                act(example)
            except DomainError as refusal:
                refused.append(f"“{example}”: {refusal.message}")
            else:
                count += 1
        if count:
            messages.success(request, f"Phrasings {done}: {count}.")
        for line in refused[:SHOWN_REFUSALS]:
            messages.warning(request, line)
        if len(refused) > SHOWN_REFUSALS:
            messages.warning(request, f"{len(refused) - SHOWN_REFUSALS} more were refused.")


def _name_tickets(request: HttpRequest, examples: Iterable[Any]) -> None:
    """Give each example the id of the ticket that its source names, where the person may open it."""
    if not request.user.has_perm("tickets.view_ticket"):
        return
    real = [example for example in examples if example.origin != Example.Origin.SYNTHETIC]
    tickets = tickets_by_reference(example.source_ref for example in real)
    for example in real:
        example.source_ticket_id = tickets.get(example.source_ref)

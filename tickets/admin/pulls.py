"""The page that pulls tickets from a help desk's API, and its button on the list of imports."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse, reverse_lazy
from unfold.admin import ModelAdmin
from unfold.decorators import action

from core.admin_base import actor_of
from tickets.admin.forms import PullForm
from tickets.help_desks import VARIABLES, missing_variables
from tickets.models import Source
from tickets.services import batch_enqueue, pull_create


class PullMixin(ModelAdmin):
    """Add the page to the admin of imports."""

    actions_list = ("pull",)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.pull_view)
        return [path("from-help-desk/", view, name="tickets_importbatch_from_help_desk"), *super().get_urls()]

    def has_pull_permission(self, request: HttpRequest) -> bool:
        """Whether the button is offered."""
        return bool(request.user.has_perm("tickets.add_importbatch"))

    @action(description="Pull from a help desk", url_path="pull", permissions=["pull"])
    def pull(self, request: HttpRequest) -> HttpResponse:
        """Go to the page."""
        return HttpResponseRedirect(reverse("admin:tickets_importbatch_from_help_desk"))

    def pull_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for the help desk and queue the pull; a refusal keeps what was typed."""
        if not self.has_pull_permission(request):
            raise PermissionDenied
        form = PullForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            actor = actor_of(request)
            with transaction.atomic():
                batch = pull_create(actor=actor, **form.cleaned_data)
                batch_enqueue(batch, requested_by=actor.label)
            return HttpResponseRedirect(reverse("admin:tickets_importbatch_change", args=(batch.pk,)))
        context = {
            **self.admin_site.each_context(request),
            "title": "Pull from a help desk",
            "opts": self.opts,
            "form": form,
            "media": self.media + form.media,
            "back_url": reverse_lazy("admin:tickets_importbatch_changelist"),
            "help_desks": [(Source(name).label, missing_variables(name)) for name in VARIABLES],
            "is_possible": any(not missing_variables(name) for name in VARIABLES),
        }
        status = 400 if form.errors else 200
        return TemplateResponse(request, "admin/tickets/pull.html", context, status=status)

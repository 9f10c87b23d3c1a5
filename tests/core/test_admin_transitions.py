"""The confirmed buttons, shown with the two of the system's own pages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from core.actors import Actor
from core.admin_transitions import Transition, TransitionForm
from core.api_keys import api_key_create
from core.errors import Conflict
from core.models import Activity, ApiKey, Job, User

RETRY, REVOKE = "core.change_job", "core.change_apikey"


@pytest.fixture
def failed_job(db: None) -> Job:
    return Job.objects.create(task="kb.tasks.none", state=Job.State.FAILED, attempts=3, error="broken")


@pytest.fixture
def api_key(db: None) -> ApiKey:
    key, _ = api_key_create(actor=Actor.system("test"), name="Bot", scopes=["read"])
    return key


def move(obj: object, name: str) -> str:
    return reverse(f"admin:core_{type(obj).__name__.lower()}_transition", args=(obj.pk, name))  # type: ignore[attr-defined]


def page(obj: object) -> str:
    return reverse(f"admin:core_{type(obj).__name__.lower()}_change", args=(obj.pk,))  # type: ignore[attr-defined]


def test_opening_the_confirm_page_changes_nothing(failed_job: Job, make_user, sign_in) -> None:
    client = sign_in(make_user("kim", "core.view_job", RETRY))
    response = client.get(move(failed_job, "retry"))
    assert response.status_code == 200
    assert "queued again with its attempts counted anew" in response.content.decode()
    failed_job.refresh_from_db()
    assert failed_job.state == Job.State.FAILED


def test_a_post_queues_the_failed_job_again(failed_job: Job, make_user, sign_in) -> None:
    client = sign_in(make_user("kim", "core.view_job", RETRY))
    response = client.post(move(failed_job, "retry"), {"_seen": ""})
    assert response.status_code == 302
    assert response["Location"] == page(failed_job)
    failed_job.refresh_from_db()
    assert (failed_job.state, failed_job.attempts, failed_job.error) == (Job.State.QUEUED, 0, "")


def test_a_post_without_csrf_token_is_refused(failed_job: Job, make_user) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user("kim", superuser=True), backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(move(failed_job, "retry")).status_code == 403
    failed_job.refresh_from_db()
    assert failed_job.state == Job.State.FAILED


@pytest.mark.parametrize("method", ["get", "post"])
def test_without_the_permission_the_address_answers_403(
    failed_job: Job, make_user, sign_in, method: str
) -> None:
    client = sign_in(make_user("kim", "core.view_job"))
    assert getattr(client, method)(move(failed_job, "retry")).status_code == 403
    failed_job.refresh_from_db()
    assert failed_job.state == Job.State.FAILED


@pytest.mark.parametrize(
    ("permissions", "seen"), [(("core.view_job", RETRY), True), (("core.view_job",), False)]
)
def test_the_button_is_shown_to_those_who_may_press_it(
    failed_job: Job, make_user, sign_in, permissions: tuple[str, ...], seen: bool
) -> None:
    html = sign_in(make_user("kim", *permissions)).get(page(failed_job)).content.decode()
    assert (move(failed_job, "retry") in html) is seen


def test_the_button_is_shown_only_in_the_states_it_applies_to(failed_job: Job, make_user, sign_in) -> None:
    Job.objects.update(state=Job.State.RUNNING)
    client = sign_in(make_user("kim", superuser=True))
    assert move(failed_job, "retry") not in client.get(page(failed_job)).content.decode()
    response = client.post(move(failed_job, "retry"), {"_seen": ""}, follow=True)
    assert "no longer applies" in response.content.decode()
    failed_job.refresh_from_db()
    assert failed_job.state == Job.State.RUNNING


def test_revoking_a_key_closes_it_and_is_written_to_the_log(api_key: ApiKey, make_user, sign_in) -> None:
    client = sign_in(make_user("kim", "core.view_apikey", REVOKE))
    client.post(move(api_key, "revoke"), {"_seen": ""})
    api_key.refresh_from_db()
    assert not api_key.usable
    line = Activity.objects.get(verb="api_key.revoked")
    assert (line.actor_label, line.target_id) == ("kim", str(api_key.pk))


@pytest.mark.parametrize("name", ["publish", "retry"])
def test_an_unknown_move_or_object_is_404(api_key: ApiKey, make_user, sign_in, name: str) -> None:
    client = sign_in(make_user("kim", superuser=True))
    assert client.get(move(api_key, name)).status_code == 404
    assert client.get(reverse("admin:core_apikey_transition", args=(10**6, "revoke"))).status_code == 404


class TestWithAForm:
    """A transition with a comment, put on the API key's page for the test."""

    @pytest.fixture
    def client(self, monkeypatch, make_user: Callable[..., User], sign_in) -> Client:
        from django import forms  # noqa: PLC0415
        from django.contrib import admin  # noqa: PLC0415

        class Reason(TransitionForm):
            comment = forms.CharField(widget=forms.Textarea)

        def refuse(actor: Actor, key: ApiKey, *, comment: str) -> None:
            raise Conflict(f"{actor.label} came too late: {comment}", code="too_late")

        late = Transition(
            name="late",
            label="Late",
            permission=REVOKE,
            service=refuse,
            form=Reason,
            seen=lambda key: key.name,
        )
        monkeypatch.setattr(type(admin.site._registry[ApiKey]), "transitions", (late,))
        return sign_in(make_user("kim", superuser=True))

    def test_a_refusal_is_told_and_the_typed_text_is_kept(self, client: Client, api_key: ApiKey) -> None:
        response = client.post(move(api_key, "late"), {"_seen": "Bot", "comment": "my <long> comment"})
        html = response.content.decode()
        assert response.status_code == 409
        assert "kim came too late: my &lt;long&gt; comment" in html
        assert "my &lt;long&gt; comment</textarea>" in html

    def test_a_missing_field_is_told(self, client: Client, api_key: ApiKey) -> None:
        response = client.post(move(api_key, "late"), {"_seen": "Bot", "comment": " "})
        assert response.status_code == 400
        assert "This field is required" in response.content.decode()

    def test_what_changed_since_the_page_was_opened_is_not_acted_on(
        self, client: Client, api_key: ApiKey
    ) -> None:
        response = client.post(move(api_key, "late"), {"_seen": "Old name", "comment": "fine"})
        html = response.content.decode()
        assert response.status_code == 409
        assert "changed since you opened the page" in html
        assert 'name="_seen" value="Bot"' in html

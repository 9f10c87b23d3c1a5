"""Transitions, the activity log, API keys and login: what the rest is built on."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from core import activity, activity_guard
from core.actors import Actor
from core.api_keys import api_key_create, api_key_find, api_key_revoke, api_key_touch
from core.errors import Conflict, InvalidInput, StaleTransition
from core.models import Activity, ApiKey, Job, User
from core.transitions import move
from supportadmin import settings as product_settings

pytestmark = pytest.mark.django_db
TABLE = {"queued": {"running"}, "running": {"succeeded", "failed"}}
ME = Actor.system("tests")
PASSWORD = "correct horse battery staple"


@pytest.mark.row("R23")
def test_of_two_who_move_the_same_row_the_second_is_told() -> None:
    job = Job.objects.create(task="x")
    mine, theirs = Job.objects.get(), Job.objects.get()
    move(mine, to="running", allowed=TABLE, attempts=1)
    with pytest.raises(StaleTransition) as refusal:
        move(theirs, to="running", allowed=TABLE, attempts=9)
    assert (refusal.value.http_status, refusal.value.code) == (409, "stale_transition")
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("running", 1)
    assert (mine.state, mine.attempts, theirs.state) == ("running", 1, "queued")


def test_a_step_that_the_table_lacks_is_refused_and_nothing_is_written() -> None:
    job = Job.objects.create(task="x")
    with pytest.raises(Conflict) as refusal:
        move(job, to="succeeded", allowed=TABLE)
    assert refusal.value.code == "transition_not_allowed"
    assert refusal.value.extra == {"from": "queued", "to": "succeeded"}
    assert Job.objects.get().state == "queued"


@pytest.fixture
def line() -> Activity:
    with transaction.atomic():
        return activity.record(ME, "job.tested", Job(task="x"), after={"password": "hunter2", "n": 1})


@pytest.mark.row("8.2", "8.6", "R46")
def test_secrets_are_masked_in_the_log(line: Activity) -> None:
    assert Activity.objects.get().after == {"password": "•••", "n": 1}


@pytest.mark.row("8.2", "R54")
def test_the_log_cannot_be_changed_through_the_orm(line: Activity) -> None:
    for change in (
        line.save,
        line.delete,
        lambda: Activity.objects.update(verb="x"),
        lambda: Activity.objects.all().delete(),
    ):
        with pytest.raises(TypeError, match="append-only"):
            change()
    assert Activity.objects.get().verb == "job.tested"


@pytest.mark.row("8.2", "R54")
@pytest.mark.parametrize("statement", ["UPDATE core_activity SET verb = 'x'", "DELETE FROM core_activity"])
def test_the_database_itself_refuses_to_change_the_log(line: Activity, statement: str) -> None:
    activity_guard.install(connection)
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert Activity.objects.get().verb == "job.tested"


@pytest.mark.row("R52")
def test_erasure_blanks_the_target_and_leaves_the_guard_up(line: Activity) -> None:
    activity_guard.install(connection)
    assert activity_guard.erase(Activity.objects.filter(pk=line.pk)) == 1
    erased = Activity.objects.get()
    assert (erased.verb, erased.target_label, erased.after) == ("job.tested", "(erased)", {})
    with pytest.raises(DatabaseError), transaction.atomic():
        Activity._base_manager.update(verb="x")


@pytest.mark.row("R54")
def test_a_rolled_back_change_leaves_no_line() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        api_key_create(actor=ME, name="Bot", scopes=["read"])
        raise RuntimeError
    assert not Activity.objects.exists()
    assert not ApiKey.objects.exists()


@pytest.mark.row("7.4", "R11")
def test_a_key_opens_only_as_a_whole_and_is_kept_as_a_hash() -> None:
    key, clear = api_key_create(actor=ME, name="Bot", scopes=["read"])
    assert api_key_find(clear) == key
    assert len(clear.split("_", 2)[2]) == 43  # 32 random bytes
    for wrong in (
        "",
        "sak",
        clear[:-1],
        clear + "x",
        clear.replace("sak", "kas"),
        "sak__",
        "x" * 10_000,
        "é_é_é",
    ):
        assert api_key_find(wrong) is None
    stored = ApiKey.objects.values().get()
    assert len(stored["sha256"]) == 64
    assert clear not in str(stored)


@pytest.mark.row("7.4")
@pytest.mark.parametrize("scopes", [[], ["root"], ["read", "root"]])
def test_a_key_needs_known_scopes(scopes: list[str]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        api_key_create(actor=ME, name="Bot", scopes=scopes)
    assert refusal.value.code == "bad_scopes"
    assert not ApiKey.objects.exists()


@pytest.mark.row("7.4")
def test_a_key_cannot_be_made_that_has_expired() -> None:
    with pytest.raises(InvalidInput):
        api_key_create(actor=ME, name="Bot", scopes=["read"], expires_at=timezone.now())
    assert not ApiKey.objects.exists()


@pytest.mark.row("7.4", "R6")
def test_a_revoked_key_is_refused_with_the_very_next_request(api) -> None:
    client = api("read")
    assert client.get("/metrics").status_code == 200
    api_key_revoke(actor=ME, key=client.key)
    answer = client.get("/metrics")
    assert answer.status_code == 401
    assert answer.json() == {
        "code": "bad_key",
        "message": "This API key is unknown, expired or revoked.",
        "extra": {},
    }
    api_key_revoke(actor=ME, key=client.key)
    assert Activity.objects.filter(verb="api_key.revoked").count() == 1


@pytest.mark.row("7.4")
def test_an_expired_key_is_refused(api) -> None:
    client = api("read")
    with time_machine.travel(timezone.now() + timedelta(days=1, seconds=1)):
        assert client.get("/metrics").status_code == 401


@pytest.mark.row("7.4")
def test_a_key_without_the_scope_is_refused(api) -> None:
    answer = api("runtime", "feedback").get("/metrics")
    assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")


@pytest.mark.row("7.4")
def test_last_use_is_noted_once_a_minute(django_assert_num_queries) -> None:
    key, _ = api_key_create(actor=ME, name="Bot", scopes=["read"])
    api_key_touch(key)
    key.refresh_from_db()
    assert key.last_used_at is not None
    with django_assert_num_queries(0):
        api_key_touch(key)


@pytest.mark.parametrize("header", ["", "Api-Key", "Api-Key a b", "Api-Key nope", "Bearer x", "Api-Key é"])
def test_a_wrong_or_missing_key_is_401_in_the_error_shape(header: str) -> None:
    answer = APIClient().get("/metrics", headers={"authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Api-Key"
    assert set(answer.json()) == {"code", "message", "extra"}


class TestLogin:
    """Django's login page behind django-axes."""

    @pytest.fixture
    def person(self) -> User:
        return User.objects.create_user("kim", password=PASSWORD, is_staff=True)

    def sign_in(self, password: str, username: str = "kim", **headers: str) -> int:
        answer = Client(headers=headers).post(
            reverse("admin:login"), {"username": username, "password": password, "next": "/admin/"}
        )
        return answer.status_code

    def test_the_right_password_opens(self, person: User) -> None:
        assert self.sign_in(PASSWORD) == 302

    @pytest.mark.row("R8")
    def test_after_five_wrong_passwords_even_the_right_one_is_refused(self, person: User) -> None:
        answers = [self.sign_in("wrong") for _ in range(5)]
        assert answers[:4] == [200] * 4
        assert self.sign_in(PASSWORD) in (403, 429)
        assert self.sign_in(PASSWORD, **{"x-forwarded-for": "203.0.113.9"}) in (403, 429)
        with time_machine.travel(timezone.now() + timedelta(minutes=16)):
            assert self.sign_in(PASSWORD) == 302

    @pytest.mark.row("R8")
    def test_an_unknown_person_is_refused_like_a_known_one(self, person: User) -> None:
        pages = [
            Client()
            .post(reverse("admin:login"), {"username": name, "password": "wrong"})
            .context["form"]
            .errors
            for name in ("kim", "nobody")
        ]
        assert pages[0] == pages[1]

    @pytest.mark.row("R6")
    def test_a_deactivated_person_is_out_with_the_next_request(self, person: User, sign_in) -> None:
        client = sign_in(person)
        assert client.get("/admin/").status_code == 200
        User.objects.update(is_active=False)
        assert client.get("/admin/").status_code == 302


def test_passwords_are_kept_with_argon2() -> None:
    assert product_settings.AUTH_USER_MODEL == "core.User"
    assert Argon2PasswordHasher().encode("x", "saltsalt").startswith("argon2$argon2id$")

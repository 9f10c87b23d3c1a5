"""The system's own admin pages: people, keys, jobs, log."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from core import activity
from core.actors import Actor
from core.api_keys import api_key_create, api_key_find
from core.models import Activity, ApiKey, Job, User

CHANGE_USER = ("core.view_user", "core.change_user", "core.add_user")
NEW_PASSWORD = "a-long-new-passphrase"


def person_form(user: User, **changes: object) -> dict[str, object]:
    return {
        "username": user.username,
        "first_name": "",
        "last_name": "",
        "email": "",
        "is_active": "on",
        **changes,
    }


@pytest.fixture
def clerk(make_user, sign_in) -> Client:
    """A browser of someone who may change people and is no superuser."""
    return sign_in(make_user("clerk", *CHANGE_USER))


@pytest.mark.row("R5", "8.1")
@pytest.mark.parametrize("power", [{"is_superuser": "on"}, {"groups": "1"}, {"user_permissions": "1"}])
def test_only_a_superuser_hands_out_power(clerk: Client, make_user, power: dict[str, str]) -> None:
    target = make_user("plain")
    address = reverse("admin:core_user_change", args=(target.pk,))
    assert clerk.post(address, person_form(target, email="x@example.org", **power)).status_code == 403
    target.refresh_from_db()
    assert (target.is_superuser, target.email, target.groups.count()) == (False, "", 0)
    assert target.user_permissions.count() == 0


@pytest.mark.row("R5")
def test_nobody_but_a_superuser_edits_or_resets_a_superuser(clerk: Client, make_user) -> None:
    root = make_user("root", superuser=True)
    before = User.objects.get(pk=root.pk).password
    change = clerk.post(
        reverse("admin:core_user_change", args=(root.pk,)), person_form(root, email="x@y.org")
    )
    reset = clerk.post(
        reverse("admin:auth_user_password_change", args=(root.pk,)),
        {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD, "usable_password": "true"},
    )
    assert (change.status_code, reset.status_code) == (403, 403)
    root.refresh_from_db()
    assert (root.password, root.email) == (before, "")


@pytest.mark.row("R5")
def test_a_person_with_more_permissions_cannot_be_taken_over(clerk: Client, make_user) -> None:
    mighty = make_user("mighty", "core.add_apikey")
    answer = clerk.post(
        reverse("admin:auth_user_password_change", args=(mighty.pk,)),
        {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD, "usable_password": "true"},
    )
    assert answer.status_code == 403
    mighty.refresh_from_db()
    assert not mighty.check_password(NEW_PASSWORD)


def test_a_changed_person_is_in_the_log_with_before_and_after(clerk: Client, make_user) -> None:
    plain = make_user("plain")
    answer = clerk.post(
        reverse("admin:core_user_change", args=(plain.pk,)), person_form(plain, email="a@b.org")
    )
    assert answer.status_code == 302
    line = Activity.objects.get()
    assert (line.actor_label, line.verb, line.target_label) == ("clerk", "user.changed", "plain")
    assert (line.before, line.after) == ({"email": ""}, {"email": "a@b.org"})


def test_a_reset_password_is_in_the_log_without_the_password(clerk: Client, make_user) -> None:
    plain = make_user("plain")
    clerk.post(
        reverse("admin:auth_user_password_change", args=(plain.pk,)),
        {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD, "usable_password": "true"},
    )
    plain.refresh_from_db()
    assert plain.check_password(NEW_PASSWORD)
    line = Activity.objects.get()
    assert (line.verb, line.before, line.after) == ("user.password_changed", {}, {})


def test_a_superuser_gives_a_group(make_user, sign_in) -> None:
    plain, group = make_user("plain"), Group.objects.create(name="Tagger")
    client = sign_in(make_user("root", superuser=True))
    address = reverse("admin:core_user_change", args=(plain.pk,))
    assert client.post(address, person_form(plain, is_staff="on", groups=[group.pk])).status_code == 302
    assert list(plain.groups.all()) == [group]
    assert Activity.objects.get().after == {"groups": ["Tagger"]}


def test_nobody_is_deleted_not_even_by_a_superuser(make_user, sign_in) -> None:
    plain = make_user("plain")
    client = sign_in(make_user("root", superuser=True))
    assert (
        client.post(reverse("admin:core_user_delete", args=(plain.pk,)), {"post": "yes"}).status_code == 403
    )
    client.post(
        reverse("admin:core_user_changelist"),
        {"action": "delete_selected", "_selected_action": [plain.pk], "post": "yes"},
    )
    assert User.objects.filter(pk=plain.pk).exists()


def test_groups_are_for_superusers(make_user, sign_in) -> None:
    permission = Permission.objects.get(codename="add_apikey")
    client = sign_in(make_user("kim", "auth.add_group", "auth.change_group", "auth.view_group"))
    answer = client.post(reverse("admin:auth_group_add"), {"name": "Mine", "permissions": [permission.pk]})
    assert answer.status_code == 403
    assert not Group.objects.exists()


@pytest.mark.row("7.4", "R11")
def test_a_new_key_is_shown_once_and_kept_as_a_hash(make_user, sign_in) -> None:
    client = sign_in(make_user("kim", "core.view_apikey", "core.add_apikey"))
    form = client.get(reverse("admin:core_apikey_add")).content.decode()
    assert form.count('type="checkbox" name="scopes"') == len(ApiKey.Scope.values)
    answer = client.post(
        reverse("admin:core_apikey_add"),
        {
            "name": "Bot",
            "scopes": ["runtime", "read"],
            "expires_at_0": "2999-01-01",
            "expires_at_1": "00:00:00",
            "requests_per_minute": "100",
        },
    )
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    clear = re.search(r"sak_[0-9a-f]{8}_[\w-]{43}", answer.content.decode())
    assert clear is not None
    key = ApiKey.objects.get()
    assert api_key_find(clear[0]) == key
    assert (key.scopes, key.created_by.username) == (["read", "runtime"], "kim")
    assert clear[0] not in str(client.cookies)
    assert clear[0] not in str(ApiKey.objects.values())
    again = client.get(reverse("admin:core_apikey_change", args=(key.pk,))).content.decode()
    assert clear[0] not in again
    assert key.sha256 not in again
    assert Activity.objects.get().verb == "api_key.created"


@pytest.mark.parametrize(
    ("field", "value"), [("scopes", []), ("scopes", ["root"]), ("expires_at_0", "2001-01-01"), ("name", "")]
)
def test_a_key_with_a_wrong_field_is_not_made(make_user, sign_in, field: str, value: object) -> None:
    client = sign_in(make_user("kim", superuser=True))
    data = {"name": "Bot", "scopes": ["read"], "expires_at_0": "2999-01-01", "expires_at_1": "00:00:00"}
    answer = client.post(reverse("admin:core_apikey_add"), {**data, "requests_per_minute": "9", field: value})
    assert answer.status_code == 200
    assert "errornote" in answer.content.decode()
    assert not ApiKey.objects.exists()
    assert not Activity.objects.exists()


@pytest.mark.row("8.2")
@pytest.mark.parametrize("page", ["add", "change", "delete"])
def test_the_log_is_read_only_even_for_a_superuser(make_user, sign_in, page: str) -> None:
    api_key_create(actor=Actor.system("test"), name="Bot", scopes=["read"])
    line = Activity.objects.get()
    client = sign_in(make_user("root", superuser=True))
    args = () if page == "add" else (line.pk,)
    assert client.post(reverse(f"admin:core_activity_{page}", args=args), {"verb": "x"}).status_code == 403
    assert Activity.objects.get().verb == "api_key.created"


@pytest.mark.row("8.7")
@pytest.mark.parametrize("model", ["apikey", "job", "activity", "user"])
def test_a_list_asks_as_many_queries_for_30_rows_as_for_3(
    make_user, sign_in, django_assert_max_num_queries, django_assert_num_queries, model: str
) -> None:
    root = make_user("root", superuser=True)
    client = sign_in(root)
    address = reverse(f"admin:core_{model}_changelist")

    def add(start: int, stop: int) -> None:
        for n in range(start, stop):
            api_key_create(actor=Actor.of_user(root), name=f"Bot {n}", scopes=["read"])
            Job.objects.create(task="kb.tasks.x", progress_total=n, progress_done=1)
            User.objects.create(username=f"person{n}")

    add(0, 3)
    with django_assert_max_num_queries(10) as few:
        assert client.get(address).status_code == 200
    add(3, 30)
    with django_assert_num_queries(len(few.captured_queries)):
        assert client.get(address).status_code == 200


@pytest.mark.row("8.9")
def test_a_job_shows_its_progress_and_error(make_user, sign_in) -> None:
    job = Job.objects.create(
        task="kb.tasks.x", state="failed", progress_done=3, progress_total=10, error="<b>broken</b>"
    )
    client = sign_in(make_user("kim", "core.view_job"))
    html = client.get(reverse("admin:core_job_change", args=(job.pk,))).content.decode()
    assert '<progress value="3" max="10"></progress> 3 of 10' in html
    assert "&lt;b&gt;broken" in html
    listed = client.get(reverse("admin:core_job_changelist") + "?state__exact=failed").content.decode()
    assert "kb.tasks.x" in listed


def test_an_activity_line_outside_a_transaction_is_a_bug() -> None:
    with pytest.raises(RuntimeError, match="belongs in the transaction"):
        activity.record(Actor.system("test"), "x.y", Job())

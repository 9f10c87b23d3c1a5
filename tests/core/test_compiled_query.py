"""Look-ups whose SQL is written once find what the ORM finds, now and not a moment ago."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from core.actors import Actor
from core.api_keys import api_key_create, api_key_find, api_key_revoke
from core.compiled_query import CompiledQuery
from core.models import ApiKey

pytestmark = pytest.mark.django_db


def _key(name: str = "bot") -> tuple[ApiKey, str]:
    expiry = timezone.now() + timedelta(days=1)
    return api_key_create(
        actor=Actor.system("tests"), name=name, scopes=["read", "runtime"], expires_at=expiry
    )


@pytest.mark.row("7.8")
def test_values_are_what_the_orm_reads() -> None:
    made, clear = _key()
    found = api_key_find(clear)
    assert found is not None
    fields = [field.attname for field in ApiKey._meta.concrete_fields]
    assert {f: getattr(found, f) for f in fields} == {
        f: getattr(ApiKey.objects.get(pk=made.pk), f) for f in fields
    }
    assert found.scopes == ["read", "runtime"]


@pytest.mark.row("R6")
def test_each_call_sees_the_database_as_it_is() -> None:
    made, clear = _key()
    assert api_key_find(clear) is not None
    api_key_revoke(actor=Actor.system("tests"), key=made)
    assert api_key_find(clear) is None


@pytest.mark.row("7.8")
def test_a_call_costs_one_query_and_no_other(django_assert_num_queries: Any) -> None:
    _, clear = _key()
    with django_assert_num_queries(1):
        api_key_find(clear)


def test_nothing_found_is_none_and_a_value_is_never_part_of_the_sql() -> None:
    _key("only")
    query = CompiledQuery(lambda name: ApiKey.objects.filter(name=name).values_list("name"), "x")
    assert query.first("only") == ("only",)
    assert query.first("' OR 1=1 --") is None
    assert query.first("x") is None


def test_constants_of_the_queryset_follow_the_values_of_the_call() -> None:
    made, _ = _key("only")
    query = CompiledQuery(
        lambda name: ApiKey.objects.filter(name=name).filter(requests_per_minute=3000).values_list("pk"), "x"
    )
    assert query.first("only") == (made.pk,)
    ApiKey.objects.update(requests_per_minute=1)
    assert query.first("only") is None


def test_parameters_in_another_order_are_refused() -> None:
    query = CompiledQuery(
        lambda name: ApiKey.objects.filter(requests_per_minute=3000).filter(name=name).values_list("pk"), "x"
    )
    with pytest.raises(ValueError, match="do not begin with"):
        query.first("only")

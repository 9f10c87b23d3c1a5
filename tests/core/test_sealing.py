"""Secrets of other systems: sealed at rest, opened by any of the keys, shown to nobody."""

from __future__ import annotations

import stat

import environ
import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from core.errors import Unavailable
from core.sealing import Secret, hint, reseal, seal, unseal
from supportadmin.environment import Mode, read_field_keys

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
LOCAL, PRODUCTION = Mode(debug=False, production=False), Mode(debug=False, production=True)


@pytest.mark.row("R46")
def test_a_sealed_secret_is_opened_by_any_key_and_resealed_by_the_first(settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    sealed = seal("hidden-value")
    assert "hidden" not in sealed
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert unseal(sealed).value == "hidden-value"
    again = reseal(sealed)
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert unseal(again).value == "hidden-value"
    with pytest.raises(Unavailable) as refusal:
        unseal(sealed)
    assert refusal.value.code == "secret_unreadable"


def test_no_key_means_no_secret_and_says_so(settings):
    settings.FIELD_ENCRYPTION_KEYS = []
    with pytest.raises(Unavailable, match="FIELD_ENCRYPTION_KEY"):
        seal("hidden-value")
    assert not unseal("")


def test_a_secret_shows_itself_nowhere():
    secret = Secret("hidden-value")
    assert "hidden" not in f"{secret} {secret!r}"
    assert secret.hidden_in("you sent hidden-value") == "you sent •••"
    assert (hint("sk_0123456789abcdef"), hint("short")) == ("cdef", "")


@pytest.mark.row("R11")
def test_locally_a_key_is_made_once_and_kept_to_oneself(tmp_path, monkeypatch):
    monkeypatch.delenv("FIELD_ENCRYPTION_KEY", raising=False)
    first = read_field_keys(environ.Env(), LOCAL, tmp_path)
    assert first == read_field_keys(environ.Env(), LOCAL, tmp_path)
    assert stat.S_IMODE((tmp_path / "field-encryption-key").stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["field-encryption-key"]


def test_in_production_none_is_made_up_and_a_wrong_one_is_refused_unshown(tmp_path, monkeypatch):
    monkeypatch.delenv("FIELD_ENCRYPTION_KEY", raising=False)
    assert read_field_keys(environ.Env(), PRODUCTION, tmp_path) == []
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("FIELD_ENCRYPTION_KEY", f"{NEW},not-a-key")
    with pytest.raises(ImproperlyConfigured) as refusal:
        read_field_keys(environ.Env(), PRODUCTION, tmp_path)
    assert "not-a-key" not in str(refusal.value)
    monkeypatch.setenv("FIELD_ENCRYPTION_KEY", f"{NEW},{OLD}")
    assert read_field_keys(environ.Env(), PRODUCTION, tmp_path) == [NEW, OLD]

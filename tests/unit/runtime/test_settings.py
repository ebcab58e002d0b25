"""What an administrator may set, and what a wrong value is answered with."""

from pathlib import Path

import pytest

from atlas_hub.settings import Settings, load_settings
from atlas_hub_core.errors import InvalidInput


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(f"ATLAS_{name.upper()}", raising=False)


def test_defaults_need_nothing():
    settings = load_settings()
    assert settings.database_url is None
    assert settings.redis_url is None
    assert settings.data_dir == Path.cwd() / ".atlas"
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.plugins is None
    assert not settings.test_clock


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DATA_DIR", "~/x", Path.home() / "x"),
        ("DATA_DIR", "here/../there", Path.cwd() / "there"),
        ("PLUGINS", "", ()),
        ("PLUGINS", "stripe, hubspot", ("stripe", "hubspot")),
        ("TEST_CLOCK", "1", True),
        ("SAFE_MODE", "true", True),
        ("PORT", "0", 0),
        ("LOG_LEVEL", "DEBUG", "debug"),
        ("REDIS_URL", "", ""),
        ("REDIS_URL", "unix:///run/x.sock?db=0", "unix:///run/x.sock?db=0"),
        ("DATABASE_URL", "postgres://u:p@h/d", "postgres://u:p@h/d"),
        ("DATABASE_URL", "postgresql+asyncpg://u@/d?host=/x", "postgresql+asyncpg://u@/d?host=/x"),
    ],
)
def test_value_is_read(monkeypatch, name, value, expected):
    monkeypatch.setenv(f"ATLAS_{name}", value)
    assert getattr(load_settings(), name.lower()) == expected


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("PORT", "http", "Port of the API"),
        ("PORT", "70000", "Port of the API"),
        ("BOOTSTRAP_KEY", "short", "32 characters or more"),
        ("SECRET_KEY", "short", "32 characters or more"),
        ("DATABASE_URL", "mysql://u@h/d", "postgresql://user:password@host/database"),
        ("DATABASE_URL", "", "postgresql://user:password@host/database"),
        ("REDIS_URL", "localhost:6379", "redis://host:6379/0"),
        ("TEST_CLOCK", "maybe", "Business time"),
        ("LOG_LEVEL", "loud", "How much the hub logs"),
    ],
)
def test_wrong_value_names_variable_and_remedy(monkeypatch, name, value, remedy):
    monkeypatch.setenv(f"ATLAS_{name}", value)
    with pytest.raises(InvalidInput, match=f"ATLAS_{name}: ") as refusal:
        load_settings()
    assert remedy in refusal.value.message
    assert refusal.value.field == f"ATLAS_{name}"


def test_all_wrong_values_are_named_at_once(monkeypatch):
    monkeypatch.setenv("ATLAS_PORT", "x")
    monkeypatch.setenv("ATLAS_TEST_CLOCK", "x")
    with pytest.raises(InvalidInput, match=r"(?s)ATLAS_PORT.*ATLAS_TEST_CLOCK"):
        load_settings()


def test_secrets_are_not_shown(monkeypatch):
    monkeypatch.setenv("ATLAS_BOOTSTRAP_KEY", "k" * 32)
    settings = load_settings()
    assert "kkk" not in repr(settings)
    assert settings.bootstrap_key.get_secret_value() == "k" * 32


def test_settings_do_not_change():
    with pytest.raises(ValueError, match="frozen"):
        load_settings().port = 1

"""Settings of the hub: environment variables that begin with ATLAS_.

`docs/reference/settings.md` is printed from this model; a test keeps both equal.
"""

from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from atlas_hub_core.errors import InvalidInput

PREFIX: Final = "ATLAS_"


def _absolute(path: Path) -> Path:
    return path.expanduser().resolve()


class Settings(BaseSettings):
    """What an administrator may set. Everything has a default; no value changes after the start."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    database_url: str | None = Field(
        default=None,
        min_length=1,
        pattern=r"^postgres(ql)?(\+asyncpg)?://",
        description="PostgreSQL 16 or newer, as `postgresql://user:password@host/database`. Unset:"
        " the hub runs its own in the data folder.",
    )
    redis_url: str | None = Field(
        default=None,
        pattern=r"^$|^(rediss?|unix)://",
        description="Redis or Valkey, as `redis://host:6379/0`, which only wakes workers sooner."
        " Unset: the hub runs its own in the data folder. Empty: none.",
    )
    data_dir: Annotated[Path, AfterValidator(_absolute)] = Field(
        default=Path(".atlas"),
        validate_default=True,
        description="Folder of the hub's own servers and of `runtime.json`.",
    )
    host: str = Field(default="127.0.0.1", min_length=1, description="Address the API listens on.")
    port: int = Field(
        default=8000, ge=0, le=65535, description="Port of the API; 0 takes a free one."
    )
    secret_key: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="Key that seals the secrets of connections, 32 characters or more. Unset: one"
        " is made and kept in the data folder.",
    )
    bootstrap_key: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="The first API key, with all scopes, for automation: any string of 32"
        " characters or more.",
    )
    test_clock: bool = Field(
        default=False,
        description="Business time stands still and is moved by `POST /v1/test_clock`; never in"
        " production.",
    )
    plugins: Annotated[tuple[str, ...] | None, NoDecode] = Field(
        default=None,
        description="Names of the plugins to load, separated by commas. Unset: all that are"
        " installed. Empty: none.",
    )
    safe_mode: bool = Field(
        default=False, description="Load no third-party plugins, to look at a hub that one broke."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="How much the hub logs."
    )

    @field_validator("plugins", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value


def load_settings() -> Settings:
    """Read the settings of this process.

    Raises:
        InvalidInput: A value is not usable; the message names each variable and what it may be.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = [(_variable(p["loc"]), p["msg"]) for p in error.errors()]
        lines = [f"{name}: {reason}. {_meaning(name)}" for name, reason in problems]
        raise InvalidInput("\n".join(lines), code="invalid_setting", field=problems[0][0]) from None


def settings_table() -> str:
    """Return the Markdown table of all settings."""
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else f"`{_shown(field.default)}`"
        rows.append(f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows) + "\n"


def _variable(location: tuple[int | str, ...]) -> str:
    return f"{PREFIX}{location[0]}".upper()


def _meaning(variable: str) -> str:
    field = Settings.model_fields[variable.removeprefix(PREFIX).lower()]
    return field.description or ""


def _shown(default: object) -> str:
    return str(int(default)) if isinstance(default, bool) else str(default)

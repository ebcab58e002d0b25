"""`atlas_connector.toml`: what a plugin says of itself, read without running its code."""

from __future__ import annotations

import importlib.util
import tomllib
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path
from typing import Annotated, Final, Literal

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    StringConstraints,
    ValidationError,
    model_validator,
)

from atlas_hub.plugins.guard import PluginError, describe
from atlas_hub.sdk import API_VERSION

FILE_NAME: Final = "atlas_connector.toml"
MOST_BYTES: Final = 65536

Capability = Literal["payments"]


def _specifiers(text: str) -> str:
    try:
        SpecifierSet(text)
    except InvalidSpecifier as error:
        raise ValueError(f"{text!r} is not a version range such as '>=1.0,<2'") from error
    return text


def _version(text: str) -> str:
    try:
        Version(text)
    except InvalidVersion as error:
        raise ValueError(f"{text!r} is not a version such as '1.2.0'") from error
    return text


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
SecretName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Host = Annotated[str, StringConstraints(pattern=r"^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*$")]
Url = Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]


class Manifest(BaseModel):
    """What stands in `atlas_connector.toml`.

    Attributes:
        slug: Name of the plugin everywhere; also the name of its entry point.
        name: Its name for people.
        version: Version of the distribution.
        api: Versions of the plugin API that it works with, such as `>=1.0,<2`.
        capabilities: What its connector can do.
        allowed_hosts: Hosts that it calls; `*.` in front stands for any subdomain.
        docs: Where it is documented.
        secrets: Names of the secrets that a connection needs.
        planned: There is nothing to load yet.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    slug: Slug
    name: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    version: Annotated[str, AfterValidator(_version)]
    api: Annotated[str, AfterValidator(_specifiers)]
    capabilities: list[Capability] = []
    allowed_hosts: list[Host] = []
    docs: Url | None = None
    secrets: list[SecretName] = []
    planned: bool = False

    @model_validator(mode="after")
    def _planned_has_nothing(self) -> Manifest:
        if self.planned and self.capabilities:
            raise ValueError("a planned connector has no capabilities yet; remove one of the two")
        return self

    def check_api(self) -> None:
        """Raise `PluginError` with code `plugin_incompatible` unless it fits this hub."""
        hub = ".".join(map(str, API_VERSION))
        if not SpecifierSet(self.api).contains(hub):
            raise PluginError(
                f"It works with plugin API {self.api}, but this hub has {hub}. "
                f"Install a version of the plugin made for {hub}.",
                code="plugin_incompatible",
            )


def package_of(entry: EntryPoint) -> str:
    """Return the top package that an entry point names; any text if it names none."""
    return entry.value.partition(":")[0].partition(".")[0].strip()


def find_manifest(entry: EntryPoint, distribution: Distribution) -> Path:
    """Return the path of the manifest in the top package that the entry point names.

    The distribution's own list of files comes first. An editable install lists no package; there
    the path is asked for the package's place, which does not run it.
    """
    package = package_of(entry)
    wanted = f"{package}/{FILE_NAME}"
    for file in distribution.files or ():
        if file.as_posix() == wanted:
            return Path(str(distribution.locate_file(file)))
    spec = importlib.util.find_spec(package) if package.isidentifier() else None
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder) / FILE_NAME
        if path.is_file():
            return path
    raise PluginError(f"There is no {FILE_NAME} in the package {package!r}. Add one.")


def read_manifest(path: Path) -> Manifest:
    """Return the manifest; `PluginError` says which line or key is wrong."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise PluginError(f"{FILE_NAME} is larger than {MOST_BYTES} bytes.")
        return Manifest.model_validate(tomllib.loads(content.decode()))
    except ValidationError as error:
        raise PluginError(f"{FILE_NAME}: {_first_problem(error)}") from error
    except (OSError, ValueError) as error:  # TOML and UTF-8 errors are ValueErrors
        raise PluginError(f"{FILE_NAME} cannot be read: {describe(error)}") from error


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    path = ".".join(str(step) for step in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return f"{path}: {message}." if path else f"{message}."

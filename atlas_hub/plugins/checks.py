"""Checks what plugins answer: the right classes, complete, and in keeping with the manifest."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from types import NoneType
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, SecretStr

from atlas_hub.plugins.guard import PluginError
from atlas_hub.plugins.manifest import Capability, Manifest
from atlas_hub.sdk import Connector
from atlas_hub_core.params import Params

Kind = TypeVar("Kind", bound=Params)


@dataclass(frozen=True, slots=True)
class ConnectorInfo:
    """What an API or a form needs to know of a connector.

    Attributes:
        slug: Its name in connections.
        config_schema: JSON Schema of the configuration.
        secrets: Names of the secrets.
    """

    slug: str
    config_schema: dict[str, Any]
    secrets: tuple[str, ...]


def classes_in(hook: str, answer: object, base: type | tuple[type, ...]) -> list[type[Any]]:
    """Return the answer of a hook if it is a list of complete classes of a kind."""
    if inspect.iscoroutine(answer):
        answer.close()
        raise PluginError(f"{hook} answered with a coroutine; it must not be async.")
    if not isinstance(answer, list):
        raise PluginError(f"{hook} answered with {type(answer).__name__}, not a list of classes.")
    for item in answer:
        _check_class(hook, item, base if isinstance(base, tuple) else (base,))
    return answer


def _check_class(hook: str, item: object, bases: tuple[type, ...]) -> None:
    if not inspect.isclass(item):
        raise PluginError(f"{hook} answered with {type(item).__name__} where a class is due.")
    if not issubclass(item, bases):
        expected = " or ".join(base.__name__ for base in bases)
        raise PluginError(f"{hook} answered with {item.__qualname__}, which is no {expected}.")
    if inspect.isabstract(item):
        missing = ", ".join(sorted(getattr(item, "__abstractmethods__", ())))
        raise PluginError(f"{item.__qualname__} is abstract: it lacks {missing}.")


def describe_connector(connector: type[Connector], manifest: Manifest) -> ConnectorInfo:
    """Return what a form needs, once class and manifest are found to agree."""
    name = connector.__qualname__
    slug = getattr(connector, "slug", None)
    if slug != manifest.slug:
        raise PluginError(f"{name}.slug is {slug!r}, but the manifest says {manifest.slug!r}.")
    _check_capabilities(connector, manifest.capabilities)
    config = _model(connector, "config_model")
    secrets = _model(connector, "secrets_model")
    _check_secrets(secrets, manifest.secrets)
    return ConnectorInfo(manifest.slug, config.model_json_schema(), tuple(secrets.model_fields))


def _check_capabilities(connector: type[Connector], declared: Iterable[Capability]) -> None:
    for capability in get_args(Capability):
        has = getattr(connector, capability) is not getattr(Connector, capability)
        if has is not (capability in declared):
            fact = "overrides" if has else "does not override"
            wish = "does not declare" if has else "declares"
            raise PluginError(
                f"{connector.__qualname__} {fact} {capability}(), but the manifest {wish} it."
            )


def _model(connector: type[Connector], attribute: str) -> type[BaseModel]:
    model = getattr(connector, attribute, None)
    if not (inspect.isclass(model) and issubclass(model, BaseModel)):
        raise PluginError(f"{connector.__qualname__}.{attribute} is not a pydantic model.")
    return model


def _check_secrets(model: type[BaseModel], declared: list[str]) -> None:
    for name, field in model.model_fields.items():
        if set(get_args(field.annotation) or (field.annotation,)) - {NoneType} != {SecretStr}:
            raise PluginError(
                f"The secret {name!r} is not a SecretStr, so that logs could show it."
            )
    if set(model.model_fields) != set(declared):
        raise PluginError(
            f"{model.__qualname__} has the secrets {sorted(model.model_fields)}, "
            f"but the manifest lists {sorted(declared)}."
        )


def check_kind(kind: type[Params]) -> None:
    """Refuse a price model or aggregation that cannot join the others."""
    field = kind.model_fields.get("type")
    if field is None or get_origin(field.annotation) is not Literal:
        raise PluginError(f'{kind.__qualname__} lacks its own type: Literal["..."] = "...".')
    if get_args(field.annotation) != (field.default,):
        raise PluginError(f"The default of {kind.__qualname__}.type is not its one literal.")
    kind.model_json_schema()  # raises where a form could not be made of it


def type_of(kind: type[Params]) -> str:
    """Return the word in `type` that tells a price model or aggregation from others."""
    return str(kind.model_fields["type"].default)

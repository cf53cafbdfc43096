"""Reading the environment: the settings, or everything that is wrong with it."""

import math
from collections.abc import Mapping
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from gateway.settings import soundness
from gateway.settings.settings import Settings

_WORDS: Final[Mapping[type, str]] = {int: "a whole number", float: "a number", bool: "true or false"}


class SettingsInvalid(Exception):
    """The environment is not complete or not sound; every fault is listed."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("the settings do not hold:\n" + "\n".join(f"  - {fault}" for fault in faults))
        self.faults = faults


def read(environ: Mapping[str, str]) -> Settings:
    """The settings, or everything that is wrong with them at once.

    Raises:
        SettingsInvalid: lists every fault.
    """
    values, faults = _converted(environ)
    settings = Settings(**{"gateway_env": "sandbox", "database_url": "", **values})
    # What is wrong by itself says nothing about what fits together with it.
    together = [sentence for names, sentence in soundness.faults(settings) if names.isdisjoint(faults)]
    if faults or together:
        raise SettingsInvalid([*faults.values(), *together])
    return settings


def explained() -> list[tuple[str, str, str]]:
    """Name, default and meaning of every setting, for the README."""
    hints = get_type_hints(Settings, include_extras=True)
    defaults = {field.name: field.default for field in msgspec.structs.fields(Settings)}
    return [(name.upper(), _shown(defaults[name]), get_args(hints[name])[1].description) for name in defaults]


def _shown(default: Any) -> str:
    return "" if default is msgspec.NODEFAULT else str(default)


def _converted(environ: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The settings that can be read, and by its name what is wrong with each of the others."""
    values: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for field in msgspec.structs.fields(Settings):
        name, text = field.encode_name, environ.get(field.encode_name)
        if text is None:
            if field.default is msgspec.NODEFAULT:
                faults[name] = f"{name} is missing: it has to {_wanted(field.type)}"
            continue
        try:
            value = msgspec.convert(text, field.type, strict=False)
        except msgspec.ValidationError:
            faults[name] = f"{name} has to {_wanted(field.type)}"
            continue
        if isinstance(value, float) and not 0 <= value < math.inf:
            faults[name] = f"{name} has to be zero or more, and finite"
        else:
            values[field.name] = value
    return values, faults


def _wanted(kind: Any) -> str:
    """What a value of this setting has to do; never the value itself, which may be a secret."""
    plain, *metas = get_args(kind)
    if get_origin(plain) is Literal:
        return f"be {' or '.join(get_args(plain))}"
    [meta] = [one for one in metas if isinstance(one, Meta)]
    if meta.extra:
        return str(meta.extra["wanted"])
    words = f"be {_WORDS[plain]}"
    if meta.ge is not None:
        words += f", {meta.ge} at least"
    return words + (f" and {meta.le} at most" if meta.le is not None else "")

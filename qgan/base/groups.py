"""Groups of options given as mappings: ``Configuration(generator={"core": "dense"})``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints

from .errors import ConfigError, did_you_mean


def fill_groups(options: Any) -> None:
    """Makes the dataclass of each field that should be one and is a mapping; for ``__post_init__``.

    Raises:
        ConfigError: a group has no option of that name.
    """
    hints = get_type_hints(type(options))
    for field in fields(options):
        kind, value = hints[field.name], getattr(options, field.name)
        if isinstance(kind, type) and is_dataclass(kind) and isinstance(value, Mapping):
            known = [option.name for option in fields(kind)]
            for name in value:
                if name not in known:
                    raise ConfigError(f"{field.name}.{name}: no such option{did_you_mean(name, known)}")
            setattr(options, field.name, kind(**value))

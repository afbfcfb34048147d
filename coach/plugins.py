"""Finding plugins: every file of a folder exports one constant of one type."""

import importlib
import pkgutil
from types import ModuleType
from typing import TypeVar

from coach.errors import PluginError

T = TypeVar("T")


def load(package: ModuleType, constant: str, kind: type[T] | tuple[type[T], ...]) -> dict[str, T]:
    """All plugins of a package by file name, in alphabetical order.

    Raises `PluginError` naming the file that lacks the constant.
    """
    kinds = kind if isinstance(kind, tuple) else (kind,)
    found: dict[str, T] = {}
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda item: item.name):
        name = f"{package.__name__}.{module.name}"
        plugin = getattr(importlib.import_module(name), constant, None)
        if not isinstance(plugin, kinds):
            wanted = " or ".join(each.__name__ for each in kinds)
            raise PluginError(f"{name} must define {constant}: {wanted}.")
        found[module.name] = plugin
    return found

"""The parts of one kind, found and never listed by hand.

A part is one object with a `name`, made at the top of a module of its own. The modules are those of
one package (`driftline.statistics`) and those that other distributions announce as entry points of
the group of the same name:

    [project.entry-points."driftline.statistics"]
    my_statistic = "my_package.my_module:my_statistic"
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType, ModuleType
from typing import Protocol, TypeVar

from driftline.errors import PartError


class Named(Protocol):
    @property
    def name(self) -> str: ...


P = TypeVar("P", bound=Named)


@cache
def parts(package: str, of: type[P]) -> Mapping[str, P]:
    """Every object of type `of` in the modules of `package` and in its entry points, by name.

    Sorted by name. The modules are imported by the first call, not before. Modules without such an
    object are helpers and are passed over. Raises PartError when two parts share a name, or when an
    entry point cannot be loaded or is something else than `of`.
    """
    found: dict[str, tuple[P, str]] = {}
    for part, where in (*_own(package, of), *_announced(package, of)):
        known, first = found.setdefault(part.name, (part, where))
        if known is not part:
            raise PartError(
                f'two parts of {package} have the name "{part.name}": one in {first}, one in '
                f"{where}; rename or uninstall one of them"
            )
    return MappingProxyType({name: found[name][0] for name in sorted(found)})


def _own(package: str, of: type[P]) -> Iterator[tuple[P, str]]:
    folder: ModuleType = importlib.import_module(package)
    for module in pkgutil.iter_modules(folder.__path__, f"{package}."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, of):
                yield value, module.name


def _announced(group: str, of: type[P]) -> Iterator[tuple[P, str]]:
    for entry in entry_points(group=group):
        where = f'entry point "{entry.name}" of {_distribution(entry)}'
        try:
            part = entry.load()
        except (ImportError, AttributeError) as error:
            raise PartError(
                f"{where} ({entry.value}) cannot be loaded: {error}; repair or uninstall it"
            ) from error
        if not isinstance(part, of):
            raise PartError(
                f"{where} ({entry.value}) must be a {of.__name__}; found a {type(part).__name__}"
            )
        yield part, where


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else "an unknown distribution"

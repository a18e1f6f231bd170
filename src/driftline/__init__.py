"""Driftline tells the owners of a machine-learning model when its world has changed.

>>> import numpy as np
>>> import driftline as dl
>>> reference = dl.Reference.fit({"age": np.arange(1000.0)})
>>> dl.compare(reference, {"age": np.arange(1000.0) + 300}).drifted
True

Importing this module is cheap: each public name is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from driftline.api import Comparison as Comparison
    from driftline.api import compare as compare
    from driftline.client import Client as Client
    from driftline.errors import ColumnError as ColumnError
    from driftline.errors import DataError as DataError
    from driftline.errors import DriftlineError as DriftlineError
    from driftline.errors import ProfileError as ProfileError
    from driftline.errors import SettingsError as SettingsError
    from driftline.errors import SourceError as SourceError
    from driftline.errors import StoreError as StoreError
    from driftline.profiles.profile import Profile as Profile
    from driftline.reference import Reference as Reference
    from driftline.settings import load_settings as load_settings

    __version__: str

_HOMES = {
    "Client": "driftline.client",
    "ColumnError": "driftline.errors",
    "Comparison": "driftline.api",
    "DataError": "driftline.errors",
    "DriftlineError": "driftline.errors",
    "Profile": "driftline.profiles.profile",
    "ProfileError": "driftline.errors",
    "Reference": "driftline.reference",
    "SettingsError": "driftline.errors",
    "SourceError": "driftline.errors",
    "StoreError": "driftline.errors",
    "compare": "driftline.api",
    "load_settings": "driftline.settings",
}
"""Where each public name is defined."""

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            found = version("driftline")
        except PackageNotFoundError:
            found = "0 (not installed)"
    elif name in _HOMES:
        found = getattr(import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, "__version__"})

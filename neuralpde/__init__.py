"""Neural PDE solvers and operator learning in JAX, on one function-space abstraction.

The packages are the public surface: ``neuralpde.spaces``, ``nn``, ``equations``, ``solvers``, ``operators``, ``pinn``,
``data``, ``interop``, ``training``, ``evaluation`` and ``cli``. They are imported when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neuralpde.cli import load_run

__version__ = "0.1.0"

PACKAGES = (
    "cli",
    "data",
    "dynamics",
    "equations",
    "evaluation",
    "interop",
    "nn",
    "operators",
    "pinn",
    "solvers",
    "spaces",
    "training",
)

__all__ = ["__version__", "load_run"]


def __getattr__(name: str) -> Any:
    if name in PACKAGES:
        return importlib.import_module(f"neuralpde.{name}")
    if name == "load_run":
        from neuralpde.cli import load_run

        return load_run
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *PACKAGES])

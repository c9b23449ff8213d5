"""The command line on Hydra: train, evaluate, generate, list; and runs given back as operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .application import main

if TYPE_CHECKING:
    from .building import build
    from .operator import load_run
    from .solve import load_solution

__all__ = ["build", "load_run", "load_solution", "main"]


def __getattr__(name: str):
    # `main --help` must not wait for JAX: what needs it is imported when it is asked for.
    if name == "build":
        from .building import build

        return build
    if name == "load_run":
        from .operator import load_run

        return load_run
    if name == "load_solution":
        from .solve import load_solution

        return load_solution
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

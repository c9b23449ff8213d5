"""Objects from configuration: ``{_target_: neuralpde.operators.MgNO, width: 16}`` becomes a call.

A configuration may come from somebody else (a downloaded run), so a target is a *name in a list of doors*,
never a path through attributes: the part before the last dot must be one of `DOORS`, the last part a public
function or class which that door offers. The whole tree is checked, arguments included, before the first
call is made; what is checked is what is called. Plain Python containers go in, lists become tuples
(configuration is static and hashed).
"""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from .refusal import UsageError, suggestion
from .types import accepts, as_annotated, describe_type, parameter_types

TARGET, PARTIAL = "_target_", "_partial_"

OPERATOR_DOORS = (
    *("neuralpde.operators", "neuralpde.dynamics", "neuralpde.nn", "neuralpde.spaces", "equinox.nn", "jax.nn"),
    "diffrax",
)
DATA_DOORS = (
    *("neuralpde.data", "neuralpde.data.series", "neuralpde.spaces", "neuralpde.equations", "neuralpde.solvers"),
)
PROBLEM_DOORS = ("neuralpde.pinn", "neuralpde.pinn.problems", "neuralpde.spaces", "neuralpde.equations")
NETWORK_DOORS = ("neuralpde.pinn", "neuralpde.nn", "jax.nn")
TRAINING_DOORS = (
    "neuralpde.training",
    "neuralpde.pinn",
    "neuralpde.pinn.causal",  # imported only where a configuration asks for it: see the notice there
    "neuralpde.spaces",
    "neuralpde.equations",
    "optax",
    "optax.contrib",
    "optax.losses",
)
DOORS = tuple(dict.fromkeys(OPERATOR_DOORS + DATA_DOORS + TRAINING_DOORS + PROBLEM_DOORS + NETWORK_DOORS))

SLOTS = {
    "dataset": DATA_DOORS,
    "model": OPERATOR_DOORS,
    "problem": PROBLEM_DOORS,
    "network": NETWORK_DOORS,
    "task": TRAINING_DOORS,
    "optimizer": TRAINING_DOORS,
}
"""The doors of each part of a run's configuration."""

HOMES = ("neuralpde", "optax", "equinox", "jax", "diffrax")
"""Packages whose code may be called: a door must not hand out what it imported from elsewhere."""


def build(config: Any, doors: Sequence[str] = DOORS) -> Any:
    """The object that a configuration describes.

    A mapping with ``_target_`` is called with its other entries as arguments, or with ``_partial_: true``
    becomes a callable that waits for more arguments. Raises `UsageError` for a target outside ``doors``, an
    unknown argument or one of another type, naming the entry.
    """
    _check(config, tuple(doors), "")
    return _make(config, tuple(doors))


def check_slots(config: Mapping[str, Any]) -> None:
    """Check every part of a run's configuration as `build` does, without calling anything."""
    for slot, doors in SLOTS.items():
        if config.get(slot) is not None:
            _check({slot: config[slot]}, doors, "")


def locate(path: object, doors: Sequence[str] = DOORS) -> Callable[..., Any]:
    """The public function or class at ``door.Name``; raises `UsageError` for anything else."""
    door, _, name = path.rpartition(".") if isinstance(path, str) else ("", "", "")
    if door not in doors:
        raise UsageError(
            f"The configuration asks to call {path!r}, which is not allowed: a {TARGET} is a public name of "
            f"{', '.join(doors)}."
        )
    module = importlib.import_module(door)
    target = getattr(module, name, None) if name in public_names(module) else None
    if target is None or not _is_own(target):
        raise UsageError(f"{door} offers no {name!r} to call. {suggestion(name, callables(module), 'it offers')}")
    return target


def public_names(module: ModuleType) -> list[str]:
    """What a package offers: its ``__all__``, or its names without a leading underscore."""
    return list(getattr(module, "__all__", [name for name in vars(module) if not name.startswith("_")]))


def callables(module: ModuleType) -> list[str]:
    """The public functions and classes of a package's own."""
    return [name for name in public_names(module) if _is_own(vars(module).get(name))]


def _is_own(value: Any) -> bool:
    home = getattr(value, "__module__", None)
    return callable(value) and isinstance(home, str) and home.partition(".")[0] in HOMES


def _check(config: Any, doors: tuple[str, ...], where: str):
    if isinstance(config, Mapping):
        if TARGET in config:
            _check_call(config, doors, where)
        for key, value in config.items():
            _check(value, doors, f"{where}.{key}" if where else str(key))
    elif isinstance(config, list | tuple):
        for i, value in enumerate(config):
            _check(value, doors, f"{where}[{i}]")


def _check_call(config: Mapping[str, Any], doors: tuple[str, ...], where: str):
    target = locate(config[TARGET], doors)
    arguments = _arguments(config)
    at = f" at {where!r}" if where else ""
    if not isinstance(config.get(PARTIAL, False), bool):
        raise UsageError(f"{config[TARGET]}{at}: {PARTIAL} is true or false, got {config[PARTIAL]!r}.")
    known = _parameters(target)
    for name in arguments:
        if known is not None and name not in known:
            raise UsageError(
                f"{config[TARGET]}{at} has no argument {name!r}. {suggestion(name, known, 'its arguments')}"
            )
    types = parameter_types(target)
    for name, value in arguments.items():
        if name in types and not _has_target(value) and not accepts(types[name], value):
            raise UsageError(
                f"{config[TARGET]}{at} wants {name} to be {describe_type(types[name])}, got {value!r} "
                f"({type(value).__name__})."
            )


def _parameters(target: Callable[..., Any]) -> list[str] | None:
    """Names of the arguments, or None where any name is accepted."""
    try:
        parameters = inspect.signature(target).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return None
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]


def _arguments(config: Mapping[str, Any]) -> dict[str, Any]:
    arguments = {key: value for key, value in config.items() if key not in (TARGET, PARTIAL)}
    for key in arguments:
        if not isinstance(key, str) or key.startswith("_"):
            raise UsageError(f"{config[TARGET]} has no argument {key!r}; only {TARGET} and {PARTIAL} are special.")
    return arguments


def _has_target(value: Any) -> bool:
    if isinstance(value, Mapping):
        return TARGET in value or any(_has_target(v) for v in value.values())
    return isinstance(value, list | tuple) and any(_has_target(v) for v in value)


def _make(config: Any, doors: tuple[str, ...]) -> Any:
    if isinstance(config, Mapping):
        if TARGET not in config:
            return {key: _make(value, doors) for key, value in config.items()}
        target = locate(config[TARGET], doors)
        types = parameter_types(target)
        arguments = {
            key: as_annotated(types.get(key), _make(value, doors)) for key, value in _arguments(config).items()
        }
        if not config.get(PARTIAL, False):
            return target(**arguments)
        # Without arguments it waits as it is: an activation built twice is the same activation.
        return functools.partial(target, **arguments) if arguments else target
    if isinstance(config, list | tuple):
        return tuple(_make(value, doors) for value in config)
    return config

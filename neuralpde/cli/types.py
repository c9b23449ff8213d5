"""Whether a plain configuration value fits a parameter's annotation.

Only what can be told from plain data is judged (numbers, strings, booleans, sequences and their unions);
any other annotation accepts everything, and the constructor judges.
"""

from __future__ import annotations

import collections.abc
import inspect
import types
import typing
from collections.abc import Callable
from typing import Any

SEQUENCES = (tuple, list, collections.abc.Sequence, collections.abc.Iterable)
MAPPINGS = (dict, collections.abc.Mapping)


def parameter_types(target: Callable[..., Any]) -> dict[str, Any]:
    """Annotations of a function's parameters or of a class's constructor; empty where they cannot be read."""
    function = target.__init__ if inspect.isclass(target) else target
    try:
        hints = typing.get_type_hints(function)
    except Exception:  # a name that exists for type checkers only: nothing is known of this function
        return {}
    hints.pop("return", None)
    return hints


def accepts(annotation: Any, value: Any) -> bool:
    """Whether plain data may be meant by an annotation; an integer is a float, a boolean is no number."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if _is_union(annotation):
        return any(accepts(argument, value) for argument in arguments)
    if origin is typing.Literal:
        return value in arguments
    if origin in SEQUENCES or annotation in SEQUENCES:
        return isinstance(value, list | tuple) and _elements_fit(origin, arguments, value)
    if origin in MAPPINGS or annotation in MAPPINGS:
        return isinstance(value, collections.abc.Mapping)
    if origin is collections.abc.Callable or annotation is collections.abc.Callable:
        return callable(value)
    if annotation is None or annotation is type(None):
        return value is None
    if annotation is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if annotation is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if annotation in (bool, str):
        return isinstance(value, annotation)
    return True


def as_annotated(annotation: Any, value: Any) -> Any:
    """A whole number as a float where only a float is meant: ``learning_rate: 1`` in a configuration."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    kinds = typing.get_args(annotation) if _is_union(annotation) else (annotation,)
    return float(value) if whole and float in kinds and int not in kinds else value


def _is_union(annotation: Any) -> bool:
    return typing.get_origin(annotation) in (typing.Union, types.UnionType)


def _elements_fit(origin: Any, arguments: tuple[Any, ...], value: list | tuple) -> bool:
    if not arguments:
        return True
    if origin is tuple and not (len(arguments) == 2 and arguments[1] is Ellipsis):
        return len(value) == len(arguments) and all(map(accepts, arguments, value))
    return all(accepts(arguments[0], element) for element in value)


def describe_type(annotation: Any) -> str:
    """An annotation for a sentence: ``int or tuple[int, ...]``."""
    if _is_union(annotation):
        return " or ".join(describe_type(argument) for argument in typing.get_args(annotation))
    if typing.get_origin(annotation) is typing.Literal:
        return " or ".join(map(repr, typing.get_args(annotation)))
    if annotation is type(None):
        return "null"
    if isinstance(annotation, type) and typing.get_origin(annotation) is None:
        return annotation.__name__
    return str(annotation).replace("typing.", "").replace("collections.abc.", "")

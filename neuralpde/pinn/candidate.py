"""What is trained to solve a problem."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import equinox as eqx
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractFunction, FunctionSpace, Value, concatenate, propagate

from .unknowns import as_unknowns


class Candidate(eqx.Module):
    """A function that may solve a problem, and quantities that stand in for unknowns of its laws.

    u: the function, such as ``Neural(network, problem.space)``. unknowns: numbers, arrays, `Positive` quantities and
    functions, by the name under which an equation or a condition asks for them; empty in a forward problem.
    """

    u: AbstractFunction
    unknowns: dict[str, Any]

    def __init__(self, u: AbstractFunction, unknowns: Mapping[str, Any] | None = None):
        self.u, self.unknowns = u, as_unknowns(unknowns or {})


class Joined(AbstractFunction):
    """Several functions of the same coordinates side by side: one network a field, or one a subdomain."""

    functions: tuple[AbstractFunction, ...]
    space: FunctionSpace = eqx.field(static=True)

    def __init__(self, *functions: AbstractFunction):
        domains = {function.space.domain for function in functions}
        if len(domains) != 1:
            raise ArgumentError(f"Joined wants functions on one domain, got {len(domains)} domains.")
        names = tuple(name for function in functions for name in function.space.names)
        self.functions, self.space = functions, FunctionSpace(domains.pop(), names)

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " c"]:
        return self.propagate(x)

    def propagate(self, x: Value) -> Value:
        """Value at a point, or the series of the value for that of the point."""
        return concatenate([propagate(function, x) for function in self.functions])

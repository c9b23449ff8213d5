"""Motion that depends on the parameters of an experiment: through learned quantities of a known law, or altogether."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from neuralpde.errors import ArgumentError

from .fields import MLPField
from .method import Method
from .solve import VectorField, solve
from .solved import Cost, Solved
from .times import Times

Sensitivities = Literal["adjoint", "forward"]


class ParameterisedODE(eqx.Module):
    """dy/dt = physics(t, y, c) with closures c = closures(mu): a neural ODE with parameters mu (PNODE).

    The law is known but for some quantities, networks give these from the parameters of the experiment, and they are
    learned from what the solution does (Qian, Wang, Douasbin & Darve 2023: heat source and rates of an ignition).
    ``physics`` is a vector field whose ``args`` are the closures, any pytree; closures of a time are functions of mu
    that give functions of t. `JoinedField` makes it the PNODE without physics (`ParameterisedODE.classical`).

    sensitivities, how gradients pass through the solve:

        "adjoint":  backward, by the adjoint of ``method``; they reach closures, physics, states and times.
        "forward":  derivatives of all states by each of the closures are solved along with them, then multiplied:
                    cheap for a handful of closures and stiff solvers, with the memory of a single solve. They reach the
                    closures alone; equinox refuses others. The cost has no derivatives.
    """

    physics: VectorField
    closures: Callable[[Any], PyTree]
    method: Method
    sensitivities: Sensitivities = eqx.field(static=True)

    def __init__(
        self,
        physics: VectorField,
        closures: Callable[[Any], PyTree],
        *,
        method: Method | None = None,
        sensitivities: Sensitivities = "adjoint",
    ):
        if sensitivities not in ("adjoint", "forward"):
            raise ArgumentError(f'ParameterisedODE: sensitivities are "adjoint" or "forward", got {sensitivities!r}.')
        self.physics, self.closures, self.sensitivities = physics, closures, sensitivities
        self.method = Method() if method is None else method

    @classmethod
    def classical(
        cls,
        size: int,
        parameters: int,
        *,
        width: int = 64,
        depth: int = 2,
        time: bool = False,
        method: Method | None = None,
        key: PRNGKeyArray,
    ) -> ParameterisedODE:
        """dz/dt = f([z, mu], t) with a network for f (Lee & Parish, Proc. R. Soc. A 477 (2021) 20210162)."""
        net = MLPField(size + parameters, out_size=size, width=width, depth=depth, time=time, key=key)
        return cls(JoinedField(net), _same, method=method)

    def __call__(self, y0: PyTree, times: Times, parameters: Any) -> Solved:
        """States at ``times`` from y0 at the first of them, for ONE experiment."""
        closures = self.closures(parameters)
        if self.sensitivities == "adjoint":
            return solve(self.physics, y0, times, self.method, args=closures)
        return solve_forward(self.physics, y0, times, self.method, closures)


class JoinedField(eqx.Module):
    """f([y, mu], t): the parameters, as ``args``, are joined to the state."""

    field: VectorField

    def __call__(self, t: Any, y: Float[Array, " c"], args: Float[Array, " parameter"]) -> Float[Array, " c"]:
        return self.field(t, jnp.concatenate([y, jnp.asarray(args, y.dtype)]), None)


def solve_forward(field: VectorField, y0: PyTree, times: Times, method: Method, args: PyTree) -> Solved:
    """`solve` with gradients to ``args`` alone, by derivatives that run forward with the states; see `ParameterisedODE`."""
    adjoint = eqx.tree_at(lambda m: m.adjoint, method, diffrax.ForwardMode())
    states, cost = _solved(args, field, y0, jnp.asarray(times), adjoint)
    return Solved(jnp.asarray(times), states, cost)


@eqx.filter_custom_vjp
def _solved(args: PyTree, field: VectorField, y0: PyTree, times: Array, method: Method) -> tuple[PyTree, Cost]:
    solved = solve(field, y0, times, method, args=args)
    return solved.states, solved.cost


@_solved.def_fwd
def _solved_forward(perturbed, args, field, y0, times, method):
    del perturbed
    flat, unravel = ravel_pytree(args)

    def run(flat):
        solved = solve(field, y0, times, method, args=unravel(flat))
        return solved.states, (solved.states, solved.cost)

    derivatives, out = jax.jacfwd(run, has_aux=True)(flat)
    return out, derivatives


@_solved.def_bwd
def _solved_backward(derivatives, cotangents, perturbed, args, field, y0, times, method):
    del perturbed, field, y0, times, method
    states, _ = cotangents
    products = jax.tree.map(lambda d, c: jnp.tensordot(c, d, c.ndim), derivatives, states)
    return ravel_pytree(args)[1](sum(jax.tree.leaves(products)))


def _same(parameters: Any) -> Any:
    return parameters

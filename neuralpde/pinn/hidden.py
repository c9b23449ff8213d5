"""Terms of an equation that nobody knows: functions of the solution and its derivatives, to be learned and then read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.equations import PointFunction
from neuralpde.equations.derivatives import expanded
from neuralpde.equations.symbolic import Dictionary, FoundFormula, find_formula, polynomials
from neuralpde.errors import ArgumentError
from neuralpde.nn import mlp
from neuralpde.spaces import Box, FunctionSpace, Neural

from .candidate import Candidate
from .conditions import Observations
from .problem import Problem
from .sampling import Uniform, in_domain

Inputs = Callable[[PointFunction, Float[Array, " d"]], Float[Array, " k"]]


class HiddenTerm(eqx.Module):
    """``F(z(u, x))``, z values and derivatives of u at x: an unknown of a problem that a law asks for by its name.

    As F sees the state and not the place it is a law of its own, that may be read as a formula (Podina, Eastman &
    Kohandel, arXiv 2212.04630, "universal physics-informed networks"). In a law of Burgers' equation with unknown
    transport: ``rate(u)(x) + hidden(u, x) - nu * partial(u, 0, 2)(x)``.

    function: F, from (k,) to (m,): a network, or a `neuralpde.equations.symbolic.SparseFormula`. inputs: z, such as
    ``lambda u, x: jnp.concatenate([u(x), partial(u, 0)(x)])``. dictionary: terms in z of which F may be a sum.
    """

    function: Callable[[Float[Array, " k"]], Float[Array, " m"]]
    inputs: Inputs = eqx.field(static=True)
    dictionary: Dictionary = eqx.field(static=True)

    def __call__(self, u: PointFunction, x: Float[Array, " d"]) -> Float[Array, " m"]:
        return self.function(self.inputs(u, x))


def hidden_network(
    inputs: Inputs,
    ranges: Box,
    names: str | Sequence[str],
    *,
    width: int = 16,
    depth: int = 2,
    degree: int = 2,
    key: PRNGKeyArray,
) -> HiddenTerm:
    """A hidden term that is a network of tanh. ranges: a box whose axes are the inputs, about as far as they go.

    names: those of the components of F. degree: of the polynomials in the inputs that are its dictionary.
    """
    space = FunctionSpace(ranges, names)
    network = mlp(ranges.dim, space.channels, width=width, depth=depth, activation=jnp.tanh, key=key)
    return HiddenTerm(Neural(network, space), inputs, polynomials(ranges.names, degree))


def hidden_terms(unknowns: Mapping[str, Any]) -> dict[str, HiddenTerm]:
    """The hidden terms among unknowns."""
    return {name: term for name, term in unknowns.items() if isinstance(term, HiddenTerm)}


def visited(
    problem: Problem, candidate: Candidate, name: str, n: int, key: PRNGKeyArray
) -> tuple[Float[Array, "n k"], Float[Array, "n m"]]:
    """What went into a hidden term and came out of it at ``n`` random points of the domain.

    Of these inputs alone the data speak: elsewhere a network extrapolates. Raises ``ValueError`` where the candidate has no
    hidden term of that name.
    """
    hidden = hidden_terms(candidate.unknowns)
    if name not in hidden:
        raise ArgumentError(f"There is no hidden term {name!r}; the candidate has {', '.join(hidden) or 'none'}.")
    domain = problem.space.domain

    @eqx.filter_jit
    def both(term: HiddenTerm, u: PointFunction, key: PRNGKeyArray):
        x = in_domain(domain, Uniform(), n, key).x
        z = jax.vmap(lambda x: term.inputs(expanded(u, x), x))(x)
        return z, jax.vmap(term.function)(z)

    return both(hidden[name], candidate.u, key)


def read_hidden(
    problem: Problem,
    candidate: Candidate,
    name: str,
    *,
    n: int = 2000,
    choice: str = "bic",
    independent: float | None = None,
    key: PRNGKeyArray,
) -> FoundFormula:
    """The formula of a hidden term, by sparse regression on its dictionary at ``n`` places that the solution visits.

    independent: for how many values the ``n`` count, by default for as many as there are observations; see
    `neuralpde.equations.symbolic.sparse_regression`.
    """
    z, values = visited(problem, candidate, name, n, key)
    term = candidate.unknowns[name]
    if independent is None:
        observed = [len(c.x) for c in problem.conditions if isinstance(c, Observations)]
        independent = min(n, sum(observed)) if observed else n
    space = getattr(term.function, "space", None)
    outputs = getattr(term.function, "outputs", None) if space is None else space.names
    return find_formula(z, values, term.dictionary, outputs=outputs, choice=choice, independent=independent)


def with_formula(problem: Problem, name: str, found: FoundFormula) -> Problem:
    """The problem with a formula in the place of a hidden term: its coefficients are then unknowns like others.

    Trained again, the coefficients are free of what the network could not tell or has learned of the noise.
    """
    hidden = problem.unknowns[name]
    term = HiddenTerm(found.formula, hidden.inputs, hidden.dictionary)
    return eqx.tree_at(lambda p: p.unknowns[name], problem, term)

"""Functions that meet conditions exactly hand Taylor series on to their network: the same derivatives, by fewer operations."""

import jax
import jax.numpy as jnp
import numpy as np

from neuralpde.equations import Burgers
from neuralpde.equations.derivatives import expanded
from neuralpde.nn import mlp
from neuralpde.pinn import Boundary, Constrained, Joined, Problem, Started, distance_to_boundary
from neuralpde.pinn.unknowns import along
from neuralpde.spaces import Box, ClosedForm, Dirichlet, FunctionSpace, Neural

STRIP = Box.of(x=(-1.0, 1.0), t=(0.0, 1.0))


def network(domain, key, name="u"):
    net = mlp(domain.dim, 1, width=8, depth=2, activation=jnp.tanh, key=key)
    return Neural(net, FunctionSpace(domain, (name,)))


def trial(key):
    """A function of x alone at the walls, -sin(pi x) at the beginning with the rate x; and a second component."""
    keys = jax.random.split(key, 3)
    walls = along(network(Box.of(x=(-1.0, 1.0)), keys[0]), STRIP.names)
    inner = Constrained(network(STRIP, keys[1]), walls, distance_to_boundary(STRIP))
    started = Started(inner, lambda x: -jnp.sin(jnp.pi * x[0]), lambda x: x[:1])
    return Joined(started, network(STRIP, keys[2], "v"))


def test_derivatives_are_those_of_nested_differentiation(key):
    u = trial(key)
    x = jnp.asarray([0.3, 0.6])

    def derivatives(function):
        known = expanded(function, x)
        return known(x), known.along((0, 1), 1), known.along((0,), 3), known.isotropic((0, 1), 2)

    by_rules, nested = jax.jit(lambda: (derivatives(u), derivatives(lambda x: u(x))))()
    for a, b in zip(by_rules, nested, strict=True):
        assert np.abs(a).max() > 0.01
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def test_a_candidate_is_made_in_the_ansatz_of_its_problem(key):
    started = lambda u: Started(u, lambda x: -jnp.sin(jnp.pi * x[0]))
    problem = Problem(STRIP, Burgers(0.01), [Boundary(Dirichlet(0.0))], ansatz=started)
    u = problem.candidate(network(STRIP, key)).u
    np.testing.assert_allclose(u(jnp.asarray([0.5, 0.0])), [-1.0], atol=1e-15)
    plain = Problem(STRIP, Burgers(0.01), [Boundary(Dirichlet(0.0))])
    known = ClosedForm(lambda x: x[:1], FunctionSpace(STRIP))
    assert plain.candidate(known).u is known

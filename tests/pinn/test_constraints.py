"""Hard constraints: met to round-off by functions whatever they are, with distances normalised to first order."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from convergence import observed_order

from neuralpde.equations.derivatives import partial
from neuralpde.nn import PeriodicFeatures, mlp, trainable
from neuralpde.pinn import (
    Constrained,
    Lifted,
    Sobol,
    Started,
    distance_to_boundary,
    distance_to_segment,
    distance_to_side,
    joined,
    on_surface,
    product,
)
from neuralpde.spaces import (
    Ball,
    Box,
    ClosedForm,
    Dirichlet,
    Field,
    Free,
    FunctionSpace,
    Neumann,
    Polygon,
    Robin,
    SignedDistance,
)

pytestmark = pytest.mark.slow  # many small programs, each compiled

SQUARE, DISC = Box.cube(2), Ball((0.3, 0.4), 0.35)
ELL = Polygon([(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)])
ELLIPSE = SignedDistance(lambda x: x[0] ** 2 / 4 + x[1] ** 2 - 1, Box.of(x=(-2.5, 2.5), y=(-1.5, 1.5)))
SHAPES = {
    "square": SQUARE,
    "disc": DISC,
    "ell": ELL,
    "ellipse": ELLIPSE,
    "hole": SQUARE - Ball((0.5, 0.5), 0.2),
    "union": SQUARE | Ball((1.0, 0.5), 0.3),
    "lens": SQUARE & Ball((0.0, 0.0), 0.8),
}
ANY = lambda x: jnp.stack([jnp.sin(3 * x[0] + x[-1]) + 2, jnp.cos(x[0] * x[-1])])


def away_from_corners(domain, points):
    """Slopes are promised but near corners, where two pieces of the boundary meet."""
    corners = {
        "square": [(0, 0), (0, 1), (1, 0), (1, 1)],
        "ell": ELL.vertices,
        "union": [(0, 0), (0, 1), (1, 0), (1, 1), (1, 0.2), (1, 0.8)],
        "lens": [(0, 0), (0.8, 0), (0, 0.8)],
    }
    name = next(name for name, shape in SHAPES.items() if shape is domain)
    distances = [np.linalg.norm(points - np.asarray(c), axis=1) for c in corners.get(name, [(9, 9)])]
    return np.min(distances, axis=0) > 0.02


@pytest.mark.parametrize("name", SHAPES)
def test_distance_is_zero_on_the_boundary_with_slope_one_inwards(name):
    domain = SHAPES[name]
    phi = distance_to_boundary(domain)

    def measured(key):
        key_wall, key_inside = jax.random.split(key)
        wall = on_surface(domain.boundary, Sobol(), 128, key_wall)
        value, slope = jax.vmap(jax.value_and_grad(phi))(wall.x)
        inside = domain.sample(key_inside, 100)
        return wall, value, slope, jax.vmap(phi)(inside), domain.distance(inside)

    wall, value, slope, inside, distance = jax.device_get(jax.jit(measured)(jax.random.key(0)))
    np.testing.assert_allclose(value, 0, atol=1e-12)
    assert (inside[distance < -1e-3] > 0).all()
    smooth = away_from_corners(domain, wall.x)
    assert smooth.mean() > 0.8
    np.testing.assert_allclose(slope[smooth], -wall.normal[smooth], atol=1e-9)


def test_distance_is_that_of_euclid_to_first_order():
    """At the depth h the two differ by O(h^2)."""
    phi, missed = jax.jit(jax.vmap(distance_to_boundary(ELL))), []
    for h in (1e-2, 1e-3):
        depth = jnp.asarray([[0.5, h], [2 - h, 0.5], [1 - h, 1.5], [1.5, 1 - h], [0.7, 2 - h]])
        missed.append(float(jnp.max(jnp.abs(phi(depth) - h))))
    assert observed_order(missed, ratio=10.0) > 1.9


def test_distance_to_a_segment_is_zero_on_it_alone():
    phi = jax.vmap(distance_to_segment((0.0, 0.0), (2.0, 0.0)))
    x = jnp.asarray([[0.1, 0.0], [1.0, 0.0], [2.0, 0.0], [2.5, 0.0], [1.0, 1e-4], [0.5, -1e-4]])
    found = phi(x)
    np.testing.assert_allclose(found[:3], 0, atol=1e-12)
    assert float(found[3]) > 0.1
    np.testing.assert_allclose(found[4:], 1e-4, rtol=1e-6)
    two = jax.vmap(joined(distance_to_segment((0, 0), (2, 0)), distance_to_segment((2, 0), (2, 1))))
    np.testing.assert_allclose(two(jnp.asarray([[1.0, 0.0], [2.0, 0.5], [1.0, 1e-4]])), [0, 0, 1e-4], rtol=1e-3)


def test_shapes_without_walls_or_formulas_are_refused():
    with pytest.raises(ValueError, match="has no walls"):
        distance_to_boundary(Box.of(t=(0.0, 1.0)))
    with pytest.raises(ValueError, match="is an axis of"):
        distance_to_side(SQUARE, "z")
    with pytest.raises(ValueError, match="asks nothing"):
        Lifted(ClosedForm(ANY, FunctionSpace(SQUARE, ("u", "v"))), Free(), distance_to_boundary(SQUARE))


@pytest.mark.parametrize(
    "condition",
    [Dirichlet(lambda x: x[0] ** 2), Neumann((1.0, -2.0)), Robin(2.0, 0.5, lambda x: x[1])],
    ids=lambda c: type(c).__name__,
)
@pytest.mark.parametrize("name", ["disc", "hole", "ell"])
def test_conditions_are_met_to_round_off(name, condition):
    domain = SHAPES[name]
    u = ClosedForm(ANY, FunctionSpace(domain, ("u", "v")))
    lifted = Lifted(u, condition, distance_to_boundary(domain))

    def missed(key):
        wall = on_surface(domain.boundary, Sobol(), 64, key)
        return wall.x, jax.vmap(lambda x, n: condition.residual(lifted, x, n))(wall.x, wall.normal)

    x, found = jax.device_get(jax.jit(missed)(jax.random.key(0)))
    np.testing.assert_allclose(found[away_from_corners(domain, x)], 0, atol=1e-8)


def test_initial_values_and_walls_at_once():
    domain = Box.of(x=(-1.0, 1.0), t=(0.0, 1.0))
    free = ClosedForm(lambda x: ANY(x)[:1], FunctionSpace(domain))
    begins = lambda x: -jnp.sin(jnp.pi * x[0])
    u = Constrained(free, begins, product(distance_to_side(domain, "t", "lower"), distance_to_side(domain, "x")))
    x = jnp.linspace(-1, 1, 7)
    at_start = jnp.stack([x, jnp.zeros(7)], axis=1)
    np.testing.assert_allclose(jax.vmap(u)(at_start)[:, 0], -np.sin(np.pi * x), atol=1e-15)
    walls = jnp.asarray([[-1.0, 0.3], [1.0, 0.9]])
    np.testing.assert_allclose(jax.vmap(u)(walls), 0, atol=1e-15)
    assert abs(float(u(jnp.asarray([0.2, 0.5]))[0] + np.sin(0.2 * np.pi))) > 0.1


def test_values_and_rates_at_the_beginning_are_exact():
    domain, line = Box.of(x=(0.0, 1.0), t=(2.0, 3.0)), Box.of(x=(0.0, 1.0))
    grid = line.grid(16, layout="chebyshev")
    stored = Field(jnp.sin(grid.coords()), grid, FunctionSpace(line))
    free = ClosedForm(lambda x: ANY(x)[:1], FunctionSpace(domain))
    u = Started(free, stored, rate=lambda x: x[0] ** 2)
    x = jnp.asarray([0.3, 2.0])
    np.testing.assert_allclose(u(x), np.sin(0.3), rtol=1e-12)
    np.testing.assert_allclose(partial(u, 1)(x), 0.09, rtol=1e-12)
    np.testing.assert_allclose(Started(free, 4.0)(x), 4.0, rtol=1e-15)
    for form in (u, Constrained(u, stored, stored)):
        assert not any(jax.tree.leaves(trainable(form))), "what is given must not be trained"
    with pytest.raises(ValueError, match="needs a function of 't'"):
        Started(ClosedForm(ANY, FunctionSpace(SQUARE, ("u", "v"))), 0.0)


def test_periodic_features_make_all_derivatives_periodic(key):
    domain = Box.of(periodic=("x",), x=(-1.0, 2.0), t=(0.0, 1.0))
    features = PeriodicFeatures(domain, harmonics=2)
    net = mlp(features.size, 1, width=8, depth=2, activation=jnp.tanh, key=key)
    u = lambda x: net(features(x))
    ends = [jnp.asarray([end, 0.4]) for end in (-1.0, 2.0)]
    for order in range(4):
        lower, upper = (partial(u, 0, order)(end) for end in ends)
        np.testing.assert_allclose(lower, upper, atol=1e-12 * 10**order)

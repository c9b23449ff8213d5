"""Shapes: volumes, the divergence theorem, normals, distances, set operations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.spaces import Ball, Box, Polygon, SignedDistance

SQUARE = Box.cube(2)
DISC = Ball((0.6, 0.5), 0.5)
L_SHAPE = Polygon([(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)])
ELLIPSE = SignedDistance(lambda x: jnp.sqrt(x[0] ** 2 + 4 * x[1] ** 2) - 1, Box.of(x=(-1.2, 1.2), y=(-0.8, 0.8)))
LENS = np.pi / 2 - 1  # overlap of two unit quarter discs; see the intersection below

SHAPES = {
    "interval": (Box.of(x=(1.0, 3.0)), 2.0, 1e-12),
    "box": (Box.of(x=(0.0, 2.0), y=(-1.0, 1.0), z=(0.0, 0.5)), 2.0, 1e-12),
    "disc": (DISC, np.pi / 4, 1e-12),
    "ball": (Ball((0.0, 1.0, 2.0), 2.0), 32 / 3 * np.pi, 1e-12),
    "segment": (Ball((1.0,), 0.5), 1.0, 1e-12),
    "polygon": (L_SHAPE, 3.0, 1e-12),
    "clockwise": (Polygon([(0, 0), (0, 1), (1, 0)]), 0.5, 1e-12),
    "ellipse": (ELLIPSE, np.pi / 2, 2e-3),
    "difference": (Box.cube(2, -1, 1) - Ball((0.0, 0.0), 0.5), 4 - np.pi / 4, 2e-3),
    "intersection": (Ball((0.0, 0.0), 1.0) & Ball((1.0, 1.0), 1.0), LENS, 2e-3),
    "union": (Box.cube(2) | Ball((1.0, 0.5), 0.5), 1 + np.pi / 8, 2e-3),
    "cylinder": (Ball((0.0, 0.0), 1.0) * Box.of(t=(0.0, 2.0)), 2 * np.pi, 1e-12),
}


def distance_gradients(shape, x):
    return jax.vmap(jax.grad(lambda y: shape.distance(y)))(x)


EVERY = pytest.mark.parametrize("name", SHAPES)


@EVERY
def test_volume(name):
    shape, volume, tolerance = SHAPES[name]
    assert shape.volume == pytest.approx(volume, rel=tolerance)


@EVERY
def test_samples_lie_inside_and_have_the_volumes_share_of_the_box(name, key):
    shape = SHAPES[name][0]

    @jax.jit
    def count(key):
        x = shape.sample(key, 2000)
        within = shape.contains(x, 1e-9) & shape.bounds.contains(x, 1e-9)
        return within.all(), shape.contains(shape.bounds.sample(key, 20_000)).mean()

    within, inside = count(key)
    assert bool(within)
    assert float(inside) == pytest.approx(shape.volume / shape.bounds.volume, abs=0.02)


@EVERY
def test_divergence_theorem_links_boundary_and_volume(name, key):
    """The integral of (x - c).n over the boundary is d times the volume."""
    shape = SHAPES[name][0]
    x, normal = jax.jit(lambda k: shape.boundary.sample(k, 20_000))(key)
    middle = np.asarray([(a.lower + a.upper) / 2 for a in shape.bounds.axes])
    flux = shape.boundary.measure * np.mean(np.sum((x - middle) * normal, axis=1))
    assert float(flux) == pytest.approx(shape.dim * shape.volume, rel=0.04)


@EVERY
def test_normals_are_unit_and_point_out(name, key):
    shape = SHAPES[name][0]

    @jax.jit
    def around(key, h=1e-3):
        x, normal = shape.boundary.sample(key, 500)
        return normal, *(shape.distance(x + side * h * normal) for side in (-1, 0, 1))

    normal, inner, at, outer = map(np.asarray, around(key))
    np.testing.assert_allclose(np.linalg.norm(normal, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(at, 0, atol=1e-5)
    assert (outer > inner).mean() > 0.99


@EVERY
def test_distance_has_finite_gradients_inside(name, key):
    shape = SHAPES[name][0]
    gradients = jax.jit(lambda k: distance_gradients(shape, shape.sample(k, 50)))
    assert np.isfinite(gradients(key)).all()


@pytest.mark.parametrize("name", ["interval", "box", "disc", "ball", "polygon"])
def test_exact_distances_have_unit_gradients(name, key):
    shape = SHAPES[name][0]
    gradients = jax.jit(lambda k: distance_gradients(shape, shape.sample(k, 100)))(key)
    assert np.median(np.linalg.norm(gradients, axis=1)) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    "point, distance", [((0.5, 0.5), -0.5), ((1.5, 1.5), 0.5), ((3.0, 0.5), 1.0), ((1.2, 0.9), -0.1)]
)
def test_distance_to_a_polygon(point, distance):
    np.testing.assert_allclose(L_SHAPE.distance(jnp.asarray(point)), distance, atol=1e-12)


def test_interior_of_a_non_convex_polygon_is_sampled_uniformly(key):
    x = L_SHAPE.sample(key, 9000)
    thirds = [(x[:, 0] < 1) & (x[:, 1] < 1), x[:, 0] >= 1, x[:, 1] >= 1]
    for third in thirds:
        assert int(third.sum()) == pytest.approx(3000, abs=200)


def test_boundary_of_the_ellipse_has_its_perimeter():
    from scipy.special import ellipe

    assert ELLIPSE.boundary.measure == pytest.approx(4 * ellipe(0.75), rel=0.02)


@pytest.mark.parametrize("vertices", [[(0, 0), (1, 1)], [(0, 0), (1, 1), (2, 2)], [(0, 0), (1, 1), (1, 0), (0, 1)]])
def test_impossible_polygons_are_refused(vertices):
    with pytest.raises(ValueError, match="Polygon"):
        Polygon(vertices)


def test_shapes_are_hashable_and_equal_by_value():
    assert hash(DISC - SQUARE) == hash(Ball((0.6, 0.5), 0.5) - Box.cube(2))
    assert DISC - SQUARE == Ball((0.6, 0.5), 0.5) - Box.cube(2)


def test_combining_other_coordinates_is_refused():
    with pytest.raises(ValueError, match="equal coordinates"):
        SQUARE | Box.of(r=(0.0, 1.0), s=(0.0, 1.0))


def test_product_of_boxes_is_a_box():
    assert SQUARE * Box.of(t=(0.0, 2.0)) == Box.of(x=(0.0, 1.0), y=(0.0, 1.0), t=(0.0, 2.0))


@pytest.mark.parametrize("end, sign, place", [("lower", -1, 0.0), ("upper", 1, 1.0)])
def test_one_side_of_a_box(end, sign, place, key):
    x, normal = SQUARE.side("y", end).sample(key, 50)
    np.testing.assert_array_equal(x[:, 1], place)
    np.testing.assert_array_equal(normal, jnp.asarray([[0, sign]] * 50))


def test_periodic_axes_have_no_walls(key):
    tube = Box.of(periodic=["x"], x=(0.0, 5.0), y=(0.0, 1.0))
    _, normal = tube.boundary.sample(key, 100)
    assert not normal[:, 0].any()
    np.testing.assert_allclose(tube.distance(jnp.asarray([0.0, 0.5])), -0.5)

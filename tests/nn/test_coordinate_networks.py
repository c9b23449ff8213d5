"""Networks of coordinates: the formulas of their papers, and that their series are their derivatives."""

import functools
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from numpy.polynomial import chebyshev

from neuralpde.nn import (
    AdaptiveActivation,
    Chain,
    ChebyshevLayer,
    FactorizedLinear,
    FourierFeatures,
    ModifiedMLP,
    MultiScale,
    PeriodicFeatures,
    PirateNet,
    SeparableNetwork,
    SinusoidalFeatures,
    TrainablePeriods,
    adaptive_mlp,
    chebyshev_kan,
    dense,
    factorized,
    mlp,
    siren,
    slope_recovery,
    trainable,
)
from neuralpde.spaces import Box, Directions, Order, TaylorSeries, composed, propagate

pytestmark = pytest.mark.slow  # many small programs, each compiled

BOX = Box.of(periodic=["x"], x=(1.0, 3.0), t=(0.0, 0.5))
X = jnp.asarray([0.3, -0.6])
SMALL = functools.partial(mlp, width=4, depth=1, activation=jnp.tanh)

NETWORKS = {
    "modified": lambda key: ModifiedMLP(2, 2, width=4, depth=2, key=key),
    "pirate": lambda key: grown(PirateNet(2, 2, blocks=1, width=3, key=key)),
    "factorized": lambda key: factorized(SMALL(2, 2, key=key), key=key),
    "siren": lambda key: siren(2, 2, width=4, depth=2, frequency=3.0, key=key),
    "separable": lambda key: SeparableNetwork(2, 2, rank=3, make=SMALL, key=key),
    "chebyshev": lambda key: chebyshev_kan(2, 2, width=3, depth=1, key=key),
    "multi-scale": lambda key: MultiScale(lambda k: SMALL(2, 2, key=k), (1, 2.5), key=key),
    "adaptive": lambda key: adaptive_mlp(2, 2, width=4, depth=1, by_neuron=True, key=key),
    "Fourier": lambda key: Chain(FourierFeatures(2, 3, 0.5, key=key), dense(6, 2, key=key)),
    "trained Fourier": lambda key: FourierFeatures(2, 2, 0.5, trained=True, key=key),
    "periodic": lambda key: PeriodicFeatures(BOX, 2),
    "trained periods": lambda key: TrainablePeriods(BOX, {"t": 0.7}, 2),
    "sinusoidal": lambda key: SinusoidalFeatures(BOX, 2),
}


def grown(net):
    """A PirateNet whose blocks have opened."""
    return eqx.tree_at(lambda n: [b.alpha for b in n.blocks], net, [jnp.asarray(0.3)] * len(net.blocks))


@pytest.mark.parametrize("name", NETWORKS)
def test_series_of_a_network_are_its_derivatives(name, key):
    """Of third order, and a sum of second ones: they contain all that is lower."""
    net = NETWORKS[name](key)
    directions = Directions(jnp.asarray([[1.0, 0.5], [-0.2, 0.8]]))
    orders = [Order(directions, 3), Order(directions, 2, True)]

    @eqx.filter_jit
    def both(net):
        found = [expand(net, TaylorSeries.point(X)) for expand in (propagate, composed)]
        return [[series.value, *map(series.coefficient, orders)] for series in found]

    for ours, nested in zip(*both(net), strict=True):
        np.testing.assert_allclose(ours, nested, rtol=1e-10, atol=1e-10)


def affine(layer, x):
    return np.asarray(layer.weight) @ x + (0 if layer.bias is None else np.asarray(layer.bias))


def test_modified_mlp_is_gated_by_two_encoders(key):
    net = ModifiedMLP(2, 3, width=5, depth=2, key=key)
    U, V = (np.tanh(affine(layer, X)) for layer in (net.gates.U, net.gates.V))
    h = np.asarray(X)
    for layer in net.layers:
        z = np.tanh(affine(layer, h))
        h = z * U + (1 - z) * V
    np.testing.assert_allclose(net(X), affine(net.head, h), atol=1e-13)
    assert [layer.weight.shape for layer in net.layers] == [(5, 2), (5, 5)]


def test_pirate_net_is_residual_and_gated(key):
    net = grown(PirateNet(2, 1, blocks=2, width=4, activation=jnp.sin, key=key))
    U, V = (np.sin(affine(layer, X)) for layer in (net.gates.U, net.gates.V))
    x = np.asarray(X)
    for block in net.blocks:
        f = np.sin(affine(block.layers[0], x))
        z = f * U + (1 - f) * V
        g = np.sin(affine(block.layers[1], z))
        z = g * U + (1 - g) * V
        x = 0.3 * np.sin(affine(block.layers[2], z)) + 0.7 * x
    np.testing.assert_allclose(net(X), affine(net.head, x), atol=1e-13)


def test_pirate_net_starts_as_its_head_and_can_leave_there(key):
    net = PirateNet(2, 1, blocks=2, key=key)
    np.testing.assert_allclose(net(X), net.head.weight @ X, atol=1e-14)
    slope = eqx.filter_grad(lambda net: net(X)[0])(net)
    assert all(abs(float(block.alpha)) > 1e-4 for block in slope.blocks)
    assert net.head.bias is None


def test_factorized_weights_start_as_those_of_the_network(key):
    net = mlp(2, 3, width=400, depth=2, activation=jnp.tanh, key=key)
    other = factorized(net, mean=0.5, deviation=0.1, key=key)
    np.testing.assert_allclose(other(X), net(X), atol=1e-12)
    for layer, linear in zip(other.layers, net.layers, strict=True):
        assert isinstance(layer, FactorizedLinear)
        np.testing.assert_allclose(np.exp(layer.s)[:, None] * layer.V, linear.weight, atol=1e-14)
    s = np.concatenate([layer.s for layer in other.layers])
    # Means and deviations of 803 normal numbers, within four standard errors.
    assert s.mean() == pytest.approx(0.5, abs=0.4 / math.sqrt(s.size))
    assert s.std() == pytest.approx(0.1, abs=0.4 / math.sqrt(2 * s.size))
    assert len({round(float(v), 12) for v in s}) == s.size


def test_siren_keeps_its_statistics_whatever_its_depth(key):
    """Weights have variance 2 / (n w^2), so normal numbers z of variance v that enter a sine are followed by those of
    variance 2 E sin(z)^2 = 1 - exp(-2 v), and squares of derivatives grow by 2 E cos(z)^2 = 1 + exp(-2 v)."""
    width, depth, frequency = 512, 6, 30.0
    net = siren(1, 1, width=width, depth=depth, frequency=frequency, key=key)

    @jax.jit
    def states(x):
        series, entering, slopes = TaylorSeries.point(x), [], []
        for layer, sine in zip(net.parts[:-1:2], net.parts[1::2], strict=True):
            pre = propagate(layer, series)
            series = propagate(sine, pre)
            entering.append(frequency * pre.value)
            slopes.append(series.coefficient(Order(Directions(jnp.ones((1, 1))), 1))[0])
        return jnp.stack(entering), jnp.stack(slopes)

    entering, slopes = (np.asarray(v) for v in jax.vmap(states)(jnp.linspace(-1, 1, 101)[:, None]))
    variances = [1.0]
    for _ in range(depth - 2):
        variances.append(1 - math.exp(-2 * variances[-1]))
    # Means of squares over 512 neurons: 6 percent at one point, less over many.
    np.testing.assert_allclose(entering[:, 1:].var(axis=(0, 2)), variances, atol=0.1)
    growth = (slopes[:, 2:] ** 2).mean(axis=(0, 2)) / (slopes[:, 1:-1] ** 2).mean(axis=(0, 2))
    np.testing.assert_allclose(growth, 1 + np.exp(-2 * np.asarray(variances[1:])), atol=0.1)
    first = (slopes[:, 0] ** 2).mean()
    assert first == pytest.approx(frequency**2 / 3 / 2, rel=0.15)


def test_separable_network_on_a_grid_is_the_pointwise_one(key):
    net = SeparableNetwork(3, 2, rank=4, make=SMALL, key=key)
    axes = [jnp.linspace(0, 1, n) for n in (3, 4, 2)]
    points = jnp.stack(jnp.meshgrid(*axes, indexing="ij"), axis=-1)
    pointwise = net
    for _ in axes:
        pointwise = jax.vmap(pointwise)
    np.testing.assert_allclose(net.on_axes(axes), pointwise(points), atol=1e-13)
    x = points[1, 2, 1]
    mixed = jax.jacfwd(jax.hessian(net))(x)[:, 0, 0, 2]
    np.testing.assert_allclose(net.on_axes(axes, (2, 0, 1))[1, 2, 1], mixed, atol=1e-12)


def test_separable_network_evaluates_one_network_a_coordinate(key):
    """d N evaluations on a grid of N^d points: the work of products grows, that of networks does not."""
    make = functools.partial(mlp, width=64, depth=2, activation=jnp.tanh)
    net, n = SeparableNetwork(3, 1, rank=8, make=make, key=key), 16
    cost = jax.jit(lambda x: net.on_axes([x] * 3)).lower(jnp.linspace(0, 1, n)).compile().cost_analysis()["flops"]
    networks = 3 * n * 2 * (64 + 64**2 + 64 * 8)
    products = 3 * 8 * n**3
    assert cost < 1.5 * (networks + products)


def test_separable_network_wants_points_for_each_coordinate(key):
    net = SeparableNetwork(2, 1, rank=2, make=SMALL, key=key)
    with pytest.raises(ValueError, match="of 2 coordinates takes points and an order for each"):
        net.on_axes([jnp.ones(3)])


def test_chebyshev_layer_is_a_sum_of_polynomials(key):
    layer = ChebyshevLayer(2, 3, degree=5, key=key)
    expected = sum(chebyshev.chebval(np.tanh(X[i]), np.asarray(layer.C[:, i])) for i in range(2))
    np.testing.assert_allclose(layer(X), expected, atol=1e-13)
    # The variance of 10,000 normal numbers, within four standard errors.
    wide = ChebyshevLayer(100, 50, degree=1, key=key)
    assert float(jnp.var(wide.C)) * 200 == pytest.approx(1, abs=4 * math.sqrt(2 / wide.C.size))
    with pytest.raises(ValueError, match="degree one or more, got degree=0"):
        ChebyshevLayer(2, 3, degree=0, key=key)


def test_multi_scale_network_adds_stretched_networks(key):
    net = MultiScale(lambda k: SMALL(2, 1, key=k), (1.0, 4.0), key=key)
    np.testing.assert_allclose(net(X), net.networks[0](X) + net.networks[1](4 * X), atol=1e-13)
    assert not np.allclose(net.networks[0](X), net.networks[1](X))


@pytest.mark.parametrize("by_neuron", [False, True])
def test_adaptive_activations_start_as_the_plain_ones_and_have_slopes(by_neuron, key):
    net = adaptive_mlp(2, 1, width=3, depth=2, n=5.0, by_neuron=by_neuron, key=key)
    adaptive = net.parts[1::2]
    assert [a.a.shape for a in adaptive] == [(3 if by_neuron else 1,)] * 2
    plain = Chain(*(jnp.tanh if isinstance(part, AdaptiveActivation) else part for part in net.parts))
    np.testing.assert_allclose(net(X), plain(X), atol=1e-14)
    slopes = [np.linspace(0.1, 0.5, len(adaptive[0].a)), np.full(len(adaptive[1].a), 0.8)]
    moved = eqx.tree_at(lambda n: [part.a for part in n.parts[1::2]], net, [jnp.asarray(s) for s in slopes])
    h = np.tanh(5 * slopes[0] * affine(net.parts[0], X))
    expected = affine(net.parts[4], np.tanh(5 * slopes[1] * affine(net.parts[2], h)))
    np.testing.assert_allclose(moved(X), expected, atol=1e-13)
    recovery = 2 / (math.exp(slopes[0].mean()) + math.exp(0.8))
    assert float(slope_recovery(moved)) == pytest.approx(recovery)


def test_slope_recovery_drives_slopes_up_and_wants_some(key):
    net = adaptive_mlp(2, 1, width=3, depth=2, key=key)
    slope = eqx.filter_grad(slope_recovery)(net)
    assert all(float(part.a[0]) < 0 for part in slope.parts[1::2])
    with pytest.raises(ValueError, match="the network has none"):
        slope_recovery(SMALL(2, 1, key=key))
    with pytest.raises(ValueError, match=r"n >= 1 of its slopes, got n=0\.5"):
        AdaptiveActivation(1, 0.5)


def test_fourier_features_are_trained_only_where_asked(key):
    fixed, trained = (FourierFeatures(2, 3, 0.5, trained=t, key=key) for t in (False, True))
    phase = 2 * np.pi * np.asarray(fixed.B) @ np.asarray(X)
    for features in (fixed, trained):
        np.testing.assert_allclose(features(X), np.concatenate([np.cos(phase), np.sin(phase)]), atol=1e-13)
        assert features(X).shape == (features.size,)
    assert jax.tree.leaves(trainable(fixed)) == [False]
    assert jax.tree.leaves(trainable(trained)) == [True]
    gradients = [eqx.filter_grad(lambda f: jnp.sum(f(X) ** 3))(f).frequencies for f in (fixed, trained)]
    assert not gradients[0].value.any()
    assert gradients[1].all()


def test_trained_periods_are_exact_and_find_the_period_of_data(key):
    features = TrainablePeriods(BOX, {"t": 0.2}, harmonics=2)
    x = jnp.asarray([1.4, 0.13])
    assert features(x).shape == (features.size,)
    np.testing.assert_allclose(features(x), features(x + jnp.asarray([0.0, 0.2])), atol=1e-12)
    expected = [-0.6, *(f(2 * np.pi / 0.2 * k * 0.13) for f in (np.cos, np.sin) for k in (1, 2))]
    np.testing.assert_allclose(features(x), expected, atol=1e-12)

    optimizer = optax.adam(0.1)
    t = jnp.linspace(0, 0.5, 64)
    points = jnp.stack([jnp.ones_like(t), t], axis=-1)

    @jax.jit
    def fitted(features):
        def step(state, _):
            slope = jax.grad(lambda f: jnp.mean((jax.vmap(f)(points)[:, 1] - jnp.cos(2 * jnp.pi / 0.22 * t)) ** 2))(
                state[0]
            )
            updates, moments = optimizer.update(slope, state[1])
            return (optax.apply_updates(state[0], updates), moments), None

        return jax.lax.scan(step, (features, optimizer.init(features)), length=300)[0][0]

    assert 2 * math.pi / float(fitted(features).w["t"]) == pytest.approx(0.22, rel=1e-3)
    with pytest.raises(ValueError, match=r"\['y'\] are not among the axes \('x', 't'\)"):
        TrainablePeriods(BOX, {"y": 1.0})


def test_sinusoidal_features_are_octaves_of_each_coordinate():
    x = jnp.asarray([1.4, 0.13])
    unit = np.asarray(BOX.normalize(x))
    phase = (np.pi * np.asarray([1, 2, 4]) * unit[:, None]).reshape(-1)
    expected = np.concatenate([np.sin(phase), np.cos(phase)])
    np.testing.assert_allclose(SinusoidalFeatures(BOX, 3)(x), expected, atol=1e-13)

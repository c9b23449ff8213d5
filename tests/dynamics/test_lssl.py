"""Linear state space layers: their memory against projections, their steps against exact systems, both views equal."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
from convergence import observed_order
from numpy.polynomial import legendre

from neuralpde.data.series import chirality, switching_sinusoids
from neuralpde.dynamics import LSSL, LSSLNetwork, generalized_bilinear, hippo_legs, krylov, remembered
from neuralpde.nn import trainable
from neuralpde.spaces import IrregularSeries
from neuralpde.training import SeriesTask, adam, fit


def memory(order, dt):
    """A layer whose outputs are its state."""
    layer = LSSL(1, order=order, copies=order, dt=(dt, dt), key=jax.random.key(0))
    return eqx.tree_at(lambda m: (m.C, m.D), layer, (jnp.eye(order)[None], jnp.zeros((1, order))))


def past(r):
    """An input as a function of r = e^-ago."""
    return r**2 * np.sin(6 * r) + r


def projection(f, end, order):
    """sqrt(2 n + 1) times the mean of P_n f over (0, end), by Gauss' quadrature."""
    nodes, weights = legendre.leggauss(40)
    values = weights / 2 * f(end * (nodes + 1) / 2)
    return np.sqrt(2 * np.arange(order) + 1) * (values @ legendre.legvander(nodes, order - 1))


def test_state_holds_the_legendre_coefficients_of_the_past():
    """Those of numpy, up to the error of the trapezium rule for inputs in the middles of the steps."""
    order, errors = 10, []
    wanted = projection(past, 1.0, order)
    for dt in (0.04, 0.02):
        middles = np.arange(-12, 0, dt) + dt / 2
        state = eqx.filter_jit(memory(order, dt).recurrent)(jnp.asarray(past(np.exp(middles)))[:, None])[-1, 0]
        errors.append(np.abs(state - wanted).max())
    assert errors[-1] < 1e-3 and observed_order(errors) > 1.8
    ago = jnp.linspace(0.0, 3.0, 7)
    np.testing.assert_allclose(remembered(jnp.asarray(wanted), ago), past(np.exp(-ago)), atol=2e-4)
    np.testing.assert_allclose(remembered(state, ago), past(np.exp(-ago)), atol=5e-3)


def test_legs_matrices_are_those_of_the_derivatives_of_projections():
    """d/dt of the coefficients of f on (0, t) is (A c + B f(t)) / t, by differences of quadrature."""
    A, B = hippo_legs(6)
    f, t, h = lambda x: np.exp(-x) * np.cos(3 * x), 1.3, 1e-4

    coefficients = lambda end: projection(f, end, 6)
    slope = (coefficients(t + h) - coefficients(t - h)) / (2 * h)
    np.testing.assert_allclose(slope, (A @ coefficients(t) + B * f(t)) / t, atol=1e-6)


@pytest.mark.parametrize(("alpha", "order"), [(0.0, 1), (0.5, 2), (1.0, 1)])
def test_steps_have_their_order(alpha, order):
    A = np.array([[-1.0, 2.0, 0.0], [-2.0, -0.5, 0.3], [0.1, 0.0, -2.0]])
    b, x0, u, end = np.array([1.0, -0.5, 0.2]), np.array([0.3, 1.0, -1.0]), 0.7, 2.0
    rest = np.linalg.solve(A, b * u)
    exact = scipy.linalg.expm(A * end) @ (x0 + rest) - rest
    errors = []
    for n in (50, 100):
        step, push = jax.jit(generalized_bilinear, static_argnums=3)(A, b, end / n, alpha)
        powers = [np.linalg.matrix_power(step, i) for i in range(n + 1)]
        errors.append(np.abs(powers[-1] @ x0 + sum(powers[:-1]) @ push * u - exact).max())
    assert observed_order(errors) == pytest.approx(order, abs=0.15)


def test_doubling_gives_the_powers(key):
    A, b = 0.4 * jax.random.normal(key, (4, 4)), jnp.arange(4.0)
    wanted = np.stack([np.linalg.matrix_power(A, i) @ b for i in range(11)], axis=1)
    np.testing.assert_allclose(jax.jit(krylov, static_argnums=2)(A, b, 11), wanted, rtol=1e-10)


def test_convolution_and_recurrence_are_one_map(key):
    layer = LSSL(3, order=8, copies=2, dt=(0.02, 0.5), key=key)
    u = jax.random.normal(key, (37, 3))
    by_kernel, by_steps = eqx.filter_jit(layer)(u), eqx.filter_jit(layer.recurrent)(u)
    assert by_kernel.shape == (37, 3, 2)
    np.testing.assert_allclose(by_kernel, by_steps, atol=1e-12)
    slopes = [jax.jit(jax.grad(lambda u, f=f: jnp.sum(f(u) ** 2)))(u) for f in (lambda u: layer(u), layer.recurrent)]
    np.testing.assert_allclose(*slopes, atol=1e-9)
    later = eqx.filter_jit(layer)(u.at[20].add(1.0)) - by_kernel
    np.testing.assert_allclose(later[:20], 0, atol=1e-12)
    # From one entry on: the kernel, and D at that entry.
    np.testing.assert_allclose(later[20:].transpose(1, 2, 0)[..., 1:], layer.kernel(17)[..., 1:], atol=1e-12)


def test_features_are_an_exact_linear_system(key):
    """A constant input comes to rest at D - C A^-1 B, whatever the steps."""
    layer = LSSL(2, order=4, copies=3, dt=(0.3, 0.6), key=key)
    answer = eqx.filter_jit(layer)(jnp.ones((400, 2)))[-1]
    A, B = hippo_legs(4)
    np.testing.assert_allclose(answer, layer.D - layer.C @ np.linalg.solve(A, B), atol=1e-10)


def test_what_is_fixed_is_not_trained(key):
    for trained in (True, False):
        marks = trainable(LSSL(2, order=3, trained=trained, key=key))
        assert marks.C is True and marks.D is True
        assert set(jax.tree.leaves(marks.system)) == {trained}
    with pytest.raises(ValueError, match="positive"):
        LSSL(2, dt=(0.0, 0.1), key=key)
    with pytest.raises(ValueError, match="alpha"):
        LSSL(2, alpha=2.0, key=key)


@pytest.mark.slow
def test_network_in_real_time_and_with_gaps(key):
    model = LSSLNetwork(2, 3, hidden=4, depth=1, order=4, key=key)
    times = jnp.arange(9.0)
    values = jax.random.normal(key, (9, 2)).at[4, 0].set(jnp.nan)
    series = IrregularSeries(times, values)
    whole, padded = (eqx.filter_jit(model)(s) for s in (series, series.padded(12)))
    np.testing.assert_allclose(whole, padded, atol=1e-12)
    np.testing.assert_allclose(whole, eqx.filter_jit(model.online)(series)[-1], atol=1e-10)
    other = IrregularSeries(times, values.at[4, 0].set(0.0))
    assert not np.allclose(whole, eqx.filter_jit(model)(other))


@pytest.mark.slow
@pytest.mark.parametrize("trained", [True, False])
@pytest.mark.parametrize(("problem", "steps", "wanted"), [(chirality, 200, 0.99), (switching_sinusoids, 200, 0.9)])
def test_network_tells_classes_that_it_has_not_seen(problem, steps, wanted, trained):
    dataset = problem()
    model = LSSLNetwork(
        dataset.channels, 2, hidden=16, depth=2, order=16, dt=(1e-2, 0.3), trained=trained, key=jax.random.key(1)
    )
    task = SeriesTask(dataset, batch_size=32)
    fitted = fit(model, task, adam(steps=steps, learning_rate=1e-2), steps=steps, key=jax.random.key(2), progress=False)
    assert task.evaluate(fitted.model)["test/accuracy"] >= wanted

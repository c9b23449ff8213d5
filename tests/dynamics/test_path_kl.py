"""The divergence of two diffusions along the way, against closed forms."""

import diffrax
import jax
import jax.numpy as jnp
import pytest

from neuralpde.dynamics import Gaussian, Method, solve_sde, with_path_kl
from neuralpde.equations import OrnsteinUhlenbeck

POSTERIOR, PRIOR = OrnsteinUhlenbeck(1.2, 0.7, 0.4), OrnsteinUhlenbeck(0.5, -0.3, 0.4)
END, STEPS, START = 1.5, 150, jnp.asarray([0.2])


def exact_divergence() -> float:
    """1/2 int E |(f - h) / g|^2 dt: f - h is linear in z, whose mean and variance are known."""
    f, h = POSTERIOR, PRIOR
    t = jnp.linspace(0.0, END, 4001)[1:-1]
    mean, variance = jax.vmap(lambda t: f.moments(t, START))(t)
    slope, constant = h.rate - f.rate, f.rate * f.level - h.rate * h.level
    density = ((slope * mean + constant) ** 2 + slope**2 * variance)[:, 0] / (2 * f.noise**2)
    ends = [((slope * m + constant) ** 2 + slope**2 * v)[0] / (2 * f.noise**2) for m, v in
            ((START, jnp.zeros(1)), f.moments(END, START))]  # fmt: skip
    return float((density.sum() + sum(ends) / 2) * END / 4000)


def divergences(paths: int, key):
    drift, diffusion = with_path_kl(POSTERIOR.drift, PRIOR.drift, POSTERIOR.diffusion)
    method = Method(diffrax.Heun(), dt=END / STEPS)
    run = lambda k: solve_sde(drift, diffusion, (START, jnp.zeros(())), (0.0, END), method, key=k).last
    return jax.jit(jax.vmap(run))(jax.random.split(key, paths))


def test_mean_is_that_of_girsanov(key):
    z, kl = divergences(4000, key)
    error = 4 * float(kl.std()) / 4000**0.5
    assert float(kl.mean()) == pytest.approx(exact_divergence(), abs=error)
    # The test sees a wrong factor: its error is small.
    assert error < 0.05 * exact_divergence()
    # What is added does not disturb the path.
    mean, variance = POSTERIOR.moments(END, START)
    assert float(z.mean()) == pytest.approx(float(mean[0]), abs=4 * float(variance[0] / 4000) ** 0.5)


def test_divergence_is_at_least_that_of_the_ends():
    """Forgetting the path cannot raise it: the Gaussians at the end have less."""
    (m1, v1), (m2, v2) = (p.moments(END, START) for p in (POSTERIOR, PRIOR))
    end = Gaussian(m1, jnp.log(v1) / 2).kl(Gaussian(m2, jnp.log(v2) / 2))
    assert 0 < float(end) < exact_divergence()


def test_equal_drifts_have_none(key):
    drift, diffusion = with_path_kl(PRIOR.drift, PRIOR.drift, PRIOR.diffusion)
    method = Method(diffrax.Euler(), dt=0.1)
    assert float(solve_sde(drift, diffusion, (START, jnp.zeros(())), (0.0, 1.0), method, key=key).last[1]) == 0


def test_divergence_of_gaussians_is_that_of_their_samples(key):
    a, b = Gaussian(jnp.asarray([0.3, -1.0]), jnp.asarray([-0.2, 0.4])), Gaussian(jnp.zeros(2), jnp.asarray([0.1, 0.2]))
    x = jax.vmap(a.sample)(jax.random.split(key, 20000))
    log_density = lambda g: jax.scipy.stats.norm.logpdf(x, g.mean, jnp.exp(g.log_std)).sum(1)
    ratio = log_density(a) - log_density(b)
    assert float(a.kl(b)) == pytest.approx(float(ratio.mean()), abs=4 * float(ratio.std()) / 20000**0.5)

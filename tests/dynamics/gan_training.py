"""Training of a generator of paths against a discriminator, and the distance of their marginals from the data's."""

from typing import NamedTuple

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import optax

from neuralpde.dynamics import CDEDiscriminator, Method, SDEGenerator, clipped, solve_sde
from neuralpde.equations import RampedOrnsteinUhlenbeck
from neuralpde.training import projected


def process_paths(key, count: int, times) -> jax.Array:
    """Paths (count, time, 1) of the process whose noise grows in time, from starts uniform in (-1, 1)."""
    equation, method = RampedOrnsteinUhlenbeck(), Method(diffrax.Euler(), substeps=4)

    def path(key):
        key_start, key_path = jax.random.split(key)
        start = jax.random.uniform(key_start, (1,), minval=-1.0, maxval=1.0)
        return solve_sde(equation.drift, equation.diffusion, start, times, method, key=key_path).states

    return jax.jit(jax.vmap(path))(jax.random.split(key, count))


class Settings(NamedTuple):
    steps: int = 1500
    batch: int = 256
    generator_rate: float = 2e-3
    discriminator_rate: float = 4e-3
    average_from: float = 0.5


def adversaries(values, times, settings: Settings, key):
    """The averaged generator, and the gap of the scores at every step."""
    keys = jax.random.split(key, 3)
    generator = SDEGenerator(values.shape[-1], key=keys[0])
    discriminator = clipped(CDEDiscriminator(values.shape[-1], key=keys[1]))
    (g, g_static), (d, d_static) = (eqx.partition(net, eqx.is_inexact_array) for net in (generator, discriminator))
    g, d = (jax.tree.map(lambda leaf: leaf.astype(values.dtype), net) for net in (g, d))
    g_optimizer = optax.adam(settings.generator_rate, b1=0.0, b2=0.99)
    d_optimizer = optax.chain(optax.adam(settings.discriminator_rate, b1=0.0, b2=0.99), projected(clipped))

    def gap(both, real, keys):
        g, d = both
        generate, score = eqx.combine(g, g_static), eqx.combine(d, d_static)
        fake = jax.vmap(lambda k: generate(times, key=k))(keys)
        judged = jax.vmap(lambda path: score(times, path))
        return jnp.mean(judged(real)) - jnp.mean(judged(fake))

    def step(carry, i):
        g, d, g_state, d_state, average, key = carry
        key, key_rows, key_paths = jax.random.split(key, 3)
        real = values[jax.random.randint(key_rows, (settings.batch,), 0, len(values))]
        value, (g_slope, d_slope) = jax.value_and_grad(gap)((g, d), real, jax.random.split(key_paths, settings.batch))
        g_update, g_state = g_optimizer.update(g_slope, g_state, g)
        d_update, d_state = d_optimizer.update(jax.tree.map(jnp.negative, d_slope), d_state, d)
        g, d = optax.apply_updates(g, g_update), optax.apply_updates(d, d_update)
        count = jnp.maximum(i - settings.average_from * settings.steps, 0.0).astype(values.dtype)
        average = jax.tree.map(lambda a, b: a + (b - a) / (count + 1), average, g)
        return (g, d, g_state, d_state, average, key), value

    start = (g, d, g_optimizer.init(g), d_optimizer.init(d), g, keys[2])
    carry, gaps = jax.jit(lambda c: jax.lax.scan(step, c, jnp.arange(settings.steps)))(start)
    return eqx.combine(carry[4], g_static), gaps


def marginal_distance(a, b) -> jax.Array:
    """Wasserstein-1 distance of two samples of equal size at each time: paths (count, time, 1) to (time,)."""
    return jnp.mean(jnp.abs(jnp.sort(a[..., 0], axis=0) - jnp.sort(b[..., 0], axis=0)), axis=0)

"""The problems of ``bench_dynamics.py`` with neuralpde."""

from __future__ import annotations

import numpy as np
from dynamics_problems import HIDDEN, LATENT, RATES, SDE, WIDTH, batches, data, timed


def ours(problem: str, steps: int) -> dict[str, float]:
    import equinox as eqx
    import jax
    import jax.numpy as jnp
    import optax

    arrays = [jnp.asarray(a, jnp.float32) for a in data(problem)]
    model, loss = OURS[problem](jax.random.key(0), np.asarray(arrays[0]))
    params, static = eqx.partition(model, eqx.is_inexact_array)
    optimizer = optax.adam(RATES[problem])
    rows = jnp.asarray(batches(problem, len(arrays[1]), steps))

    @jax.jit
    def step(params, state, rows, key):
        batch = arrays[1:] if problem == "ode" else [a[rows] for a in arrays[1:]]
        value, gradient = jax.value_and_grad(lambda p: loss(eqx.combine(p, static), *batch, key))(params)
        updates, state = optimizer.update(gradient, state, params)
        return optax.apply_updates(params, updates), state, value

    state, keys = optimizer.init(params), jax.random.split(jax.random.key(1), steps)
    carry = [params, state]

    def advance(i: int) -> float:
        carry[0], carry[1], value = step(*carry, rows[i], keys[i])
        return float(value)

    return {"parameters": sum(p.size for p in jax.tree.leaves(params))} | timed(advance, problem, steps)


def _our_ode(key, times):
    import equinox as eqx
    import jax.numpy as jnp
    from diffrax import Dopri5

    from neuralpde.dynamics import Method, solve

    method = Method(Dopri5(), rtol=1e-4, atol=1e-4, statistics=False)
    field = lambda t, y, net: net(y**3)

    def loss(net, truth, key):
        return jnp.sum((solve(field, truth[0], times, method, args=net).states - truth) ** 2)

    return eqx.nn.MLP(2, 2, 50, 1, jnp.tanh, key=key), lambda net, truth, key: loss(net, truth, key)


def _our_latent_ode(key, times):
    import equinox as eqx
    import jax
    import jax.numpy as jnp
    from diffrax import Dopri5

    from neuralpde.dynamics import Method, solve_together

    method = Method(Dopri5(), rtol=1e-3, atol=1e-3, statistics=False)
    keys = jax.random.split(key, 4)
    model = {
        "gru": eqx.nn.GRUCell(2, HIDDEN, key=keys[0]),
        "head": eqx.nn.Linear(HIDDEN, 2 * LATENT, key=keys[1]),
        "field": eqx.nn.MLP(LATENT, LATENT, WIDTH, 2, jax.nn.softplus, final_activation=jnp.tanh, key=keys[2]),
        "decoder": eqx.nn.Linear(LATENT, 2, key=keys[3]),
    }

    def loss(model, values, key):
        def encode(values):
            h, _ = jax.lax.scan(lambda h, x: (model["gru"](x, h), None), jnp.zeros(HIDDEN), values, reverse=True)
            return jnp.split(model["head"](h), 2)

        mean, log_std = jax.vmap(encode)(values)
        z0 = mean + jnp.exp(log_std) * jax.random.normal(key, mean.shape)
        latents = solve_together(lambda t, z, net: net(z), z0, times, method, args=model["field"]).states
        found = jax.vmap(jax.vmap(model["decoder"]))(latents)
        likelihood = 0.5 * jnp.sum(((found - values.swapaxes(0, 1)) / 0.3) ** 2) / len(values)
        kl = 0.5 * jnp.mean(jnp.sum(mean**2 + jnp.exp(2 * log_std) - 2 * log_std - 1, -1))
        return likelihood + kl

    return model, loss


def _our_cde(key, times):
    import diffrax
    import equinox as eqx
    import jax
    import jax.numpy as jnp

    from neuralpde.dynamics import Method, solve

    method = Method(diffrax.Dopri5(), rtol=1e-3, atol=1e-3, statistics=False)
    keys = jax.random.split(key, 3)
    net = eqx.nn.MLP(8, 24, 128, 1, jax.nn.softplus, final_activation=jnp.tanh, key=keys[0])
    model = (net, eqx.nn.Linear(3, 8, key=keys[1]), eqx.nn.Linear(8, 1, key=keys[2]))

    def loss(model, values, labels, key):
        net, first, last = model

        def logit(values):
            path = diffrax.CubicInterpolation(times, diffrax.backward_hermite_coefficients(times, values))
            field = lambda t, z, args: net(z).reshape(8, 3) @ path.derivative(t)
            z = solve(field, first(values[0]), times[[0, -1]], method).last
            return last(z)[0]

        logits = jax.vmap(logit)(values)
        return jnp.mean(jnp.maximum(logits, 0) - logits * labels + jnp.log1p(jnp.exp(-jnp.abs(logits))))

    return model, loss


def _our_latent_sde(key, times):
    import jax
    import jax.numpy as jnp

    from neuralpde.dynamics import LatentSDE

    def loss(model, values, key):
        keys = jax.random.split(key, len(values))
        return -jnp.mean(jax.vmap(lambda x, k: model.elbo(times, x, key=k))(values, keys))

    return LatentSDE(3, **SDE, key=key), loss


OURS = {"ode": _our_ode, "latent_ode": _our_latent_ode, "cde": _our_cde, "latent_sde": _our_latent_sde}

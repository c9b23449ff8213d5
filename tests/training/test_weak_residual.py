"""The weak form on balls: its test functions, its limit, jumps that the strong form does not see, and what it teaches."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from convergence import observed_order
from physics_convergence import Known

from neuralpde.equations import Darcy
from neuralpde.operators import FNO, DGenNO, Normalized
from neuralpde.spaces import Box, ClosedForm, Dirichlet, Field, FunctionSpace
from neuralpde.training import Reconstruction, TrainingArgumentError, WeakResidual, invert, weak_lack
from neuralpde.training.physics_weak import ball_rule, wendland

SQUARE = Box.of(x=(0.0, 1.0), y=(0.0, 1.0))
VOLUME = {1: 2.0, 2: np.pi, 3: 4 * np.pi / 3}


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_the_rule_integrates_over_the_ball_and_slopes_are_those_of_the_test_function(dim):
    rule, h = ball_rule(dim, 6), 1e-6
    np.testing.assert_allclose(rule.w.sum(), VOLUME[dim], rtol=1e-13)
    np.testing.assert_allclose(rule.w @ (rule.y**2).sum(1), VOLUME[dim] * dim / (dim + 2), rtol=1e-13)
    np.testing.assert_allclose(rule.w @ rule.slope, 0, atol=1e-13)
    # int y . grad phi = -d int phi, by parts: phi is zero on the sphere.
    np.testing.assert_allclose(rule.w @ (rule.y * rule.slope).sum(1), -dim * rule.w @ rule.phi, rtol=1e-12)
    r = np.linspace(0.1, 0.9, 5)
    np.testing.assert_allclose(
        wendland(r, dim)[1], (wendland(r + h, dim)[0] - wendland(r - h, dim)[0]) / (2 * h), rtol=1e-7
    )


def test_small_balls_tell_the_strong_residual_in_second_order(key):
    a = ClosedForm(lambda x: jnp.exp(x[:1] - x[1:] ** 2), FunctionSpace(SQUARE, ("a",)))
    f = ClosedForm(lambda x: 1 + x[:1] * x[1:], FunctionSpace(SQUARE, ("f",)))
    v = lambda x: (jnp.sin(3 * x[0]) * jnp.cos(2 * x[1]))[None]
    centres = 0.3 + 0.4 * jax.random.uniform(key, (20, 2))
    strong = jax.vmap(lambda x: Darcy(a, f).residual(v, x)[0])(centres)
    radii = [0.2, 0.1, 0.05, 0.025]
    errors = [float(jnp.abs(weak_lack(v, a, f, centres, radius, 6) - strong).max()) for radius in radii]
    assert observed_order(errors) == pytest.approx(2, abs=0.05)


def test_a_medium_that_jumps_is_seen_where_the_strong_residual_is_blind():
    """a = 1 left of 0.5 and 4 right of it, no source: fluxes are equal for slopes 4 and 1, and only then."""
    a = ClosedForm(lambda x: jnp.where(x[:1] < 0.5, 1.0, 4.0), FunctionSpace(SQUARE, ("a",)))
    bent = lambda x: jnp.where(x[:1] < 0.5, 4 * x[:1], 1.5 + x[:1])
    straight = lambda x: x[:1]
    centres = jnp.asarray([[0.5, 0.4], [0.47, 0.6], [0.2, 0.5]])
    lack = lambda v: weak_lack(v, a, 0.0, centres, 0.1, 12)
    np.testing.assert_allclose(lack(bent), 0, atol=1e-10)
    assert (jnp.abs(lack(straight)[:2]) > 3).all() and abs(lack(straight)[2]) < 1e-10
    assert float(jax.vmap(lambda x: Darcy(a, 0.0).residual(straight, x)[0])(centres[1:2])[0]) == 0


def test_balls_stay_in_the_box_and_the_term_is_their_mean_square(key):
    space = FunctionSpace(SQUARE, ("u",), Dirichlet(0.0))
    term = WeakResidual(Darcy(1.0, 1.0), balls=200, radius=0.1)
    centres, radius = term.drawn(SQUARE, key)
    assert radius == pytest.approx(0.1) and float(centres.min()) >= 0.1 and float(centres.max()) <= 0.9
    medium = FunctionSpace(SQUARE, ("a",))
    u = Field(jnp.full((8, 8, 1), 2.0), SQUARE.grid(8), medium)
    # -div(2 grad(-x^2 / 4)) = 1
    exact = Known(ClosedForm(lambda x: -(x[:1] ** 2) / 4, space), medium)
    assert float(term(exact, u, u.on, key)) < 1e-20
    twice = Known(ClosedForm(lambda x: -(x[:1] ** 2) / 2, space), medium)
    np.testing.assert_allclose(term(twice, u, u.on, key), 1.0, rtol=1e-10)


def test_a_code_is_decoded_to_what_was_encoded_in_physical_units(key):
    source, target = FunctionSpace(SQUARE, ("a",)), FunctionSpace(SQUARE, ("u",), Dirichlet(0.0))
    grid = SQUARE.grid(6)
    model = DGenNO(source, target, latent=5, encoder_width=8, width=7, depth=3, on=grid, key=key)
    u = Field(jax.random.normal(key, (6, 6, 1)), grid, source)
    beta = model.code(u)
    assert beta.shape == (5,) and (jnp.abs(beta) < 1).all()
    at = jnp.asarray([0.3, 0.8])
    np.testing.assert_allclose(model.decoded(beta)(at), model.as_function(u)(at), rtol=1e-12)
    term = Reconstruction()
    again = model.reconstruct(u).sample(grid)
    expected = jnp.sum((again.values - u.values) ** 2) / jnp.sum(u.values**2)
    np.testing.assert_allclose(term(model, u, grid, key), expected, rtol=1e-10)
    with pytest.raises(ValueError, match="does not make its input again"):
        term(Normalized(FNO(source, target, width=4, modes=2, depth=1, key=key)), u, grid, key)
    with pytest.raises(TrainingArgumentError, match="which has codes"):
        invert(
            FNO(source, target, width=4, modes=2, depth=1, key=key),
            at[None],
            at[:1, None],
            WeakResidual(Darcy(1.0)),
            Field.stack(u.values[None], grid, source),
            key=key,
        )

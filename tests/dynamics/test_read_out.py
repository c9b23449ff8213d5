"""Equations read out of vector fields: exact ones term by term, and learned ones with the right terms."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.data.series import trajectories
from neuralpde.dynamics import FormulaField, Method, NeuralODE, read_out
from neuralpde.equations import Lorenz63, LotkaVolterra
from neuralpde.equations.symbolic import DictionaryTerm, polynomials
from neuralpde.training import SeriesTask, Trajectories, adam, fit


def test_exact_field_is_read_out_term_by_term_and_is_a_field_again(key):
    lorenz = Lorenz63()
    states = lorenz.initial_states().sample(key, 120)
    found = read_out(lorenz.vector_field, states.reshape(4, 30, 3), polynomials(lorenz.names, 3))
    terms = found.formula.terms()
    assert {name: set(t) for name, t in terms.items()} == {
        "x'": {"x", "y"},
        "y'": {"x", "y", "x*z"},
        "z'": {"z", "x*y"},
    }
    np.testing.assert_allclose(list(terms["y'"].values()), [28, -1, -1], rtol=1e-9)
    assert str(found).splitlines()[0] == "x' = -10*x + 10*y"
    np.testing.assert_allclose(
        FormulaField(found.formula)(0.0, states[7]), lorenz.vector_field(0.0, states[7]), rtol=1e-9
    )


def test_time_and_arguments_are_quantities_like_others(key):
    field = lambda t, y, args: jnp.stack([y[1], -args * y[0] + 0.5 * jnp.cos(t)])
    states, times = jax.random.normal(key, (60, 2)), jnp.linspace(0.0, 6.0, 60)
    library = polynomials(("x", "v", "t"), 1).extended(DictionaryTerm("cos(t)", lambda z: jnp.cos(z[2])))
    found = read_out(field, states, library, times=times, args=2.0)
    assert found.formula.expressions() == {"x'": "1*v", "v'": "-2*x + 0.5*cos(t)"}
    rates = FormulaField(found.formula)(1.3, states[0])
    np.testing.assert_allclose(rates, field(1.3, states[0], 2.0), atol=1e-10)
    by_names = read_out(lambda t, y, args: y * t, states, times=times)
    assert by_names.formula.expressions() == {"y1'": "1*y1*t", "y2'": "1*y2*t"}
    with pytest.raises(ValueError, match="states of 2 components and their times"):
        read_out(field, states, polynomials(("x", "v")), times=times)


@pytest.mark.slow
def test_learned_field_has_the_terms_of_the_law_and_their_coefficients_after_training_again():
    """The rates of the network are wrong by some percent, which is one error on each trajectory and not on each state."""
    law = LotkaVolterra(alpha=1.3, beta=0.9, gamma=0.8, delta=1.8)
    data = trajectories(law, train=32, test=2, end=6.0, points=61)
    method = Method(substeps=1, statistics=False)
    model = NeuralODE(2, width=32, method=method, key=jax.random.key(0))
    model = eqx.tree_at(lambda m: m.field.scale, model, jnp.full(2, 10.0))

    def learned(model, steps):
        task = SeriesTask(data, Trajectories(shooting=4), batch_size=8)
        optimizer = adam(steps=steps, learning_rate=1e-2)
        return fit(model, task, optimizer, steps=steps, key=jax.random.key(1), progress=False).model

    states = jnp.asarray(data.train.target.values)
    found = read_out(learned(model, 1500).field, states, polynomials(law.names), independent=len(states))
    formula = NeuralODE(2, field=FormulaField(found.formula), method=method, key=jax.random.key(0))
    again = learned(formula, 200).field.formula
    for terms, tolerance in ((found.formula.terms(), 0.05), (again.terms(), 1e-3)):
        assert terms == {
            "prey'": {"prey": pytest.approx(1.3, tolerance), "prey*hunters": pytest.approx(-0.9, tolerance)},
            "hunters'": {"hunters": pytest.approx(-1.8, tolerance), "prey*hunters": pytest.approx(0.8, tolerance)},
        }

"""Evaluation over test sets: keys, batches, compilations, refusals."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from constructed import ERRORS, SQUARE, Counting, Picky, Scale, Traces, known_errors, waves

from neuralpde.evaluation import evaluate_operator, per_sample_errors, predict
from neuralpde.spaces import Field, Sample, Trajectory


class InverseLaplacian(eqx.Module):
    """f -> u with -Laplace u = f and mean zero, exact for band-limited periodic f, by FFT."""

    def __call__(self, u, at=None, key=None):
        n = u.on.shape[0]
        k = 2 * jnp.pi * jnp.fft.fftfreq(n, 1 / n)
        symbol = k[:, None] ** 2 + k[None, :] ** 2
        spectrum = jnp.fft.fftn(u.values[..., 0]) / jnp.where(symbol == 0, jnp.inf, symbol)
        return u.with_values(jnp.fft.ifftn(spectrum).real[..., None])


@pytest.mark.parametrize("batch_size", [1, 2, 3, 7, 50])
def test_errors_do_not_depend_on_the_batch_size(batch_size):
    errors = per_sample_errors(Scale(), known_errors(16), batch_size)
    assert {values.shape for values in errors.values()} == {(7,)}
    np.testing.assert_allclose(errors["relative_l2"], ERRORS, rtol=1e-12)


@pytest.mark.parametrize("batch_size", [2, 7, 50])
def test_predictions_keep_the_order_and_number_of_samples(batch_size):
    samples = known_errors(16)
    values = predict(Scale(3.0), samples, batch_size).values
    np.testing.assert_allclose(values, 3 * np.asarray(samples.inputs.values), rtol=1e-14)


def test_the_exact_solution_operator_has_no_error_on_any_grid():
    for n in (16, 24):
        errors = per_sample_errors(InverseLaplacian(), _poisson(waves(n, 3)))
        assert max(errors["relative_l2"].max(), errors["relative_h1"].max()) < 1e-12


def test_first_test_set_has_bare_keys_and_the_others_their_label(dataset):
    results = evaluate_operator(Scale(), dataset, batch_size=4)
    assert results["test/relative_l2"] == pytest.approx(np.mean(ERRORS), rel=1e-12)
    assert results["test/relative_l2@16"] == pytest.approx(np.mean(ERRORS), rel=1e-12)
    assert "test/relative_h1@24" in results
    assert "test/relative_l2@32" not in results
    assert results["test/samples_per_second"] > 0
    assert all(type(value) is float for value in results.values())


def test_each_test_grid_is_traced_once_whatever_the_number_of_batches(dataset):
    traces = Traces()
    evaluate_operator(Counting(jnp.asarray(1.0), traces), dataset, batch_size=2)
    assert sorted(traces.shapes) == [(16, 16), (24, 24), (32, 32)]


def test_evaluating_again_with_other_parameters_does_not_compile_again():
    traces, samples = Traces(), known_errors(16)
    per_sample_errors(Counting(jnp.asarray(1.0), traces), samples, 3)
    errors = per_sample_errors(Counting(jnp.asarray(2.0), traces), samples, 3)
    assert len(traces.shapes) == 1
    np.testing.assert_allclose(errors["relative_l2"], 1 + 2 * np.asarray(ERRORS), rtol=1e-12)


def test_a_refused_grid_is_left_out_with_a_warning_that_says_why(dataset):
    with pytest.warns(UserWarning, match=r"'24'.*divisible by 16"):
        results = evaluate_operator(Picky(), dataset)
    assert "test/relative_l2@16" in results
    assert not [key for key in results if key.endswith("@24")]


def test_a_refusal_of_the_training_grid_is_an_error(dataset):
    class Broken(eqx.Module):
        def __call__(self, u, at=None, key=None):
            raise ValueError("no grid pleases me")

    with pytest.raises(ValueError, match="no grid pleases me"):
        evaluate_operator(Broken(), dataset)


def test_the_answer_is_asked_for_where_the_targets_live():
    samples = Sample(waves(32, 3), waves(16, 3), {})
    assert per_sample_errors(Scale(), samples)["relative_l2"].max() < 1e-12


def test_trajectories_are_refused_by_name():
    u = waves(16, 2)
    samples = Sample(u, Trajectory(jnp.arange(2.0), u), {})
    with pytest.raises(TypeError, match="Trajectory"):
        per_sample_errors(Scale(), samples)


def test_a_batch_of_no_samples_is_refused():
    with pytest.raises(ValueError, match="batch_size"):
        per_sample_errors(Scale(), known_errors(16), 0)


def _poisson(u: Field) -> Sample:
    n = u.on.shape[0]
    k = 2 * np.pi * np.fft.fftfreq(n, 1 / n)
    spectrum = np.fft.fft2(np.asarray(u.values)[..., 0]) * (k[:, None] ** 2 + k[None, :] ** 2)
    return Sample(Field.stack(np.fft.ifft2(spectrum).real[..., None], u.on, SQUARE), u, {})

"""Generation in chunks, keys of samples, and averages over cells."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.data import DataError
from neuralpde.data.generation import cell_means, chunk_size, generate, generation_bars, split_keys
from neuralpde.spaces import Box, Field, FunctionSpace


def draw(key):
    return {"u": jax.random.normal(key, (3,)), "n": jnp.ones((), int)}


@pytest.mark.parametrize("chunk", [1, 4, 7, 10])
def test_chunks_do_not_change_the_result(chunk):
    keys, done = split_keys(0, "train", 7), []
    made = generate(jax.jit(jax.vmap(draw)), keys, chunk, done.append)
    assert made["u"].shape == (7, 3) and made["u"].dtype == np.float32
    np.testing.assert_allclose(made["u"], jax.vmap(draw)(keys)["u"], rtol=1e-6)
    assert made["n"].sum() == 7 and sum(done) == 7


def test_one_program_serves_full_and_partial_chunks():
    traces = []

    def traced(key):
        traces.append(key)
        return draw(key)

    generate(jax.jit(jax.vmap(traced)), split_keys(0, "train", 7), 3, lambda count: None)
    assert len(traces) == 1


def test_keys_depend_on_seed_split_and_number_alone():
    data = lambda *which: np.asarray(jax.random.key_data(split_keys(*which)))
    assert np.array_equal(data(0, "train", 9)[:4], data(0, "train", 4))
    others = [data(0, "train", 4), data(0, "test", 4), data(0, "validation", 4), data(1, "train", 4)]
    assert len(np.unique(np.concatenate(others), axis=0)) == 16


def test_chunk_is_at_least_one_sample_and_at_most_all():
    assert chunk_size(10**9, 5) == 1
    assert chunk_size(1, 5) == 5


def test_cell_means_keep_the_integral_and_average_lines_exactly():
    box = Box.of(x=(0.0, 1.0), y=(0.0, 3.0))
    fine, coarse = box.grid(6, 12), box.grid(3, 4)
    line = lambda on: Field(1 + 2 * on.coords()[..., :1] - on.coords()[..., 1:], on, FunctionSpace(box))
    np.testing.assert_allclose(cell_means(line(fine), coarse).values, line(coarse).values, atol=1e-14)
    u = Field(jax.random.normal(jax.random.key(0), (6, 12, 1)), fine, FunctionSpace(box))
    np.testing.assert_allclose(cell_means(u, coarse).integral(), u.integral(), atol=1e-14)


def test_cells_that_do_not_fit_are_refused():
    box = Box.cube(1)
    with pytest.raises(DataError, match=r"\(10,\), got \(4,\)"):
        cell_means(Field(jnp.zeros((10, 1)), box.grid(10), FunctionSpace(box)), box.grid(4))


def test_bars_name_the_splits_and_count_the_samples(capsys):
    with generation_bars("waves") as bar:
        bar("train 8", 9)(4)
        bar("test 8", 4)(4)
    shown = capsys.readouterr()
    assert "waves: train 8" in shown.err and "4/9" in shown.err and "4/4" in shown.err and not shown.out
    with generation_bars("waves", shown=False) as bar:
        bar("test 8", 4)(4)
    assert capsys.readouterr().err == ""

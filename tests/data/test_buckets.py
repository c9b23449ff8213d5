"""Groups of series that are about equally long: nothing but padding is lost."""

import diffrax
import jax
import numpy as np
import pytest

from neuralpde.data import DataError
from neuralpde.data.series import SeriesSample, even_sizes, in_buckets, stack_series
from neuralpde.data.series.buckets import entries
from neuralpde.dynamics import GRUD, Method, NeuralCDE
from neuralpde.spaces import IrregularSeries, control_path

LENGTHS = (4, 9, 5, 9, 2, 7)


@pytest.fixture(scope="module")
def ragged() -> SeriesSample:
    random = np.random.default_rng(0)
    draw = lambda n: IrregularSeries(np.sort(random.uniform(0, 1, n)), random.normal(size=(n, 2)), np.array([float(n)]))
    return SeriesSample(stack_series([draw(n) for n in LENGTHS]), np.arange(len(LENGTHS)))


def test_each_sample_is_in_the_smallest_group_that_holds_it(ragged):
    short, middle, long = in_buckets(ragged, (9, 5, 7))
    assert [list(part.target) for part in (short, middle, long)] == [[0, 2, 4], [5], [1, 3]]
    assert [part.series.times.shape[1] for part in (short, middle, long)] == [5, 7, 9]
    np.testing.assert_array_equal(short.series.values[1], ragged.series.values[2, :5])
    assert list(short.series.length) == [4, 5, 2] and list(short.series.static[:, 0]) == [4, 5, 2]


@pytest.mark.parametrize("count", [1, 2, 3, 6, 50])
def test_a_number_of_groups_parts_samples_evenly(count):
    lengths = np.random.default_rng(1).integers(2, 200, 600)
    sizes = even_sizes(lengths, count)
    assert sizes[-1] == lengths.max() and len(sizes) <= count
    shares = np.diff([0, *(np.sum(lengths <= size) for size in sizes)])
    assert shares.sum() == 600 and shares.max() <= 600 / count + 10


def test_equally_long_series_are_one_group():
    assert even_sizes(np.full(10, 7), 4) == [7]


def test_the_longer_of_series_and_target_counts(ragged):
    target = jax.tree.map(lambda leaf: leaf[::-1], ragged.series)
    both = SeriesSample(ragged.series, target)
    assert list(entries(both)) == [7, 9, 9, 9, 9, 7]
    short, long = in_buckets(both, (8, 9))
    assert short.target.times.shape == (2, 8) and long.series.times.shape == (4, 9)


@pytest.mark.parametrize("path", ["hermite", "rectilinear", None])
def test_models_answer_as_for_the_padded_series(ragged, path):
    """Cutting padding changes no answer: paths are cut as if they were made of the shorter series."""
    make = jax.jit(jax.vmap(lambda series: control_path(series, path)))
    samples = ragged if path is None else SeriesSample(make(ragged.series), ragged.target)
    model = GRUD(2, 3, hidden=4, key=jax.random.key(0))
    if path is not None:
        method = Method(diffrax.Heun(), substeps=2, statistics=False)
        model = NeuralCDE(2, 3, statics=1, hidden=4, width=4, depth=1, method=method, key=jax.random.key(0))
    answers = jax.jit(jax.vmap(model))
    whole = np.asarray(answers(samples.series))
    for part in in_buckets(samples, (5, 9)):
        np.testing.assert_allclose(answers(part.series), whole[part.target], atol=1e-12)
        if path is not None:
            made = make(part.series.series)
            belongs = np.arange(made.pieces.a.shape[1]) < np.asarray(made.last)[:, None]
            for cut, short in zip(part.series.pieces, made.pieces, strict=True):
                np.testing.assert_allclose(cut[belongs], short[belongs], atol=1e-12)
            np.testing.assert_allclose(part.series.knots, made.knots)


@pytest.mark.parametrize(("sizes", "words"), [((5, 7), "longest"), ((), "longest"), ((1, 9), "two"), (0, "one group")])
def test_sizes_that_hold_nothing_are_refused(ragged, sizes, words):
    with pytest.raises(DataError, match=words):
        in_buckets(ragged, sizes)

"""Metrics of other communities against plain loops, hand-made cases, and each other where their definitions say so."""

import math

import numpy as np
import pytest

from neuralpde.evaluation import (
    apebench_nrmse,
    correlation_time,
    fno_block_error,
    pdearena_summed_mse,
    pdebench_metrics,
    pearson_correlation,
    sinenet_scaled_l2,
    well_nrmse,
    well_vrmse,
)
from neuralpde.spaces import Box, Field, FunctionSpace

SHAPES = pytest.mark.parametrize("grid", [(26,), (26, 30), (26, 28, 6)], ids=["1D", "2D", "3D"])
B, T, C = 3, 4, 2


def pair(grid, seed=0):
    """A prediction and a truth of noise, with means of their own."""
    rng = np.random.default_rng(seed)
    shape = (B, T, *grid, C)
    return rng.normal(0.3, 1, shape), rng.normal(0.5, 2, shape)


def states(p, q):
    """Every (sample, time, channel) with its two arrays of points."""
    for b in range(p.shape[0]):
        for t in range(p.shape[1]):
            for c in range(p.shape[-1]):
                yield (b, t, c), p[b, t, ..., c], q[b, t, ..., c]


def norm(x):
    return math.sqrt(float(np.sum(np.square(x))))


@SHAPES
def test_scaled_l2_is_the_mean_of_the_ratio_of_every_state_and_channel(grid):
    p, q = pair(grid)
    expected = np.mean([norm(a - b) / norm(b) for _, a, b in states(p, q)])
    assert sinenet_scaled_l2(p, q) == pytest.approx(expected, rel=1e-12)


@SHAPES
def test_pdearena_sums_over_time_and_channels(grid):
    p, q = pair(grid)
    expected = sum(np.mean((a - b) ** 2) for _, a, b in states(p, q)) / B
    assert pdearena_summed_mse(p, q) == pytest.approx(expected, rel=1e-12)


@SHAPES
def test_the_block_error_of_fno_has_one_ratio_a_sample(grid):
    p, q = pair(grid)
    expected = np.mean([norm(p[b] - q[b]) / norm(q[b]) for b in range(B)])
    assert fno_block_error(p, q) == pytest.approx(expected, rel=1e-12)


@SHAPES
def test_the_metrics_of_the_well_have_their_small_number_and_their_variance(grid):
    p, q = pair(grid)
    n = math.prod(grid)
    v = [math.sqrt(np.mean((a - b) ** 2) / (np.sum((b - b.mean()) ** 2) / (n - 1) + 1e-7)) for _, a, b in states(p, q)]
    r = [math.sqrt(np.mean((a - b) ** 2) / (np.mean(b**2) + 1e-7)) for _, a, b in states(p, q)]
    assert well_vrmse(p, q) == pytest.approx(np.mean(v), rel=1e-12)
    assert well_nrmse(p, q) == pytest.approx(np.mean(r), rel=1e-12)


def test_predicting_the_mean_scores_one_up_to_the_unbiased_variance():
    _, q = pair((26, 30))
    mean = np.broadcast_to(q.mean(axis=(2, 3), keepdims=True), q.shape)
    n = 26 * 30
    assert well_vrmse(mean, q) == pytest.approx(math.sqrt((n - 1) / n), rel=1e-6)
    constant = np.ones_like(q)
    assert well_vrmse(constant + 1e-3, constant) == pytest.approx(1e-3 / math.sqrt(1e-7), rel=1e-9)


@SHAPES
def test_apebench_sums_over_channels_and_keeps_the_times(grid):
    p, q = pair(grid)
    expected = np.zeros(T)
    for (_, t, _), a, b in states(p, q):
        expected[t] += norm(a - b) / norm(b) / B
    np.testing.assert_allclose(apebench_nrmse(p, q), expected, rtol=1e-12)


@SHAPES
def test_the_correlation_is_that_of_all_points_and_channels(grid):
    p, q = pair(grid)
    for b in range(B):
        for t in range(T):
            expected = np.corrcoef(p[b, t].ravel(), q[b, t].ravel())[0, 1]
            assert pearson_correlation(p, q)[b, t] == pytest.approx(expected, rel=1e-10)


def correlated(levels):
    """Two samples whose correlation with the truth is the same and falls through ``levels``: cosine and sine are
    orthogonal, so that c cos + sqrt(1 - c^2) sin has correlation c with cos.
    """
    x = 2 * np.pi * np.arange(32) / 32
    truth = np.tile(np.cos(x)[None, None, :, None], (2, len(levels), 1, 1))
    p = np.stack([c * np.cos(x) + math.sqrt(1 - c**2) * np.sin(x) for c in levels])
    return 3.0 + 2.0 * np.tile(p[None, ..., None], (2, 1, 1, 1)), truth


def test_the_correlation_time_is_the_first_below_the_threshold():
    p, q = correlated([1.0, 0.95, 0.85, 0.79, 0.9])
    times = 0.5 * np.arange(5)
    np.testing.assert_allclose(pearson_correlation(p, q)[0], [1.0, 0.95, 0.85, 0.79, 0.9], rtol=1e-10)
    assert correlation_time(p, q, times) == 1.5
    assert correlation_time(p, q, times, threshold=0.9) == 1.0
    assert correlation_time(p, q, times, threshold=0.5) == 2.0  # never: the last time
    p[:, 2] = np.nan
    assert correlation_time(p, q, times) == 1.0
    with pytest.raises(ValueError, match="one time a state"):
        correlation_time(p, q, times[:2])


def pdebench_by_loops(p, q, lengths):
    """The definitions, one number at a time."""
    grid, e = p.shape[2:-1], p - q
    points, dim = math.prod(grid), len(grid)
    out = {name: [] for name in ("rmse", "nrmse", "brmse", "crmse", "max", "low", "mid", "high")}
    for _, a, b in states(p, q):
        out["rmse"].append(math.sqrt(np.mean((a - b) ** 2)))
        out["nrmse"].append(math.sqrt(np.mean((a - b) ** 2)) / math.sqrt(np.mean(b**2)))
        d, total, count = a - b, 0.0, 0
        for axis in range(dim):
            for end in (0, grid[axis] - 1):
                side = np.take(d, end, axis=axis)
                total, count = total + float(np.sum(side**2)), count + side.size
        out["brmse"].append(math.sqrt(total / count))
    for t in range(p.shape[1]):
        for c in range(p.shape[-1]):
            here = e[:, t, ..., c]
            out["crmse"].append(math.sqrt(np.mean([np.sum(x) ** 2 for x in here])) / points)
            out["max"].append(np.abs(here).max())
            spectrum = np.sqrt(np.mean([shells(x) for x in here], axis=0)) * math.prod(lengths) / points
            for name, (low, high) in {"low": (0, 4), "mid": (4, 12), "high": (12, None)}.items():
                out[name].append(np.mean(spectrum[low:high]) if len(spectrum[low:high]) else math.nan)
    named = {
        name if name in ("rmse", "nrmse", "brmse", "crmse", "max") else f"frmse_{name}": v for name, v in out.items()
    }
    return {name: float(np.mean(values)) for name, values in named.items()}


def shells(e):
    """|DFT|^2 by definition on an axis; summed into shells in more dimensions."""
    grid = e.shape
    if len(grid) == 1:
        n = np.arange(grid[0])
        return np.asarray(
            [abs(np.sum(e * np.exp(-2j * np.pi * k * n / grid[0]))) ** 2 for k in range(grid[0] // 2 + 1)]
        )
    transform, out = np.fft.fftn(e), np.zeros(min(grid) // 2)
    for k in np.ndindex(tuple(n // 2 for n in grid)):
        shell = math.floor(math.sqrt(sum(i * i for i in k)))
        if shell < len(out):
            out[shell] += abs(transform[k]) ** 2
    return out


@SHAPES
@pytest.mark.parametrize("given", [0, 1])
def test_pdebench_is_what_its_definitions_say(grid, given):
    p, q = pair(grid)
    lengths = (1.0, 2.0, 3.0)[: len(grid)]
    found = pdebench_metrics(p, q, initial_frames=given, lengths=lengths)
    expected = pdebench_by_loops(p[:, given:], q[:, given:], lengths)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-10, nan_ok=True), name


def test_given_states_deflate_every_mean():
    """21 states with 10 given: the published number is 11/21 of the mean over predicted states."""
    rng = np.random.default_rng(0)
    p, q = rng.normal(size=(2, 5, 21, 32, 3))
    after, with_given = (pdebench_metrics(p, q, 10, include_initial_frames=flag) for flag in (False, True))
    for name, value in after.items():
        assert with_given[name] == pytest.approx(value * 11 / 21, rel=1e-12), name


def test_one_wave_has_its_error_in_its_band():
    """An error cos(2 pi 5 x) has |E_5| = X/2 alone: with L = 1 that is 1/2 in the band 4..11 of eight wavenumbers."""
    x = np.arange(64) / 64
    e = np.cos(2 * np.pi * 5 * x)[None, None, :, None]
    found = pdebench_metrics(1.0 + e, np.ones_like(e), initial_frames=0)
    assert found["frmse_mid"] == pytest.approx(0.5 / 8, rel=1e-12)
    assert found["frmse_low"] == pytest.approx(0.0, abs=1e-14) and found["frmse_high"] == pytest.approx(0.0, abs=1e-14)
    assert found["crmse"] == pytest.approx(0.0, abs=1e-14) and found["max"] == pytest.approx(1.0)
    assert found["rmse"] == found["nrmse"] == pytest.approx(math.sqrt(0.5))


def test_a_constant_error_is_seen_by_all_and_conserved_by_none():
    q = np.full((2, 3, 24, 24, 1), 4.0)
    found = pdebench_metrics(q + 2.0, q, initial_frames=0)
    for name in ("rmse", "crmse", "brmse", "max"):
        assert found[name] == pytest.approx(2.0), name
    assert found["nrmse"] == pytest.approx(0.5)
    assert found["frmse_low"] == pytest.approx(2.0 / 4) and found["frmse_mid"] == pytest.approx(0.0, abs=1e-14)
    assert math.isnan(found["frmse_high"])  # 24 points resolve no shell from 12 on


def test_three_relative_errors_differ_where_states_differ_in_size():
    """A state of size 1 wrong by 1 and one of size 10 right: ratios first, or norms first."""
    q = np.asarray([1.0, 10.0])[None, :, None, None] * np.ones((1, 2, 4, 1))
    p = q + np.asarray([1.0, 0.0])[None, :, None, None]
    assert sinenet_scaled_l2(p, q) == pytest.approx(0.5)
    assert fno_block_error(p, q) == pytest.approx(1 / math.sqrt(101))
    np.testing.assert_allclose(apebench_nrmse(p, q), [1.0, 0.0])
    two = [np.concatenate([a, a], axis=-1) for a in (p, q)]
    np.testing.assert_allclose(apebench_nrmse(*two), [2.0, 0.0])
    assert sinenet_scaled_l2(*two) == pytest.approx(0.5)


def test_fields_are_taken_as_arrays_are():
    p, q = pair((26,))
    space = FunctionSpace(Box.cube(1), ("u", "v"))
    on = space.domain.grid(26)
    fields = [Field.stack(a.reshape(-1, 26, 2), on, space) for a in (p, q)]
    stacked = [f.values.reshape(B, T, 26, 2) for f in fields]
    assert sinenet_scaled_l2(*stacked) == sinenet_scaled_l2(p, q)


@pytest.mark.parametrize("metric", [sinenet_scaled_l2, pdebench_metrics, fno_block_error, pearson_correlation])
def test_shapes_that_do_not_fit_are_refused(metric):
    with pytest.raises(ValueError, match=r"\(sample, time, \*grid, channel\), got \(2, 12, 4, 1\) and \(2, 12, 5, 1\)"):
        metric(np.ones((2, 12, 4, 1)), np.ones((2, 12, 5, 1)))
    with pytest.raises(ValueError, match=r"got .4, 1. and .4, 1."):
        metric(np.ones((4, 1)), np.ones((4, 1)))


def test_given_states_and_lengths_must_fit():
    q = np.ones((1, 5, 4, 1))
    with pytest.raises(ValueError, match="initial_frames=5 leaves none of 5"):
        pdebench_metrics(q, q, 5)
    with pytest.raises(ValueError, match="one length an axis, 1, got"):
        pdebench_metrics(q, q, 1, lengths=(1.0, 1.0))

"""Pictures: what is drawn is what was measured."""

import jax
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from constructed import ERRORS, Picky, Scale, known_errors, waves
from matplotlib.collections import PathCollection, QuadMesh

from neuralpde.evaluation import (
    energy_spectrum,
    error_histogram,
    field_panel,
    learning_curve,
    operator_figures,
    ranked_panel,
    resolution_plot,
    resolution_table,
    save_figures,
    spectrum_plot,
)
from neuralpde.spaces import Box, Field, FunctionSpace, Points

PNG = b"\x89PNG\r\n\x1a\n"


def one(stacked: Field, index: int = 0) -> Field:
    return jax.tree.map(lambda a: a[index], stacked)


def panels(figure):
    """The axes of the table, without those of colour bars."""
    return [axes for axes in figure.axes if axes.get_subplotspec() is not None]


def mesh(axes) -> QuadMesh:
    (found,) = [artist for artist in axes.collections if isinstance(artist, QuadMesh)]
    return found


def texts(figure) -> str:
    figure.canvas.draw()
    return " | ".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))


def test_truth_and_prediction_share_one_scale_and_the_error_is_centred_at_zero():
    truth = one(waves(16, 1))
    figure = field_panel(truth, truth, truth.with_values(1.5 * truth.values))
    _, true, predicted, error = map(mesh, panels(figure))
    assert true.get_clim() == predicted.get_clim()
    lower, upper = error.get_clim()
    assert lower == -upper
    assert upper == pytest.approx(0.5 * float(np.abs(truth.values).max()))


def test_signed_fields_get_a_diverging_scale_and_others_a_sequential_one():
    u = one(waves(16, 1))
    positive = u.with_values(u.values**2 + 1.0)
    for field, signed in ((u, True), (positive, False)):
        lower, upper = mesh(panels(field_panel(field, field, field))[1]).get_clim()
        assert (lower == -upper) == signed
        assert signed or (lower, upper) == pytest.approx((float(field.values.min()), float(field.values.max())))


def test_the_image_has_x_to_the_right_and_y_upwards():
    space = FunctionSpace(Box.of(x=(0.0, 2.0), y=(0.0, 1.0)))
    on = space.domain.grid(4, 3)
    u = Field(np.asarray(on.coords())[..., :1], on, space)
    drawn = mesh(panels(field_panel(u, u, u))[1]).get_array()
    np.testing.assert_allclose(drawn, np.tile([0.25, 0.75, 1.25, 1.75], (3, 1)))


def test_coordinates_and_components_are_labelled_with_units():
    space = FunctionSpace(Box.cube(2, periodic=True), ("pressure",))
    u = Field(np.ones((8, 8, 1)), space.domain.grid(8), space)
    shown = texts(field_panel(u, u, u, units={"x": "m", "pressure": "Pa"}))
    assert "x [m]" in shown
    assert "y" in shown
    assert "truth: pressure [Pa]" in shown


def test_rows_are_the_best_the_median_and_the_worst_sample():
    samples = known_errors(16)
    figure = ranked_panel(samples.inputs, samples.targets, samples.inputs, np.asarray(ERRORS))
    shown = texts(figure)
    for name, error in (("best", 0.05), ("median", 0.2), ("worst", 0.4)):
        assert f"{name}\nrelative L2 {error:.2e}" in shown
    drawn = [mesh(axes).get_array() for axes in panels(figure)[1::4]]
    for values, index in zip(drawn, (3, 2, 1), strict=True):
        np.testing.assert_allclose(values, np.asarray(samples.targets.values)[index, ..., 0].T)


def test_curves_of_one_dimension_share_an_axes():
    space = FunctionSpace(Box.cube(1, periodic=True))
    on = space.domain.grid(16)
    u = Field(np.sin(2 * np.pi * np.asarray(on.coords())), on, space)
    figure = field_panel(u, u, u.with_values(1.1 * u.values))
    _, both, error = panels(figure)
    assert len(both.lines) == 2
    np.testing.assert_allclose(error.lines[0].get_ydata(), 0.1 * np.asarray(u.values)[:, 0], atol=1e-15)


def test_of_a_volume_the_middle_slice_is_shown_for_every_component():
    space = FunctionSpace(Box.cube(3), ("u", "v"))
    on = space.domain.grid(4, 5, 6)
    values = np.random.default_rng(0).normal(size=(4, 5, 6, 2))
    u = Field(values, on, space)
    figure = field_panel(u, u, u)
    assert len(panels(figure)) == 8
    np.testing.assert_allclose(mesh(panels(figure)[5]).get_array(), values[:, :, 3, 1].T)
    assert "z = 0.583" in texts(figure)


def test_fields_on_points_are_drawn_at_the_points(key):
    space = FunctionSpace(Box.cube(2))
    on = Points.random(space.domain, 30, key=key)
    u = Field(np.asarray(on.x[:, :1]), on, space)
    (drawn,) = [a for a in panels(field_panel(u, u, u))[1].collections if isinstance(a, PathCollection)]
    np.testing.assert_allclose(drawn.get_offsets(), on.x)
    np.testing.assert_allclose(drawn.get_array(), on.x[:, 0])


@pytest.mark.parametrize("extra", [[], [np.nan], [np.inf, 0.0]])
def test_the_histogram_counts_every_drawable_error_once(extra):
    errors = {"32": np.asarray([1e-3, 1e-2, 1e-2, 1e-1, *extra]), "16": np.asarray([2e-3])}
    figure = error_histogram(errors, bins=3)
    counts = [[patch.get_height() for patch in axes.patches] for axes in panels(figure)]
    assert counts == [[1, 2, 1], [1, 0, 0]]
    assert ("not binned" in texts(figure)) == bool(extra)


def test_the_learning_curve_shows_the_series_that_exist():
    records = [{"step": s, "train/loss": 1 / (s + 1)} for s in range(4)]
    records += [{"step": 3, "validation/relative_l2": 0.2}]
    upper, lower = panels(learning_curve(records))
    assert [line.get_label() for line in upper.lines] == ["train/loss", "validation/relative_l2"]
    np.testing.assert_allclose(upper.lines[0].get_ydata(), [1, 1 / 2, 1 / 3, 1 / 4])
    assert not lower.lines


def test_a_run_without_validation_shows_its_test_error():
    records = [{"step": 1, "test/relative_l2": 0.5}, {"step": 2, "test/relative_l2": 0.25}]
    (line,) = panels(learning_curve(records))[0].lines
    assert line.get_label() == "test/relative_l2"
    np.testing.assert_allclose(line.get_ydata(), [0.5, 0.25])


def test_a_long_noisy_loss_is_also_drawn_as_its_windowed_mean():
    losses = [1.0, 3.0] * 300
    records = [{"step": step, "train/loss": value} for step, value in enumerate(losses)]
    raw, mean = panels(learning_curve(records))[0].lines
    assert len(raw.get_ydata()) == 600
    windows = np.reshape(losses, (200, 3)).mean(axis=1)
    np.testing.assert_allclose(mean.get_ydata(), windows)


def test_a_loss_that_changes_sign_is_drawn_on_a_linear_axis():
    records = [{"step": 1, "train/loss": 1.0}, {"step": 2, "train/loss": -1.0}]
    assert panels(learning_curve(records))[0].get_yscale() == "linear"


def test_an_empty_history_has_an_empty_learning_curve():
    assert not [line for axes in panels(learning_curve([])) for line in axes.lines]


def test_the_spectrum_ends_at_the_last_complete_shell():
    spectrum = energy_spectrum(waves(16, 3))
    (axes,) = panels(spectrum_plot(spectrum, spectrum))
    assert axes.lines[0].get_xdata().max() <= spectrum.complete
    assert len(axes.lines) == 2


def test_a_refused_grid_has_no_point_on_the_native_curve(dataset):
    (axes,) = panels(resolution_plot(resolution_table(Picky(), dataset)))
    native, resampled = axes.lines[:2]
    np.testing.assert_allclose(native.get_xdata(), [16, 32])
    np.testing.assert_allclose(resampled.get_xdata(), [16, 24, 32])


def test_every_picture_of_a_run_becomes_a_png_and_leaves_no_open_figure(dataset, tmp_path):
    settings = dict(matplotlib.rcParams)
    figures = operator_figures(
        Scale(),
        dataset,
        records=[{"step": 1, "train/loss": 1.0}],
        resolution=resolution_table(Scale(), dataset),
    )
    expected = {"samples", "error_histogram", "energy_spectrum", "error_vs_resolution", "learning_curve"}
    assert set(figures) == expected
    paths = save_figures(tmp_path / "plots", figures, dpi=40)
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {f"{name}.png" for name in expected}
    assert all(path.read_bytes().startswith(PNG) for path in paths.values())
    assert plt.get_fignums() == []
    assert dict(matplotlib.rcParams) == settings

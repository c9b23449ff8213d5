"""The picture of a learned vector field shows both fields and how far they are apart, in the plane of the states."""

import numpy as np

from neuralpde.evaluation import vector_fields_figure


def test_difference_of_two_fields_is_drawn_in_units_of_the_rates():
    turn = lambda y: np.stack([-y[:, 1], y[:, 0], y[:, 2]], axis=1)
    angles = np.linspace(0, 2 * np.pi, 40)
    states = np.stack([np.cos(angles), np.sin(angles), np.full(40, 0.5)], axis=1)
    rms = np.sqrt(np.mean(turn(states) ** 2))
    apart = lambda y: turn(y) + np.array([0.0, 0.0, 0.01 * rms])
    figure = vector_fields_figure(turn, apart, states.reshape(4, 10, 3), names=("x", "y", "z"))
    truth, learned, difference, rates = figure.axes[:4]
    (mesh,) = difference.collections
    np.testing.assert_allclose(mesh.get_array(), -2, atol=1e-5)
    assert truth.patches and learned.patches  # the arrows of streamlines
    assert [line.get_label() for line in rates.lines[:3]] == ["x'", "y'", "z'"]
    np.testing.assert_allclose(rates.lines[2].get_ydata() - rates.lines[2].get_xdata(), 0.01 * rms)

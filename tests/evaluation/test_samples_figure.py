"""Pictures of datasets: each kind of sample is drawn as what it is."""

import jax
import matplotlib
import numpy as np
import pytest
from constructed import waves
from matplotlib.collections import QuadMesh

from neuralpde.evaluation import samples_figure
from neuralpde.spaces import Box, Field, FunctionSpace, Sample, Trajectory

TIMES = np.asarray([0.0, 0.5, 1.0, 1.5, 2.0])


def travelling(dim: int, names: tuple[str, ...] = ("u",), n: int = 16, count: int = 2) -> Sample:
    """Waves that move along the first axis with speed one: u_c = (c + 1) sin(2 pi (x - t)) of every sample."""
    space = FunctionSpace(Box.cube(dim, periodic=True), names)
    on = space.domain.grid(n)
    x = np.asarray(on.coords())[..., 0]
    phase = np.sin(2 * np.pi * (x - TIMES.reshape(-1, *(1,) * dim)))
    values = np.stack([(c + 1) * phase for c in range(len(names))], -1)
    stacked = np.stack([values] * count)
    states = jax.vmap(jax.vmap(lambda v: Field(v, on, space)))(stacked)
    first = jax.tree.map(lambda leaf: leaf[:, 0], states)
    return Sample(first, jax.vmap(Trajectory)(np.stack([TIMES] * count), states))


def tables(figure):
    return [axes for axes in figure.axes if axes.get_subplotspec() is not None and axes.get_label() != "<colorbar>"]


def meshes(axes):
    return [artist for artist in axes.collections if isinstance(artist, QuadMesh)]


def texts(figure) -> str:
    figure.canvas.draw()
    return " | ".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))


def test_trajectories_over_a_line_are_images_of_space_and_time():
    samples = travelling(1, ("u", "v"))
    figure = samples_figure(samples)
    drawn = tables(figure)
    assert len(drawn) == 4  # two samples, two components
    (mesh,) = meshes(drawn[1])
    np.testing.assert_allclose(mesh.get_array(), samples.targets.field.values[0, :, :, 1])
    assert drawn[2].get_ylim() == pytest.approx((-0.25, 2.25))  # cells around the times


def test_a_film_shows_states_equally_spaced_in_time_on_one_scale_a_component():
    samples = travelling(2, ("u", "v"))
    figure = samples_figure(samples, frames=3, title="waves")
    drawn = tables(figure)
    assert len(drawn) == 6
    assert all(words in texts(figure) for words in ("waves", "t = 0", "t = 1", "t = 2"))
    limits = [meshes(axes)[0].get_clim() for axes in drawn]
    assert limits[:3] == [limits[0]] * 3 and limits[3] == pytest.approx(2 * np.asarray(limits[0]))
    np.testing.assert_allclose(meshes(drawn[1])[0].get_array(), samples.targets.field.values[0, 2, :, :, 0].T)


def test_pairs_of_planar_fields_have_a_row_each():
    u = waves(8, 3)
    drawn = tables(samples_figure(Sample(u, jax.vmap(lambda f: f * f)(u))))
    assert len(drawn) == 6
    assert all(len(meshes(axes)) == 1 for axes in drawn)
    np.testing.assert_allclose(meshes(drawn[3])[0].get_array(), np.asarray(u.values)[1, ..., 0].T ** 2)


def test_pairs_over_a_line_share_their_axes():
    space = FunctionSpace(Box.of(t=(0.0, 1.0)), ("u",))
    on = space.domain.grid(9)
    values = np.arange(3.0)[:, None, None] + np.asarray(on.coords())
    u = Field.stack(values, on, space)
    drawn = tables(samples_figure(Sample(u, jax.vmap(lambda f: 2 * f)(u))))
    assert [len(axes.lines) for axes in drawn] == [3, 3]
    np.testing.assert_allclose(drawn[1].lines[2].get_ydata(), 2 * values[2, :, 0])

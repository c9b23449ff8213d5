"""Pictures of residuals: where a trained solution misses its equations."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from neuralpde.pinn import Candidate, Collocation, Interior, Problem, Term, Uniform
from neuralpde.spaces import AbstractDomain, FunctionSpace

from .drawing import Scale, colour_bar, to_scale
from .sections import Section, evaluate, plane_aspect, plane_axes, through
from .solution import draw_plane
from .style import ERROR, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CURVE_CELLS, PLANE_CELLS, SCATTERED = 512, 128, 4096


@styled
def residual_map(problem: Problem, candidate: Candidate, points: Mapping[str, Collocation] | None = None) -> Figure:
    """|residual| of each equation over the domain, one picture a condition `Interior`, in a logarithmic scale.

    Of one coordinate a curve, of two a map, blank where the equation is not asked for. Of more coordinates it is drawn at
    points, over the first two: the largest lie on top.

    points: collocation points by the names of the conditions, such as those of a batch. They are drawn as dots; of three
    coordinates and more they are the places where the residual is looked at.
    """
    terms = _terms(problem)
    points = points or {}
    draw = {1: _curve, 2: _plane}.get(problem.space.dim, _scatter)
    figure = new_figure(5.4 * len(terms), _height(problem.space.domain))
    for axes, (label, term) in zip(figure.subplots(1, len(terms), squeeze=False)[0], terms.items(), strict=True):
        draw(axes, problem, candidate, term, points.get(label))
        axes.set_title(
            ", ".join([f"|residual| of {label}", *(f"all {name}" for name in problem.space.domain.names[2:])])
        )
    return figure


def residual_size(term: Term, candidate: Candidate, x: Float[Array, " d"]) -> Float[Array, ""]:
    """|r| at one point."""
    rows = term.residuals(candidate, Collocation(x[None], jnp.ones(1)))
    return jnp.linalg.norm(rows[0])


def _height(domain: AbstractDomain) -> float:
    """Of a picture; flat domains get flat ones, unless time runs to the right."""
    in_space = domain.dim > 1 and plane_axes(domain.names) == (0, 1)
    return 0.75 + 3.4 / min(3.0, max(1.0, plane_aspect(domain))) if in_space else 3.6


def _terms(problem: Problem) -> dict[str, Term]:
    """The equations, without the derivatives of their residuals that training may ask for beside them."""
    space = FunctionSpace(problem.domain, problem.names)
    return {
        label: Term(dataclasses.replace(condition, gradients=0.0), space, problem.family, SCATTERED, Uniform())
        for label, condition in zip(problem.labels, problem.conditions, strict=True)
        if isinstance(condition, Interior)
    }


def _sizes(
    problem: Problem, candidate: Candidate, term: Term, cells: int
) -> tuple[Section, Shaped[np.ndarray, "*shape"]]:
    """The section of a picture and |r| on it; not a number where the equation is not asked for."""
    section = through(problem.space.domain, cells)
    return section, section.values(eqx.Partial(residual_size, term, candidate), _set(problem, term))[..., 0]


def _set(problem: Problem, term: Term) -> AbstractDomain:
    """Where an equation is asked for, and for which parameters."""
    assert isinstance(term.condition, Interior) and term.condition.on is not None
    return term.condition.on if problem.family is None else term.condition.on * problem.family


def _curve(axes: Axes, problem: Problem, candidate: Candidate, term: Term, points: Collocation | None) -> None:
    section, sizes = _sizes(problem, candidate, term, CURVE_CELLS)
    axes.plot(section.axes[0], sizes, color=ERROR)
    axes.set_yscale("log" if np.any(sizes > 0) else "linear")
    axes.set_xlabel(section.domain.names[0])
    if points is not None:
        x = np.asarray(points.x)[:, 0]
        axes.plot(x, np.full(len(x), 0.02), "|", color="#333333", alpha=0.6, transform=axes.get_xaxis_transform())


def _plane(axes: Axes, problem: Problem, candidate: Candidate, term: Term, points: Collocation | None) -> None:
    section, sizes = _sizes(problem, candidate, term, PLANE_CELLS)
    draw_plane(axes, section, sizes, Scale.magnitude(sizes), "")
    if points is not None:
        x, (right, up) = np.asarray(points.x), plane_axes(section.domain.names)
        axes.scatter(x[:, right], x[:, up], s=4, color="white", edgecolors="#333333", linewidths=0.3)


def _scatter(axes: Axes, problem: Problem, candidate: Candidate, term: Term, points: Collocation | None) -> None:
    names = problem.space.domain.names
    x = (points or eqx.filter_jit(term.points)(jax.random.key(0))).x
    sizes = np.asarray(evaluate(eqx.Partial(residual_size, term, candidate), x))[:, 0]
    order, scale, (right, up) = np.argsort(sizes), Scale.magnitude(sizes), plane_axes(names)
    x = np.asarray(x)[order]
    picture = axes.scatter(x[:, right], x[:, up], c=sizes[order], s=8, linewidths=0, **scale.look)
    if right == 0:
        to_scale(axes, plane_aspect(problem.space.domain))
    axes.set_xlabel(names[right])
    axes.set_ylabel(names[up])
    axes.grid(False)
    colour_bar(axes, picture, scale)

"""Operators: maps from functions to functions."""

# Annotations are not postponed in this file: equinox recognises AbstractVar as an object, not in a string.
import abc
from collections.abc import Callable, Mapping

import equinox as eqx
from jaxtyping import Array, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractDiscretization, AbstractFunction, Field, FunctionSpace, Grid, Sample


class AbstractOperator(eqx.Module):
    """A map from fields of ``source`` to fields of ``target``, built between the two spaces.

    It takes ONE function; ``vmap`` makes batches. ``at`` says where the output is wanted, anywhere in the domain;
    left out, it is where the input lives. Batched inputs with one unbatched ``at`` are shared queries, a batched
    ``at`` gives each function its own.
    """

    source: eqx.AbstractVar[FunctionSpace]
    target: eqx.AbstractVar[FunctionSpace]

    @abc.abstractmethod
    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        """Apply the operator to one function."""

    def as_function(self, u: Field) -> AbstractFunction:
        """The output as a function that can be evaluated, and differentiated, at a point."""
        return self(u)

    def reconstruct(self, u: Field) -> AbstractFunction:
        """The input again, made from the code that the operator has of it; ``ValueError`` where it has none."""
        raise ArgumentError(
            f"{type(self).__name__} does not make its input again; this is for operators with a code of it, such as DGenNO."
        )

    def given(self, parameters: Mapping[str, Array]) -> "AbstractOperator":
        """This operator at the parameters of one problem (a viscosity, a time step), by name.

        An operator that is conditioned on some of them reads those and ignores the others; one that is conditioned on
        none is itself.
        """
        return self


class AbstractFittedOperator(AbstractOperator):
    """An operator with parts that are computed from the training set instead of being trained."""

    @abc.abstractmethod
    def fitted_to(self, samples: Sample) -> "AbstractFittedOperator":
        """This operator with those parts, from stacked samples as it will see them (normalised, if it is wrapped).

        The structure and shapes of the result depend on the place of the fields only, not on their number or values.
        """


def answer(operator: Callable[..., Field], sample: Sample, key: PRNGKeyArray | None = None) -> Field:
    """What an operator, or any function called like one, makes of the inputs and parameters of one sample, where the
    targets live.
    """
    u, wanted = sample.inputs, sample.targets.on
    at = None if isinstance(u.on, Grid) and u.on == wanted else wanted
    if isinstance(operator, AbstractOperator):
        operator = operator.given(sample.parameters)
    return operator(u, at=at, key=key)


def check_source(operator: AbstractOperator, u: Field) -> None:
    """Refuse a field of another space, with both spaces named."""
    if u.space.domain != operator.source.domain or u.space.channels != operator.source.channels:
        raise ArgumentError(
            f"{type(operator).__name__} maps functions {operator.source.names} on {operator.source.domain}; "
            f"it was given {u.space.names} on {u.space.domain}."
        )


def on_grid(operator: AbstractOperator, u: Field, training_grid: Grid | None) -> Field:
    """The input on a grid: as it is, or resampled from scattered points to the grid seen in training."""
    check_source(operator, u)
    if operator.target.domain != operator.source.domain:
        raise ArgumentError(
            f"{type(operator).__name__} keeps the domain of its input, {operator.source.domain.names}, and its target lives "
            f"on {operator.target.domain.names}; use DeepONet, or give the input as a function on the domain of the target, "
            "constant along the axes that it lacks (datasets of space and time: extend=true)."
        )
    if isinstance(u.on, Grid):
        return u
    if training_grid is None:
        raise ArgumentError(
            f"{type(operator).__name__} works on grids and its input lives on {type(u.on).__name__}; "
            "build it with on=Grid(...) or pass u.resample(grid)."
        )
    return u.resample(training_grid)


def delivered(v: Field, u: Field, at: AbstractDiscretization | None) -> Field:
    """The output where it was asked for: ``at``, or else where the input ``u`` lives."""
    wanted = u.on if at is None else at
    return v if wanted is v.on else v.resample(wanted)

"""What a learned vector field says: its rates as sums of few terms, which can be solved and trained again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuralpde.equations.symbolic import Dictionary, FoundFormula, SparseFormula, find_formula, polynomials
from neuralpde.errors import ArgumentError

from .second_order import SecondOrderODE
from .solve import VectorField

States = Float[Array | np.ndarray, "*many c"]


class FormulaField(eqx.Module):
    """A formula as a vector field ``field(t, y, args)``: y' = formula(y), or formula([y, t]) where it has a name more.

    A model takes it in the place of its network, ``NeuralODE(2, field=FormulaField(found.formula), key=key)``: trained
    again on the trajectories, the coefficients are free of the errors of the network that they were read from.
    """

    formula: SparseFormula

    def __call__(self, t: Any, y: Float[Array, " c"], args: Any = None) -> Float[Array, " c"]:
        timed = len(self.formula.dictionary.names) > y.size
        return self.formula(jnp.append(y, jnp.asarray(t, y.dtype)) if timed else y)


def learned_field(model: Any) -> VectorField | None:
    """The vector field that moves the very state which a model of trajectories answers with; None where there is none."""
    hidden = isinstance(model, SecondOrderODE) or getattr(model, "augmented", 0)
    return None if hidden else getattr(model, "field", None)


def read_out(
    field: VectorField,
    states: States,
    library: Dictionary | None = None,
    *,
    names: Sequence[str] | None = None,
    times: Float[Array | np.ndarray, " *many"] | None = None,
    args: Any = None,
    choice: str = "bic",
    independent: float | None = None,
) -> FoundFormula:
    """The equations that a vector field ``field(t, y, args)`` obeys where it is known: at the ``states``.

    Sparse regression of the rates on a library of terms (Brunton, Proctor & Kutz, PNAS 113 (2016) 3932), here of rates
    without noise, those of a network that was trained on trajectories. The answer prints itself, ``prey' = 1.5*prey -
    prey*hunters`` and so on, and is a vector field again by `FormulaField`.

    states: of the trajectories that the field was learned from, for elsewhere a network extrapolates.
    library: terms in the components of the state, whose names it holds; by default all products of up to two of the
    ``names`` (y1, y2, ...). times: of the states, for a field that depends on time; the library then has the name of
    time after those of the components. choice: how terms are chosen, see `neuralpde.equations.symbolic.find_formula`.
    independent: for how many values the states count: a network is smooth, and its errors at near states are one
    error, which many small terms would describe. By default all; a fair number for a trained network is that of the
    measurements it was trained on, a cautious one that of the trajectories.

    Raises ``ArgumentError`` where the library has not one name for each component (and for time).
    """
    flat = jnp.asarray(states).reshape(-1, states.shape[-1])
    when = None if times is None else jnp.broadcast_to(jnp.asarray(times, flat.dtype), states.shape[:-1]).reshape(-1)
    size = flat.shape[1]
    if library is None:
        chosen = tuple(names) if names is not None else tuple(f"y{i + 1}" for i in range(size))
        library = polynomials((*chosen, "t") if when is not None and len(chosen) == size else chosen)
    if len(library.names) != size + (when is not None):
        raise ArgumentError(
            f"read_out: the library has the names {library.names} for states of {size} components"
            f"{' and their times' if when is not None else ''}; give one name for each, in their order."
        )
    rates = _rates(field, flat, when, args)
    z = flat if when is None else jnp.column_stack([flat, when])
    outputs = tuple(f"{name}'" for name in library.names[:size])
    return find_formula(z, rates, library, outputs=outputs, choice=choice, independent=independent)


@eqx.filter_jit
def _rates(field: VectorField, states: Array, times: Array | None, args: Any) -> Float[Array, "n c"]:
    times = jnp.zeros(len(states), states.dtype) if times is None else times
    return jax.vmap(lambda t, y: field(t, y, args))(times, states)

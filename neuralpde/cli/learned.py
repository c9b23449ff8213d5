"""The map that a run learns: between which functions, where these live, and what is made of a network to map them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax

from neuralpde import operators
from neuralpde.data import Dataset, as_field, describe, restore
from neuralpde.nn import Standardize
from neuralpde.operators import AbstractOperator, AbstractRefinement, Normalized, Stepping
from neuralpde.spaces import AbstractDiscretization, FunctionSpace, Points
from neuralpde.training.rollout_base import AbstractRolloutTask


@dataclasses.dataclass(frozen=True, eq=False)
class LearnedMap:
    """``source`` and ``target`` are those of the operator, ``on`` and ``target_on`` where the training set lives.

    ``stepping`` says how a network makes a step in time; where it is None, network and operator are the same.
    """

    source: FunctionSpace
    target: FunctionSpace
    on: AbstractDiscretization
    target_on: AbstractDiscretization
    stepping: Stepping | None = None

    @property
    def network_source(self) -> FunctionSpace:
        """What the network takes."""
        return self.source if self.stepping is None else self.stepping.network_source(self.source, self.target)

    def operator(
        self, network: AbstractOperator, inputs: Standardize | None, targets: Standardize | None
    ) -> AbstractOperator:
        """The operator that a network makes, with its normalisers."""
        if self.stepping is not None:
            return self.stepping.operator(network, self.source, inputs, targets)
        if inputs is None and targets is None:
            return network
        return Normalized(operator=network, input_normalizer=inputs, output_normalizer=targets)

    def described(self) -> dict[str, Any]:
        """What JSON can hold; the inverse of `restored_map`."""
        return {
            "source": describe(self.source),
            "target": describe(self.target),
            "on": _describe_place(self.on),
            "target_on": _describe_place(self.target_on),
            "stepping": None if self.stepping is None else _describe_stepping(self.stepping),
        }


def learned_map(dataset: Dataset, task: Any = None) -> LearnedMap:
    """The map of a task that steps in time, and of any other the one from the inputs to the targets."""
    if isinstance(task, AbstractRolloutTask):
        return LearnedMap(task.source, task.target, task.on, task.on, task.stepping)
    target_on = jax.tree.map(lambda leaf: leaf[0], as_field(dataset.train.targets).on)
    return LearnedMap(dataset.source, dataset.target, dataset.on, target_on)


def restored_map(described: Mapping[str, Any]) -> LearnedMap:
    """The map of a run that is read again. Raises ``KeyError`` or ``ValueError`` where the description is damaged."""
    stepping = described.get("stepping")
    return LearnedMap(
        restore(described["source"]),
        restore(described["target"]),
        _restore_place(described["on"]),
        _restore_place(described["target_on"]),
        None if stepping is None else _restore_stepping(stepping),
    )


def _describe_stepping(stepping: Stepping) -> dict[str, Any]:
    refinement = stepping.refinement
    numbers = (
        {} if refinement is None else {f.name: getattr(refinement, f.name) for f in dataclasses.fields(refinement)}
    )
    return {
        "predict": stepping.predict,
        "coordinates": stepping.coordinates,
        "refinement": None if refinement is None else {"type": type(refinement).__name__, **numbers},
    }


def _restore_stepping(described: Mapping[str, Any]) -> Stepping:
    refinement, coordinates = described["refinement"], described["coordinates"]
    if refinement is None:
        return Stepping(described["predict"], coordinates=coordinates)
    known = {
        name: kind
        for name, kind in vars(operators).items()
        if isinstance(kind, type) and issubclass(kind, AbstractRefinement) and kind is not AbstractRefinement
    }
    numbers = {name: value for name, value in refinement.items() if name != "type"}
    return Stepping(described["predict"], known[refinement["type"]](**numbers), coordinates)


def _describe_place(on: AbstractDiscretization) -> dict[str, Any]:
    if not isinstance(on, Points):
        return describe(on)
    return {
        "type": "Points",
        "x": on.x.tolist(),
        "weights": on.w.tolist(),
        "mask": None if on.mask is None else on.mask.tolist(),
        "domain": describe(on.domain),
    }


def _restore_place(described: Mapping[str, Any]) -> AbstractDiscretization:
    if described.get("type") != "Points":
        return restore(described)
    return Points(described["x"], restore(described["domain"]), described["weights"], described["mask"])

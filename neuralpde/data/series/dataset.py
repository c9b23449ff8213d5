"""Datasets of time series: what is seen of each, and what is to be told about it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Int, Key, Shaped

from neuralpde.data.dataset import DataError, count_samples
from neuralpde.spaces import ControlPath, IrregularSeries

Target = Shaped[Array | np.ndarray, "..."] | IrregularSeries
Law = Callable[[Any, Array, Any], Array]
Draw = Callable[[Key[Array, ""], Int[Array, ""]], "SeriesSample"]


class SeriesSample(eqx.Module):
    """One example: a series, maybe with the path through it, and its target.

    The target is the number of a class, an array to be forecast (NaN where it is not known), or a series whose values
    are to be told at its times.
    """

    series: IrregularSeries | ControlPath
    target: Target

    @property
    def measured(self) -> IrregularSeries:
        """The series itself."""
        return self.series.series if isinstance(self.series, ControlPath) else self.series


@dataclasses.dataclass(frozen=True, eq=False)
class SeriesDataset:
    """Stacked samples of one length (every array has a leading sample axis), split for training, validation and test.

    names: of the channels. classes: names of the classes; None where the targets are no classes. law: the vector field
    ``law(t, y, args)`` that the series follow, where it is known. Raises `DataError` where a split is empty or has other
    channels.
    """

    name: str
    train: SeriesSample
    test: SeriesSample
    validation: SeriesSample | None = None
    names: tuple[str, ...] = ()
    classes: tuple[str, ...] | None = None
    law: Law | None = None
    provenance: dict = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        for label, split in self.splits().items():
            count_samples(split, f"split {label!r} of dataset {self.name!r}")
            if split.measured.channels != len(self.names):
                raise DataError(
                    f"Dataset {self.name!r}: the series of split {label!r} have {split.measured.channels} channels, and "
                    f"there are {len(self.names)} names {self.names}; give one name for each channel."
                )

    @property
    def channels(self) -> int:
        """Number of components of the series."""
        return len(self.names)

    @property
    def outputs(self) -> int:
        """How many numbers a model answers with: one for each class, for each forecast value, or for each channel."""
        if self.classes is not None:
            return len(self.classes)
        target = self.train.target
        return self.channels if isinstance(target, IrregularSeries) else int(np.prod(target.shape[1:]))

    @property
    def statics(self) -> int:
        """Number of static covariates."""
        static = self.train.measured.static
        return 0 if static is None else static.shape[-1]

    def splits(self) -> dict[str, SeriesSample]:
        """Every split by name: ``train``, ``validation`` if there is one, and ``test``."""
        held = {} if self.validation is None else {"validation": self.validation}
        return {"train": self.train, **held, "test": self.test}

    def map(self, change: Callable[[SeriesSample], SeriesSample], **provenance: object) -> SeriesDataset:
        """The dataset with every split changed; what was done is added to the provenance."""
        splits = {label: change(split) for label, split in self.splits().items()}
        return dataclasses.replace(self, **splits, provenance=self.provenance | provenance)


def drawn(
    name: str,
    draw: Draw,
    *,
    train: int,
    test: int,
    validation: int = 0,
    seed: int = 0,
    names: tuple[str, ...],
    classes: tuple[str, ...] | None = None,
    kinds: int = 1,
) -> SeriesDataset:
    """A dataset of samples ``draw(key, label)``; labels go round the classes, or kinds where these are not told apart.

    The samples of a split are the same whatever the sizes of the others.
    """
    sizes = {"train": train, "test": test, "validation": validation}
    splits = {}
    for number, (label, size) in enumerate(sizes.items()):
        if size or label != "validation":
            keys = jax.vmap(lambda i, n=number: _key(seed, n, i))(np.arange(size))
            made = jax.jit(jax.vmap(draw))(keys, np.arange(size) % (kinds if classes is None else len(classes)))
            splits[label] = jax.device_get(made)
    return SeriesDataset(name, names=names, classes=classes, provenance={"generator": name, "seed": seed}, **splits)


def _key(seed: int, split: int, index: Int[Array, ""]) -> Key[Array, ""]:
    return jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), split), index)

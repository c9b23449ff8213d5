"""From a recipe to a dataset file: chunk by chunk, resumable, over all devices.

Every chunk that is done is kept beside the file to be; a generation that was killed goes on after the last of
them, and ends with the file that an uninterrupted one would have written.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Bool, Key, Shaped

import neuralpde
from neuralpde.errors import ArgumentError
from neuralpde.spaces import Sample

from .atomic import written_whole
from .dataset import DataError, Dataset
from .folders import dataset_folder
from .generation import Advance, chunk_size, generation_bars, split_keys
from .parts import Parts
from .recipe import AbstractRecipe, ResolutionWarning, fingerprint
from .store import read_dataset, writing

ATTEMPTS = 10
"""How often a sample whose solution is not finite is drawn anew."""
COMPARED = 3
"""Number of samples whose error is estimated."""


class Made(NamedTuple):
    """Samples with a leading axis, what the solver tells of each, and how often each was drawn anew."""

    sample: Sample
    report: dict[str, Shaped[np.ndarray, " n"]]
    redraws: Shaped[np.ndarray, " n"]


@dataclasses.dataclass(frozen=True)
class Generation:
    """The request for a dataset: its recipe, its size and its seed.

    ``test_resolutions`` are further resolutions at which the test functions are stored. Raises `DataError` where a
    number makes no sense.
    """

    recipe: AbstractRecipe
    train: int
    validation: int = 0
    test: int = 0
    test_resolutions: tuple[int, ...] = ()
    seed: int = 0

    def __post_init__(self):
        for name, least in (("train", 1), ("validation", 0), ("test", 0)):
            if getattr(self, name) < least:
                raise DataError(
                    f"{self.recipe.name}: {name}={getattr(self, name)} cannot be used; it must be at least {least}."
                )

    @property
    def file_name(self) -> str:
        """What one looks for in a folder, then a hash of everything."""
        everything = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return f"{self.recipe.name}_n{self.train}_seed{self.seed}_{fingerprint(everything)}.hdf5"

    @property
    def splits(self) -> dict[str, tuple[AbstractRecipe, int]]:
        """The recipe and the number of samples of every split, in the order of the file."""
        named = {"train": (self.recipe, self.train), "validation": (self.recipe, self.validation)}
        named[f"test/{self.recipe.label}"] = (self.recipe, self.test)
        finer = [self.recipe.at(n) for n in self.test_resolutions]
        named |= {f"test/{recipe.label}": (recipe, self.test) for recipe in finer if recipe.label != self.recipe.label}
        return {name: (recipe, count) for name, (recipe, count) in named.items() if count}


def generated(
    generation: Generation,
    folder: str | os.PathLike | None = None,
    chunk: int | None = None,
    progress: bool = True,
) -> Dataset:
    """The dataset, made if its file is not there, then read from ``folder`` (see `dataset_folder`).

    ``chunk`` samples are made at a time, by default what suits the processor. Raises `DataError` where samples fail
    `ATTEMPTS` times, or where the disk refuses the file. Warns where grid or step do not resolve the samples; the file
    says so too (``unresolved`` in its provenance).
    """
    path = dataset_folder(folder) / generation.file_name
    if not path.is_file():
        _make_file(path, generation, chunk, progress)
    dataset = read_dataset(path)
    for text in dataset.provenance.get("unresolved", ()):
        warnings.warn(text, ResolutionWarning, stacklevel=3)
    return dataset


def _make_file(path: Path, generation: Generation, chunk: int | None, progress: bool) -> None:
    parts = Parts(path.with_name(path.name + ".parts"))
    with generation_bars(generation.recipe.name, progress) as bars:
        reports: list[Made] = []
        for name, (_, count) in generation.splits.items():
            advance = bars(name, count)
            reports += [_without_sample(made) for made in _chunks(parts, generation, name, chunk, advance)]
    provenance = _provenance(generation, reports, _accuracy(parts, generation))
    with writing(path, generation.recipe.name, provenance) as append:
        for name in generation.splits:
            for made in _chunks(parts, generation, name, chunk, lambda count: None):
                append(name, made.sample)
    parts.remove()


def _without_sample(made: Made) -> Made:
    return made._replace(sample=None)


def _chunks(parts: Parts, generation: Generation, name: str, chunk: int | None, advance: Advance) -> Iterator[Made]:
    """The samples of one split, from the parts that are done, or made and kept."""
    recipe, count = generation.splits[name]
    keys = split_keys(generation.seed, name.split("/")[0], count)
    shapes = _shapes(recipe)
    size = _whole_number_of_devices(chunk or chunk_size(_points(shapes), count))
    for start in range(0, count, size):
        rows = min(size, count - start)
        label = f"{name.replace('/', '-')}-{start}-{rows}"
        made = parts.load(label, _stacked(shapes, rows))
        if made is None:
            made = _make(recipe, keys[start : start + rows], size)
            parts.save(label, made)
        advance(rows)
        yield made


@eqx.filter_jit
def _batch(recipe: AbstractRecipe, keys: Key[Array, " n"]) -> tuple[Sample, dict, Bool[Array, " n"]]:
    """Samples as they are stored, what the solver tells of them, and whether all their values are finite."""

    def one(key):
        sample, report = recipe.sample(key)
        finite = jax.numpy.stack([jax.numpy.isfinite(leaf).all() for leaf in jax.tree.leaves(sample)]).all()
        return jax.tree.map(_stored, sample), report, finite

    return jax.vmap(one)(keys)


def _stored(leaf: Array) -> Array:
    return leaf.astype(np.float32) if jax.numpy.issubdtype(leaf.dtype, jax.numpy.floating) else leaf


def _make(recipe: AbstractRecipe, keys: Key[Array, " n"], size: int) -> Made:
    """Samples of all keys by a program for ``size`` keys; those that fail are drawn anew."""
    count = len(keys)
    with jax.enable_x64(True):
        sample, report, finite = jax.tree.map(np.array, _batch(recipe, _spread(_filled(keys, size))))
        made = Made(sample, report, np.zeros(size, int))
        for attempt in range(1, ATTEMPTS + 1):
            failed = np.flatnonzero(~finite[:count])
            if not len(failed):
                return jax.tree.map(lambda leaf: leaf[:count], made)
            again = jax.vmap(lambda key: jax.random.fold_in(key, attempt))(keys[failed])  # noqa: B023
            new = jax.tree.map(np.array, _batch(recipe, _spread(_filled(again, size))))
            for old, drawn in zip(jax.tree.leaves((made.sample, made.report)), jax.tree.leaves(new[:2]), strict=True):
                old[failed] = drawn[: len(failed)]
            finite[failed] = new[2][: len(failed)]
            made.redraws[failed] = attempt
    report = {name: float(np.nanmax(values[failed])) for name, values in made.report.items()}
    raise DataError(
        f"{recipe.name}: the solutions of {len(np.flatnonzero(~finite[:count]))} samples are not finite after {ATTEMPTS} "
        "draws; choose a smaller step, a finer grid or initial states of smaller amplitude. "
        + " ".join(_unresolved(recipe, report))
    )


def _filled(keys: Key[Array, " n"], size: int) -> Key[Array, " size"]:
    return keys[np.minimum(np.arange(size), len(keys) - 1)]


def _spread(keys: Key[Array, " n"]) -> Key[Array, " n"]:
    """The keys over all local devices, so that each makes its share of the samples."""
    mesh = Mesh(np.array(jax.local_devices()), ("sample",))
    return jax.device_put(keys, NamedSharding(mesh, PartitionSpec("sample")))


def _whole_number_of_devices(size: int) -> int:
    devices = jax.local_device_count()
    return math.ceil(size / devices) * devices


def _shapes(recipe: AbstractRecipe) -> Made:
    """Shapes and types of one sample as it is kept."""
    with jax.enable_x64(True):
        sample, report = eqx.filter_eval_shape(recipe.sample, jax.random.key(0))
        sample = jax.tree.map(lambda s: jax.ShapeDtypeStruct(s.shape, _stored_type(s.dtype)), sample)
    return Made(sample, report, jax.ShapeDtypeStruct((), np.dtype(int)))


def _stored_type(dtype: np.dtype) -> np.dtype:
    return np.dtype(np.float32) if jax.numpy.issubdtype(dtype, jax.numpy.floating) else dtype


def _stacked(shapes: Made, rows: int) -> Made:
    return jax.tree.map(lambda s: jax.ShapeDtypeStruct((rows, *s.shape), s.dtype), shapes)


def _points(shapes: Made) -> int:
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(shapes.sample))


def _accuracy(parts: Parts, generation: Generation) -> dict[str, float | None]:
    """Kept like the samples: it may take as long as they do. None where the better solutions failed."""
    path = parts.folder / "accuracy.json"
    if path.is_file():
        return json.loads(path.read_text())
    keys = split_keys(generation.seed, "train", min(COMPARED, generation.train))
    with jax.enable_x64(True):
        try:
            found = generation.recipe.accuracy(keys)
        except ArgumentError:  # the better solutions need more than the solver allows
            found = {"refined": math.nan}
    accuracy = {name: error if math.isfinite(error) else None for name, error in found.items()}
    with written_whole(path) as file:
        file.write(json.dumps(accuracy).encode())
    return accuracy


def _unresolved(recipe: AbstractRecipe, report: Mapping[str, float]) -> list[str]:
    """What is said of figures beyond their limits."""
    return [
        f"{recipe.name}: {name} is {report[name]:.2g}, expected at most {limit.largest:.2g} ({limit.meaning}); choose "
        f"{limit.remedy}."
        for name, limit in recipe.limits.items()
        if report.get(name, 0.0) > limit.largest
    ]


def _provenance(generation: Generation, made: Sequence[Made], accuracy: Mapping[str, float | None]) -> dict[str, Any]:
    report = {name: float(max(part.report[name].max() for part in made)) for name in made[0].report}
    return generation.recipe.provenance() | {
        "accuracy": {"samples": min(COMPARED, generation.train), **accuracy},
        "largest_of_all_samples": report,
        "unresolved": _unresolved(generation.recipe, report),
        "redrawn": int(sum(part.redraws.sum() for part in made)),
        "seed": generation.seed,
        "version": neuralpde.__version__,
        "jax": jax.__version__,
        "device": jax.devices()[0].device_kind,
    }

"""Checkpoints: a thin layer over orbax, which writes them in the background and makes them appear whole or not at all.

``checkpoints/`` holds ``metadata.json`` (schema version, package version, structure) and a folder for each step that is
kept: the last two, and the best one. A step has the items ``model`` (the arrays of the model that one would use),
``training`` (what else is needed to go on) and, where it was measured, the monitored value.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from jax.sharding import Sharding
from jaxtyping import PyTree

import neuralpde

from .failures import CheckpointError, CheckpointMismatch
from .fingerprint import fingerprint, first_difference, is_array_like, named_leaves, with_named_leaves

SCHEMA_VERSION = 1
METADATA = "metadata.json"
MODEL, TRAINING = "model", "training"
VALUE = "value"
KEPT_LATEST = 2

Tree = TypeVar("Tree", bound=Any)


class Checkpoints:
    """The checkpoints of one run, to be used as a context: leaving it waits for what is still being written."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._manager: Any = None
        self._described = False
        self._writing: int | None = None
        self._silence = contextlib.ExitStack()

    def __enter__(self) -> Checkpoints:
        self._silence.enter_context(_quiet())
        return self

    def __exit__(self, kind, error, trace) -> None:
        with self._silence:
            try:
                if kind is None:
                    self.wait()
            finally:
                self._close()

    def steps(self) -> list[int]:
        """The steps of all complete checkpoints, ascending."""
        return saved_steps(self.folder)

    def latest(self) -> int | None:
        """The last complete checkpoint."""
        return max(self.steps(), default=None)

    def best(self) -> tuple[int, float] | None:
        """Step and monitored value of the best checkpoint; None where nothing was monitored."""
        return best_saved(self.folder)

    def save(self, step: int, model: PyTree, training: PyTree, value: float | None = None) -> None:
        """Start to write a checkpoint; returns once the arrays are copied from the device.

        Raises `CheckpointError` where this or the previous one cannot be written.
        """
        import orbax.checkpoint as ocp

        self.wait()  # as orbax would, but so that a failure is told of the checkpoint that failed
        self._writing = step
        with self._failures_explained():
            if not self._described:
                write_metadata(self.folder, model, training)
                self._described = True
            self._open().save(
                step,
                args=ocp.args.Composite(
                    **{
                        MODEL: ocp.args.StandardSave(_stored(model)),
                        TRAINING: ocp.args.StandardSave(_stored(training)),
                    }
                ),
                metrics=None if value is None else {VALUE: value},
                force=True,
            )

    def wait(self) -> None:
        """Until the last checkpoint is on the disk; raises `CheckpointError` where it could not be written."""
        if self._manager is not None:
            with self._failures_explained():
                self._manager.wait_until_finished()

    def restore(self, step: int, model: Tree, training: Any, sharding: Sharding | None = None) -> tuple[Tree, Any]:
        """Model and training state of a step, with the structure of those given.

        Raises `CheckpointMismatch` where the structure is another one, `CheckpointError` where it cannot be read.
        """
        check_structure(self.folder, model, training)
        return (
            self.restore_model(step, model, sharding),
            _read_item(self.folder, step, TRAINING, training, sharding),
        )

    def restore_model(self, step: int, model: Tree, sharding: Sharding | None = None) -> Tree:
        """The arrays of the model of a step."""
        return _read_item(self.folder, step, MODEL, model, sharding)

    def _close(self) -> None:
        """End the threads that write; what they failed at was told by `wait`."""
        if self._manager is not None:
            with contextlib.suppress(Exception):
                self._manager.close()
            _join_left_behind()

    def _open(self):
        if self._manager is None:
            self._manager = _open_manager(self.folder)
        return self._manager

    @contextlib.contextmanager
    def _failures_explained(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # orbax reports a full disk by several types of its own and of tensorstore
            self._close()
            _remove_unfinished(self.folder)
            saved = self.steps()
            intact = (
                f"the checkpoints of steps {', '.join(map(str, saved))} are intact: free some space, or mend the "
                f"folder, and go on from step {saved[-1]} with resume"
                if saved
                else "there is none yet: free some space, or choose another folder, and start again"
            )
            raise CheckpointError(
                f"The checkpoint of step {self._writing} could not be written to {self.folder} ({_first_line(error)}); "
                f"{intact}."
            ) from error


def restore_model(folder: str | os.PathLike, skeleton: Tree, which: str | int = "best") -> Tree:
    """The model of a checkpoint, with the structure of ``skeleton`` (its arrays may be ``jax.ShapeDtypeStruct``).

    ``folder`` is the folder ``checkpoints`` of a run; ``which`` is ``"best"`` (the last one where nothing was
    monitored), ``"last"`` or a step. Raises `CheckpointMismatch` where it is a checkpoint of another model,
    `CheckpointError` where there is none or it cannot be read.
    """
    folder = Path(folder)
    step = _choose(folder, which)
    check_structure(folder, skeleton)
    return _read_item(folder, step, MODEL, skeleton, None)


def saved_steps(folder: Path) -> list[int]:
    """Steps of the complete checkpoints in a folder, ascending. What is being written has another name until it is whole."""
    complete = folder.glob("*/_CHECKPOINT_METADATA")
    return sorted(int(path.parent.name) for path in complete if path.parent.name.isdecimal())


def best_saved(folder: Path) -> tuple[int, float] | None:
    """Step and value of the checkpoint with the smallest monitored value, the earliest one of equals."""
    values = []
    for step in saved_steps(folder):
        with contextlib.suppress(OSError, ValueError, KeyError):
            content = json.loads((folder / str(step) / "metrics" / "metrics").read_text(encoding="utf-8"))
            values.append((float(content[VALUE]), step))
    return min(values)[::-1] if values else None


def write_metadata(folder: Path, model: PyTree, training: PyTree) -> None:
    """Write ``metadata.json``, whole or not at all."""
    content = {
        "schema_version": SCHEMA_VERSION,
        "neuralpde": neuralpde.__version__,
        MODEL: fingerprint(model),
        TRAINING: fingerprint(training),
    }
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{METADATA}.partial"
    partial.write_text(json.dumps(content, indent=1), encoding="utf-8")
    os.replace(partial, folder / METADATA)


def check_structure(folder: Path, model: PyTree, training: PyTree | None = None) -> None:
    """Raises `CheckpointMismatch` unless the checkpoints of a folder have the structure of these trees."""
    path = folder / METADATA
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        version, saved_model, saved_training = saved["schema_version"], saved[MODEL], saved[TRAINING]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"{path} does not describe checkpoints ({_first_line(error)}); restore this file, or train again."
        ) from error
    if version != SCHEMA_VERSION:
        raise CheckpointError(
            f"{path} has schema version {version}; this version of neuralpde ({neuralpde.__version__}) reads "
            f"{SCHEMA_VERSION}. Use the version that wrote it ({saved.get('neuralpde', 'unknown')})."
        )
    difference = first_difference(saved_model, fingerprint(model))
    if difference is not None:
        raise CheckpointMismatch(
            f"The checkpoints in {folder} belong to another model: {difference}. Build the model with the arguments "
            "it was trained with (and the same default float), or train in another folder."
        )
    difference = None if training is None else first_difference(saved_training, fingerprint(training))
    if difference is not None:
        raise CheckpointMismatch(
            f"The checkpoints in {folder} were written with another optimiser or another choice of averaging: "
            f"{difference}. Resume with the optimiser and the ema of the first run, or train in another folder."
        )


def _choose(folder: Path, which: str | int) -> int:
    saved = saved_steps(folder)
    if not saved:
        raise CheckpointError(f"{folder} holds no checkpoint; name the folder 'checkpoints' of a run that saved one.")
    if which == "best":
        best = best_saved(folder)
        return saved[-1] if best is None else best[0]
    if which == "last":
        return saved[-1]
    if which not in saved:
        raise CheckpointError(
            f"{folder} holds no checkpoint {which!r}; ask for 'best', 'last' or one of the steps {saved}."
        )
    return int(which)


def _open_manager(folder: Path):
    import orbax.checkpoint as ocp
    from orbax.checkpoint.checkpoint_managers import AnyPreservationPolicy, BestN, LatestN

    def value(metrics: dict[str, float]) -> float:
        return metrics[VALUE]

    keep = [
        LatestN(KEPT_LATEST),
        BestN(get_metric_fn=value, reverse=True, n=1, keep_checkpoints_without_metrics=False),
    ]
    options = ocp.CheckpointManagerOptions(
        best_fn=value,
        best_mode="min",
        preservation_policy=AnyPreservationPolicy(keep),
        cleanup_tmp_directories=True,
    )
    return ocp.CheckpointManager(folder.absolute(), options=options)


def _read_item(folder: Path, step: int, item: str, tree: Tree, sharding: Sharding | None) -> Tree:
    import orbax.checkpoint as ocp

    leaves = named_leaves(tree)
    wanted = {name: _as_stored(leaf, sharding) for name, leaf in leaves.items() if leaf.size}
    try:
        with _quiet(), ocp.StandardCheckpointer() as reader:
            stored = reader.restore((folder / str(step) / item).absolute(), wanted) if wanted else {}
    except Exception as error:  # orbax and tensorstore raise many types for a damaged file
        others = [other for other in saved_steps(folder) if other != step]
        way_out = f"delete it to use that of step {others[-1]}" if others else "train again"
        raise CheckpointError(
            f"The checkpoint {folder / str(step)} cannot be read ({_first_line(error)}); {way_out}."
        ) from error
    found = {name: _from_stored(stored.get(name), leaf) for name, leaf in leaves.items()}
    return with_named_leaves(tree, found)


def _stored(tree: PyTree) -> dict[str, Any]:
    """Arrays by path as orbax takes them: keys as their data, none without elements."""
    leaves = {name: leaf for name, leaf in named_leaves(tree).items() if leaf.size}
    return {name: jax.random.key_data(leaf) if _is_key(leaf) else leaf for name, leaf in leaves.items()}


def _as_stored(leaf: Any, sharding: Sharding | None) -> jax.ShapeDtypeStruct:
    sharding = jax.sharding.SingleDeviceSharding(jax.devices()[0]) if sharding is None else sharding
    if _is_key(leaf):
        leaf = jax.eval_shape(jax.random.key_data, leaf)
    return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding)


def _from_stored(stored: Any, leaf: Any) -> Any:
    if stored is None:
        return jnp.zeros(leaf.shape, leaf.dtype)
    return jax.random.wrap_key_data(stored, impl=_key_impl(leaf)) if _is_key(leaf) else stored


def _is_key(leaf: Any) -> bool:
    return is_array_like(leaf) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _key_impl(leaf: Any) -> str:
    """The generator of a key's dtype, ``threefry2x32`` for ``key<fry>``."""
    return jax.random.key_impl(leaf) if isinstance(leaf, jax.Array) else leaf.dtype._impl.name


def _remove_unfinished(folder: Path) -> None:
    """A checkpoint that was not finished holds space and nothing else."""
    for path in folder.glob("*.orbax-checkpoint-tmp*"):
        shutil.rmtree(path, ignore_errors=True)
    with contextlib.suppress(OSError):
        (folder / f"{METADATA}.partial").unlink()


def _first_line(error: BaseException) -> str:
    """The first line of an error; a long one without its middle, since tensorstore puts the cause at the end."""
    line = (str(error).strip() or type(error).__name__).splitlines()[0]
    return line if len(line) <= 300 else f"{line[:120]} ... {line[-160:]}"


def _join_left_behind() -> None:
    """Wait for the thread that orbax leaves behind when another one fails to write: it still logs its own failure."""
    for thread in threading.enumerate():
        if thread.name.startswith("write_metadata_after_commits"):
            thread.join(timeout=10)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the log lines that orbax and its threads write about what is told by exceptions here."""
    logger = logging.getLogger("absl")

    def keep(record: logging.LogRecord) -> bool:
        return "orbax" not in record.pathname

    logger.addFilter(keep)
    try:
        yield
    finally:
        logger.removeFilter(keep)

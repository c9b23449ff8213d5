"""``neuralpde read``: the vector field that a run has learned from trajectories, as sums of few products of the states."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .refusal import UsageError, suggestion

if TYPE_CHECKING:
    from neuralpde.equations.symbolic import FoundFormula

OPTIONS = {"degree": "2", "checkpoint": "best"}
USAGE = "`neuralpde read RUN [degree=2] [checkpoint=best|last]`"


def read(arguments: Sequence[str]) -> FoundFormula:
    """Print the equations of the run folder RUN, polynomials of a ``degree``, and how far they are from the network.

    They are found at the states of the training set, each of whose trajectories counts as one value (`read_out`). Raises
    `UsageError` for arguments that make no sense, and for a run whose model has no vector field for what it answers with.
    """
    places = [argument for argument in arguments if "=" not in argument]
    options = dict(argument.split("=", 1) for argument in arguments if "=" in argument)
    if len(places) != 1:
        raise UsageError(f"`neuralpde read` needs the folder of a run: {USAGE}.")
    for name in options:
        if name not in OPTIONS:
            raise UsageError(f"`neuralpde read` has no option {name!r}. {suggestion(name, OPTIONS, 'options')}")
    degree, checkpoint = ({**OPTIONS, **options}[name] for name in OPTIONS)
    if not degree.isdecimal() or int(degree) < 1:
        raise UsageError(f"degree={degree} is no number of at least 1: {USAGE}.")
    found = equations_of(Path(places[0]), int(degree), checkpoint)
    print(found)
    for name, fit in found.fits.items():
        print(f"# {name} of the network is missed by {100 * fit.misfit:.2g} %")
    return found


def equations_of(folder: Path, degree: int = 2, checkpoint: str = "best") -> FoundFormula:
    """The equations of a run; see `read`."""
    from neuralpde.data.series import SeriesDataset
    from neuralpde.dynamics import learned_field, read_out
    from neuralpde.equations.symbolic import polynomials
    from neuralpde.training import Trajectories

    from .folders import read_config
    from .operator import load_run
    from .series import make_task
    from .train import make_dataset

    model, config = load_run(folder, checkpoint), read_config(folder)
    dataset = make_dataset(config)
    follows = isinstance(dataset, SeriesDataset) and isinstance(make_task(config, dataset).objective, Trajectories)
    field = learned_field(model) if follows else None
    if field is None:
        raise UsageError(
            f"{folder} has no vector field to be read: its {type(model).__name__} does not move the state that it answers "
            "with. Train a neural ODE of trajectories, such as experiment=dynamics/oscillator_neural_ode."
        )
    target = dataset.train.target
    timed = getattr(field, "time", False)
    names = (*dataset.names, "t") if timed else dataset.names
    times = target.times if timed else None
    return read_out(field, target.values, polynomials(names, degree), times=times, independent=len(target.values))

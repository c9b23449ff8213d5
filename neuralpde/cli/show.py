"""``neuralpde show``: a picture of a dataset."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax

from .building import check_slots
from .folders import CONFIG
from .refusal import UsageError, suggestion
from .run_folder import ENVIRONMENT, environment, write_json, write_yaml
from .train import make_dataset

if TYPE_CHECKING:
    from neuralpde.data import Dataset
    from neuralpde.spaces import Sample


def show(config: Mapping[str, Any], folder: Path) -> tuple[dict[str, float], dict[str, Any]]:
    """Draw samples of the dataset of ``config["dataset"]``, trajectories whole; prints where the picture is.

    Raises `UsageError` where there is no such split or the picture is to be no PNG file.
    """
    check_slots(config)
    picture = Path(config["picture"] or folder / "plots" / "samples.png")
    check_picture(picture)
    for key in ("samples", "frames", "dpi"):
        if config[key] < 1:
            raise UsageError(f"{key}={config[key]} draws nothing; choose at least 1.")
    write_yaml(folder / CONFIG, {key: value for key, value in config.items() if key != "folder"})
    write_json(folder / ENVIRONMENT, environment())
    dataset = make_dataset({"dataset": _unpaired(config["dataset"])})
    label, split = _split(dataset, config["split"])
    first = jax.tree.map(lambda leaf: leaf[: config["samples"]], split)
    draw(first, picture, f"{dataset.name}, {label}", config["frames"], config["dpi"])
    print(f"picture: {picture}")
    return {}, {"dataset": dataset}


def draw(samples: Sample, picture: Path, title: str, frames: int = 4, dpi: int = 100) -> None:
    """Write a picture of stacked samples."""
    from neuralpde.evaluation import samples_figure, save_figures

    figure = samples_figure(samples, frames=frames, title=title)
    save_figures(picture.parent, {picture.stem: figure}, dpi)


def check_picture(picture: Path) -> None:
    """Refuse a file that is no PNG, before anything is made."""
    if picture.suffix != ".png":
        raise UsageError(f"Pictures are PNG files, got {str(picture)!r}; write {picture.with_suffix('.png')}.")


def _unpaired(dataset: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of the trajectories that pairs are cut from: there is more to see in them."""
    return {key: None if key == "pairs" else value for key, value in dataset.items()}


def _split(dataset: Dataset, wanted: str | None) -> tuple[str, Sample]:
    splits = dataset.splits()
    label = wanted or next((name for name in splits if name.startswith("test/")), "train")
    if label not in splits:
        raise UsageError(f"{dataset.name} has no split {label!r}. {suggestion(label, splits, 'splits')}")
    return label, splits[label]

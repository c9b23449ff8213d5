"""Runs of two steps on a few short time series, for tests of the command line."""

from typing import Any

from omegaconf import OmegaConf

from neuralpde.cli.explanation import compose_config
from neuralpde.cli.schema import register

SIZES = {
    "dataset": {"train": 4, "test": 4, "points": 8, "observed": 4},
    "model": {"width": 4, "depth": 1, "hidden": 3, "latent": 2, "heads": 1, "order": 3},
    "task": {"batch_size": 2},
    "trainer": {"steps": 2, "steps_per_call": 1, "progress": False, "tensorboard": False},
    "evaluation": {"plots": False, "report": False},
}


def series_config(folder, *overrides: str, **changes: dict) -> dict:
    """A training configuration as ``neuralpde train`` composes it, at the sizes of `SIZES` and then ``changes``."""
    register()
    composed = compose_config("train", ["name=tiny", f"folder={folder}", *overrides])
    config: dict[str, Any] = OmegaConf.to_container(composed, resolve=True)  # type: ignore[assignment]
    for group, sizes in SIZES.items():
        for place in (config[group], config[group].get("dataset", {})):
            place |= {key: size for key, size in sizes.items() if key in place}
    for group, values in changes.items():
        config[group] |= values
    return config


def evaluation_config(run, folder, *overrides: str) -> dict:
    """A configuration of ``neuralpde evaluate`` that draws nothing."""
    register()
    composed = compose_config("evaluate", [f"run={run}", f"folder={folder}", *overrides])
    config: dict[str, Any] = OmegaConf.to_container(composed, resolve=True)  # type: ignore[assignment]
    config["evaluation"] |= SIZES["evaluation"]
    return config

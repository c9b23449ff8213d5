"""Runs of two steps on a few coarse samples, for tests of the command line."""

from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from neuralpde.cli.explanation import compose_config
from neuralpde.cli.schema import register

SIZES = {
    "dataset": {"resolution": 16, "train": 8, "test": 4, "test_resolutions": []},
    "model": {
        **{"width": 4, "depth": 1, "levels": 2, "modes": 3, "basis": 8},
        **{"heads": 2, "slices": 3, "patches": 2, "moments": 2, "projection": 4, "rank": 0.5},
        **{"waves": 1, "multipliers": [1, 2], "blocks": 1, "bottom": 1},
    },
    "task": {"batch_size": 4},
    "trainer": {"steps": 2, "steps_per_call": 1, "progress": False, "tensorboard": False},
    "evaluation": {"batch_size": 4, "plots": False, "report": False},
}
"""Small values for the keys of these groups, where an option has them."""


def tiny_config(folder: Path, overrides: list[str], **changes: dict[str, Any]) -> dict[str, Any]:
    """A training configuration as ``neuralpde train`` composes it, at the sizes of `SIZES` and then
    ``changes``.
    """
    register()
    composed = compose_config("train", ["name=tiny", f"folder={folder}", *overrides])
    config: dict[str, Any] = OmegaConf.to_container(composed, resolve=True)  # type: ignore[assignment]
    for group, sizes in SIZES.items():
        config[group] |= {key: size for key, size in sizes.items() if key in config[group]}
    for group, values in changes.items():
        config[group] |= values
    return config

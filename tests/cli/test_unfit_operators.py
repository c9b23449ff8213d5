"""A model that does not fit the grid of the data ends with a paragraph, not with a traceback."""

import pytest
from tiny import tiny_config

from neuralpde.cli.train import train
from neuralpde.errors import NeuralPDEError


@pytest.mark.parametrize(
    "model, changes, says",
    [
        ("mgno", {"levels": 6}, "levels=6 halves the grid 5 times"),
        ("fno", {"modes": 9}, "resolve at most 8 modes, got modes=9"),
        ("fno", {"modes": [3, 3, 3]}, "One number of modes an axis"),
        ("mgno", {"schedule": [[0, 0], [1, 0]]}, "pre >= 1"),
    ],
)
def test_model_that_does_not_fit_the_grid_is_refused(tmp_path, model, changes, says):
    config = tiny_config(tmp_path / "run", [f"model={model}"], model=changes, dataset={"folder": str(tmp_path)})
    with pytest.raises(NeuralPDEError, match=says):
        train(config, tmp_path / "run")

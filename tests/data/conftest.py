"""A small dataset of random numbers, shared by the tests of the data package."""

import pytest
from noise_samples import random_sample

from neuralpde.data import Dataset


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    """20 training samples at 8 x 8, 5 for validation, tests at 8 and 4."""
    return Dataset(
        "noise",
        random_sample(20, 8),
        random_sample(5, 8, seed=1),
        {"8": random_sample(4, 8, seed=2), "4": random_sample(4, 4, seed=3)},
        {"equation": "none", "parameters": {"viscosity": 0.25, "modes": 3, "scheme": "none"}, "seed": 0},
    )

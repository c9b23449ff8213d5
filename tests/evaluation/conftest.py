"""Data of the evaluation tests."""

import pytest
from constructed import known_errors

from neuralpde.data import Dataset


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    """Training grid 32; tests at 32, 16, and at 24, which `Picky` refuses."""
    tests = {"32": known_errors(32), "16": known_errors(16), "24": known_errors(24)}
    return Dataset("waves", known_errors(32), None, tests, {})

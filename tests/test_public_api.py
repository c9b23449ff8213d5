"""The public surface: each package is one door, and a door is cheap to stand at."""

import importlib
import inspect
import subprocess
import sys

import pytest

import neuralpde


@pytest.mark.parametrize("name", neuralpde.PACKAGES)
def test_door_offers_sorted_names_that_exist_and_are_documented(name):
    door = importlib.import_module(f"neuralpde.{name}")
    assert door.__doc__
    assert len(set(door.__all__)) == len(door.__all__)
    for public in door.__all__:
        value = getattr(door, public)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert inspect.getdoc(value), f"neuralpde.{name}.{public} has no docstring"


def test_packages_are_attributes_of_the_package():
    for name in neuralpde.PACKAGES:
        assert getattr(neuralpde, name) is importlib.import_module(f"neuralpde.{name}")
    assert {*neuralpde.PACKAGES, "load_run"} <= set(dir(neuralpde))


def test_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'spacs'"):
        neuralpde.spacs  # noqa: B018


@pytest.mark.parametrize("module", ["neuralpde", "neuralpde.cli"])
def test_import_waits_for_nothing_heavy(module):
    """Help and refusals of the command line must not wait for JAX."""
    heavy = ("jax", "matplotlib", "orbax", "hydra", "flax", "diffrax", "scipy")
    code = f"import {module}, sys; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

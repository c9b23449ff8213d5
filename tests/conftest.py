"""Settings of the whole suite: CPU, eight virtual devices, float64, external data where it is present."""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=8"
os.environ.setdefault("MPLBACKEND", "Agg")

from pathlib import Path

import jax
import pytest

jax.config.update("jax_enable_x64", True)


def pytest_configure(config):
    """The default suite mostly compiles: XLA's costly passes pay only in the long runs behind the marker `slow`.

    Without the fusion emitters of the CPU compiler a small program compiles in half the time. XLA ends the
    process at a flag that it does not know, so the flag goes to the releases that were seen to take it.
    """
    if config.option.markexpr == "not slow":
        os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
        jax.config.update("jax_disable_most_optimizations", os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] != "0")
        if os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] != "0" and jax.__version__.startswith("0.10."):
            os.environ["XLA_FLAGS"] += " --xla_cpu_use_fusion_emitters=false"


LONG_FILES = ("test_notebooks.py", "test_readme.py", "test_convergence_tables.py", "test_resume.py")


def pytest_collection_modifyitems(items):
    """Files of few long tests come first: begun last, they would keep one worker busy alone."""
    items.sort(key=lambda item: item.path.name not in LONG_FILES)


@pytest.fixture(scope="module", autouse=True)
def _compiled_programs_are_dropped():
    """Programs of finished files would otherwise add up to several gigabytes in each worker."""
    yield
    jax.clear_caches()


@pytest.fixture
def key():
    return jax.random.key(0)


@pytest.fixture(scope="session")
def external_data() -> Path:
    """Folder of reference data made by others; the test is skipped, and says so, where it is absent."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("NEURALPDE_EXTERNAL_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no external reference data at {folder}; set NEURALPDE_EXTERNAL_DATA")
    return folder

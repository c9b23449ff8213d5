"""Small files in the layouts of others, written by hand as those projects write them."""

from pathlib import Path

import h5py
import numpy as np
import scipy.io


def numbers(*shape: int, seed: int = 0, dtype=np.float32) -> np.ndarray:
    """Noise, every entry another number."""
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def centres(lower: float, upper: float, n: int) -> np.ndarray:
    """Centres of n cells in single precision, as PDEBench stores coordinates."""
    h = (upper - lower) / n
    return (lower + h * (np.arange(n) + 0.5)).astype(np.float32)


def pdebench_tensor(path: Path, count=20, steps=6, n=16, extra_time=0) -> dict[str, np.ndarray]:
    """Layout A: advection."""
    arrays = {
        "tensor": numbers(count, steps, n),
        "x-coordinate": centres(0, 1, n),
        "t-coordinate": np.linspace(0, 0.01 * (steps + extra_time - 1), steps + extra_time, dtype=np.float32),
    }
    write(path, arrays, beta=0.4)
    return arrays


def pdebench_darcy(path: Path, count=20, n=8) -> dict[str, np.ndarray]:
    """Layout A: Darcy flow."""
    arrays = {
        "tensor": numbers(count, 1, n, n),
        "nu": numbers(count, n, n, seed=1),
        "x-coordinate": centres(0, 1, n),
        "y-coordinate": centres(0, 1, n),
    }
    write(path, arrays, beta=np.asarray([10.0]))
    return arrays


def pdebench_cfd(path: Path, count=10, steps=5, shape=(8, 6)) -> dict[str, np.ndarray]:
    """Layout B: compressible flow in as many dimensions as ``shape`` has entries."""
    names = ("density", "pressure", "Vx", "Vy", "Vz")[: 2 + len(shape)]
    arrays = {name: numbers(count, steps, *shape, seed=i) for i, name in enumerate(names)}
    arrays |= {f"{axis}-coordinate": centres(0, 1, n) for axis, n in zip("xyz", shape, strict=False)}
    arrays["t-coordinate"] = np.linspace(0, 0.05 * steps, steps + 1, dtype=np.float32)
    write(path, arrays, eta=0.01, zeta=0.01, M=0.1)
    return arrays


def pdebench_seeds(path: Path, count=20, steps=5, shape=(8, 8), channels=2, ends=(-1.0, 1.0)) -> np.ndarray:
    """Layout C: one group a seed. Returns (seed, time, *grid, component)."""
    data = numbers(count, steps, *shape, channels)
    with h5py.File(path, "w") as file:
        for seed in range(count):
            group = file.create_group(f"{seed:04d}")
            group.create_dataset("data", data=data[seed], compression="lzf")
            for axis, n in zip("xy", shape, strict=False):
                group[f"grid/{axis}"] = centres(*ends, n)
            group["grid/t"] = np.linspace(0, 5, steps, dtype=np.float32)
            group.attrs["config"] = f"sim:\n  D: 0.0005\n  k: {0.005 + seed}\n  name: diff\nseed: {seed}\n"
    return data


def pdebench_incompressible(path: Path, count=4, steps=6, n=8, seed=0) -> dict[str, np.ndarray]:
    """Layout D: one shard."""
    arrays = {
        "velocity": numbers(count, steps, n, n, 2, seed=seed),
        "particles": numbers(count, steps, n, n, 1, seed=seed + 1),
        "force": numbers(count, n, n, 2, seed=seed + 2),
        "t": np.tile(np.linspace(0, 0.5, steps, dtype=np.float32), (count, 1)),
    }
    write(path, arrays, config="n_steps: 100\ndomain_size: [1, 1]\n", latestIndex=steps)
    return arrays


def pdearena_smoke(path: Path, split="train", count=4, steps=6, n=8, seed=0) -> dict[str, np.ndarray]:
    """Buoyant smoke: one seed."""
    arrays = {name: numbers(count, steps, n, n, seed=seed + i, dtype=float) for i, name in enumerate(("u", "vx", "vy"))}
    h = 32 / n
    arrays |= {axis: np.tile((np.arange(n) + 0.5) * h, (count, 1)) for axis in "xy"}
    arrays |= {
        "t": np.tile(18 + 1.5 * np.arange(steps), (count, 1)),
        "dt": np.full(count, 1.5),
        "dx": np.full(count, h),
        "dy": np.full(count, h),
        "buo_y": 0.2 + 0.1 * np.arange(count),
    }
    write(path, {f"{split}/{name}": array for name, array in arrays.items()}, mode="a")
    return arrays


def pdearena_ks(path: Path, split="train", count=4, steps=8, n=16, spacings=None) -> dict[str, np.ndarray]:
    """Kuramoto-Sivashinsky."""
    arrays = {
        f"pde_{steps}-{n}": numbers(count, steps, n, dtype=float),
        "dt": 0.2 + 0.01 * np.arange(count),
        "dx": np.full(count, 0.25) if spacings is None else np.asarray(spacings),
        "v": 0.5 + 0.1 * np.arange(count),
    }
    write(path, {f"{split}/{name}": array for name, array in arrays.items()}, mode="a")
    return arrays


FLAGS = ("sample_varying", "time_varying")


def the_well(path: Path, count=3, steps=5, shape=(8, 4), drag=0.5, seed=0) -> dict[str, np.ndarray]:
    """Every kind of field, flag and condition of the schema, with axes left out where a flag is false."""
    n, m = shape
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {
        "t0_fields/density": numbers(count, steps, n, m, seed=seed),
        "t0_fields/mask": numbers(n, m, seed=seed + 1),  # neither sample nor time
        "t0_fields/profile": numbers(count, steps, m, seed=seed + 2),  # constant along x
        "t1_fields/velocity": numbers(count, steps, n, m, 2, seed=seed + 3),
        "t1_fields/gravity": numbers(2, seed=seed + 4),  # one vector
        "t2_fields/stress": numbers(count, steps, n, m, 2, 2, seed=seed + 5),
        "scalars/reynolds": numbers(count, seed=seed + 6),
        "scalars/forcing": numbers(steps, seed=seed + 7),
        "scalars/inflow": numbers(count, steps, seed=seed + 8),
        "scalars/length": numbers(1, seed=seed + 9),
        "dimensions/time": np.linspace(0, 0.4, steps, dtype=np.float32),
        "dimensions/x": np.linspace(0, 2 * np.pi, n, endpoint=False, dtype=np.float32),
        "dimensions/y": np.linspace(-1, 1, m, dtype=np.float32),
    }
    flags = {
        "t0_fields/density": (True, True, [True, True]),
        "t0_fields/mask": (False, False, [True, True]),
        "t0_fields/profile": (True, True, [False, True]),
        "t1_fields/velocity": (True, True, [True, True]),
        "t1_fields/gravity": (False, False, [False, False]),
        "t2_fields/stress": (True, True, [True, True]),
        "scalars/reynolds": (True, False),
        "scalars/forcing": (False, True),
        "scalars/inflow": (True, True),
        "scalars/length": (False, False),
    }
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            dataset = file.create_dataset(name, data=array)
            sample, time, *along = flags.get(name, (False, False))
            dataset.attrs.update(sample_varying=sample, time_varying=time)
            if along:
                dataset.attrs["dim_varying"] = np.asarray(along[0])
        file["t2_fields/stress"].attrs.update(symmetric=False, antisymmetric=False)
        for group in ("t0_fields", "t1_fields", "t2_fields", "scalars"):
            names = [name.split("/")[1] for name in arrays if name.startswith(group)]
            file[group].attrs["field_names"] = names
        file["dimensions"].attrs["spatial_dims"] = ["x", "y"]
        file.attrs.update(
            dataset_name="channel", grid_type="cartesian", n_spatial_dims=2, n_trajectories=count, drag=drag
        )
        file.attrs["simulation_parameters"] = ["drag"]
        fields = ["density", "mask", "profile", "velocity", "gravity", "stress"]
        _condition(file, "x_periodic", "x", "periodic", fields, np.isin(np.arange(n), (0, n - 1)))
        _condition(file, "y_wall", "y", "wall", fields, np.arange(m) == 0)
        _condition(file, "y_open", "y", "open", fields, np.arange(m) == m - 1)
    return arrays


def _condition(file: h5py.File, name: str, axis: str, word: str, fields: list[str], mask: np.ndarray) -> None:
    group = file.create_group(f"boundary_conditions/{name}")
    group.attrs.update(bc_type=word.upper(), sample_varying=False, time_varying=False)
    group.attrs["associated_dims"], group.attrs["associated_fields"] = [axis], fields
    group["mask"], group["values"] = mask, np.full(mask.sum(), 0.25, np.float32)


STATISTICS = """\
mean: {density: 1.0, profile: 2.0, velocity: [3.0, 4.0], stress: [[5.0, 6.0], [7.0, 8.0]]}
std: {density: 0.1, profile: 0.2, velocity: [0.3, 0.4], stress: [[0.5, 0.6], [0.7, 0.8]]}
"""


def fno_burgers(path: Path, count=12, n=16, hdf5=False) -> dict[str, np.ndarray]:
    """Initial and final states."""
    arrays = {"a": numbers(count, n, dtype=float), "u": numbers(count, n, seed=1, dtype=float)}
    write_mat(path, arrays, hdf5)
    return arrays


def fno_darcy(path: Path, count=12, n=9, hdf5=False, seed=0) -> dict[str, np.ndarray]:
    """Coefficients and solutions."""
    arrays = {"coeff": numbers(count, n, n, seed=seed, dtype=float), "sol": numbers(count, n, n, seed=seed + 1)}
    write_mat(path, arrays, hdf5)
    return arrays


def fno_navier_stokes(path: Path, count=12, n=8, steps=6, hdf5=False) -> dict[str, np.ndarray]:
    """Vorticities; the times are a row, as MATLAB has it."""
    arrays = {
        "a": numbers(count, n, n),
        "u": numbers(count, n, n, steps, seed=1),
        "t": np.arange(1.0, steps + 1)[None],
    }
    write_mat(path, arrays, hdf5)
    return arrays


def write_mat(path: Path, arrays: dict[str, np.ndarray], hdf5: bool) -> None:
    """A MATLAB file; version 7.3 is HDF5 with reversed axes behind a header."""
    if not hdf5:
        scipy.io.savemat(path, arrays)
        return
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array.T)
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(128))


def deepxde_aligned(path: Path, count=10, sensors=12, queries=7, names=("X0", "X1", "y")) -> dict[str, np.ndarray]:
    """Functions that share their queries."""
    x = np.linspace(0, 1, queries)[:, None]
    arrays = dict(zip(names, (numbers(count, sensors), x, numbers(count, queries, seed=1)), strict=True))
    np.savez(path, **arrays)
    return arrays


def deepxde_unaligned(path: Path, count=10, sensors=12, split="train") -> dict[str, np.ndarray]:
    """Every function with one query of its own."""
    x = np.random.default_rng(2).uniform(size=(count, 2))
    arrays = {f"X_{split}0": numbers(count, sensors), f"X_{split}1": x, f"y_{split}": numbers(count, 1, seed=1)}
    np.savez(path, **arrays)
    return arrays


def comsol(path: Path, names=("u (m/s)", "p"), settings=("t=0", "t=0.5", "t=1"), nodes=9) -> np.ndarray:
    """An export of two coordinates and every expression at every setting. Returns the whole table."""
    columns = [f"{name} @ {setting}" if setting else name for setting in settings for name in names]
    table = np.concatenate([np.random.default_rng(0).uniform(size=(nodes, 2)), numbers(nodes, len(columns))], axis=1)
    header = ["Model:              m.mph", "Dimension:          2", f"Nodes:              {nodes}"]
    header += [f"Expressions:        {len(columns)}", "".join(f"{name:<25}" for name in ("x", "y", *columns)).rstrip()]
    lines = ["".join(f"{float(value)!r:<25}" for value in row) for row in table]
    path.write_text("".join(f"% {line}\n" for line in header) + "".join(f"{line}\n" for line in lines))
    return table


def write(path: Path, arrays: dict[str, np.ndarray], mode="w", **attributes) -> None:
    """An HDF5 file of arrays and root attributes."""
    with h5py.File(path, mode) as file:
        for name, array in arrays.items():
            file[name] = array
        file.attrs.update(attributes)

"""Datasets of time series: small problems that are made, files of others that are read, and what is done to both."""

from .batching import bucketed, on_union_grid, stack_series
from .buckets import even_sizes, in_buckets
from .classes import damped_oscillators, ornstein_uhlenbeck_rates, switching_sinusoids
from .dataset import SeriesDataset, SeriesSample, drawn
from .ignition import laser_ignition
from .mechanics import Motions, motions
from .missing import drop_values, with_missing
from .physionet import physionet_2012, read_outcomes, read_record
from .planar import chirality, decaying_oscillator, spirals
from .preparation import prepared, with_paths
from .spikes import lorenz_spikes
from .stochastic import ramped_ornstein_uhlenbeck, stochastic_lorenz
from .trajectories import trajectories
from .ts_format import SeriesFile, read_ts, uea

__all__ = [
    "Motions",
    "SeriesDataset",
    "SeriesFile",
    "SeriesSample",
    "bucketed",
    "chirality",
    "damped_oscillators",
    "decaying_oscillator",
    "drawn",
    "drop_values",
    "even_sizes",
    "in_buckets",
    "laser_ignition",
    "lorenz_spikes",
    "motions",
    "on_union_grid",
    "ornstein_uhlenbeck_rates",
    "physionet_2012",
    "prepared",
    "ramped_ornstein_uhlenbeck",
    "read_outcomes",
    "read_record",
    "read_ts",
    "spirals",
    "stack_series",
    "stochastic_lorenz",
    "switching_sinusoids",
    "trajectories",
    "uea",
    "with_missing",
    "with_paths",
]

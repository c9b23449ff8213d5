"""Checks of the values themselves: constant fields, and samples of another scale than all others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from neuralpde.data.dataset import as_field

from .checks import Check, Figures, Table, split_by_split
from .report import FAILED, NOT_APPLICABLE, OK, WARNING, Finding, NotApplicable, counted
from .slabs import Slab, samples_of

FLAT = 1e-6
"""A function is constant where it varies by less than this part of its largest absolute value."""
FAR, FURTHER, SPREADS = 10.0, 100.0, 8.0
"""A sample is far (much further) from the others where it is this many times larger or smaller than their median, and
that many times their spread (scaled median absolute deviation of the logarithm) away."""
FEWEST = 5


def _extremes(slab: Slab) -> Figures:
    """Smallest and largest value of every component: role.name -> (sample, 2)."""
    found = {}
    for role, part in slab.parts.items():
        values = samples_of(part)
        axes = tuple(range(1, values.ndim - 1))
        low, high = values.min(axes), values.max(axes)
        for channel, name in enumerate(as_field(part).space.names):
            found[f"{role} {name}"] = np.stack([low[:, channel], high[:, channel]], 1).astype(float)
    return found


def _is_flat(extremes: np.ndarray) -> np.ndarray:
    low, high = extremes.T
    return high - low <= FLAT * np.maximum(np.abs(low), np.abs(high))


def _judge_constant(table: Table) -> Finding:
    """Fails where a component is constant in some samples and varies in most; warns where it says nothing at all."""
    notes, verdict = [], OK
    for name, extremes in table.figures.items():
        flat = _is_flat(extremes)
        if flat.any() and flat.mean() < 0.5:
            notes.append(counted(table.rows[flat], len(flat), f"hold a constant {name}"))
            verdict = FAILED
        elif flat.all() and len(flat) > 1 and np.ptp(extremes) <= FLAT * np.abs(extremes).max():
            notes.append(f"{name} is {extremes[0, 0]:.4g} everywhere")
            verdict = verdict if verdict == FAILED else WARNING
    return table.finding(verdict, "; ".join(notes) or "every component varies")


def _judge_outliers(tables: Sequence[Table]) -> Iterator[Finding]:
    """Samples of all splits are compared with each other."""
    if sum(len(table.rows) for table in tables) < FEWEST:
        for table in tables:
            yield table.finding(NOT_APPLICABLE, f"fewer than {FEWEST} samples to compare")
        return
    sizes = {name: [np.abs(table.figures[name]).max(1) for table in tables] for name in tables[0].figures}
    centres = {name: _centre(np.concatenate(values)) for name, values in sizes.items()}
    for place, table in enumerate(tables):
        notes, verdict, widest = [], OK, 1.0
        for name, values in sizes.items():
            ratio, far, further = _distances(values[place], *centres[name])
            widest = max(widest, float(np.exp(np.abs(np.log(ratio)).max(initial=0.0))))
            if far.any():
                most = ratio[far][np.abs(np.log(ratio[far])).argmax()]
                notes.append(counted(table.rows[far], len(far), f"have a {name} {most:.2g} times the median in size"))
                verdict = FAILED if further.any() or verdict == FAILED else WARNING
        yield table.finding(verdict, "; ".join(notes) or f"sizes within a factor of {widest:.2g} of the median")


def _centre(sizes: np.ndarray) -> tuple[float, float]:
    """Median and spread of the logarithms of what is not zero."""
    logs = np.log(sizes[sizes > 0])
    if not len(logs):
        return 0.0, 0.0
    return float(np.median(logs)), 1.4826 * float(np.median(np.abs(logs - np.median(logs))))


def _distances(sizes: np.ndarray, centre: float, spread: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sizes over the median (one for zeros, which `constant` looks at), and which of them are far and much further."""
    logs = np.where(sizes > 0, np.log(np.where(sizes > 0, sizes, 1.0)) - centre, 0.0)
    away = np.abs(logs)
    far = (away > np.log(FAR)) & (away > SPREADS * spread)
    return np.exp(logs), far, far & (away > np.log(FURTHER))


def _bounds(slab: Slab) -> Figures:
    """What may be wrong with the parameters that the recipe draws between bounds -> (sample,)."""
    vary = slab.split.recipe.get("vary") or ()
    if not vary:
        raise NotApplicable("no bounds of parameters are stated")
    found = {}
    for name, low, high in vary:
        if name not in slab.sample.parameters:
            found[f"no {name}, which the recipe draws"] = np.ones(len(slab.rows), bool)
            continue
        values = np.asarray(slab.sample.parameters[name], float).reshape(len(slab.rows), -1)
        # Bounds are in double precision, the stored numbers in single.
        slack = 1e-6 * max(abs(low), abs(high))
        found[f"a {name} outside of [{low:g}, {high:g}]"] = ((values < low - slack) | (values > high + slack)).any(1)
    return found


def _judge_bounds(table: Table) -> Finding:
    out = {name: bad for name, bad in table.figures.items() if bad.any()}
    text = "; ".join(counted(table.rows[bad], len(bad), f"have {name}") for name, bad in out.items())
    return table.finding(FAILED if out else OK, text or f"no sample has {' or '.join(table.figures)}")


CONSTANT = Check("constant fields", _extremes, split_by_split(_judge_constant))
OUTLIERS = Check("outliers", _extremes, _judge_outliers)
PARAMETERS = Check("parameters", _bounds, split_by_split(_judge_bounds))

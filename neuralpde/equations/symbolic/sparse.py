"""Sparse linear regression: few columns of a matrix that make a vector.

Sequentially thresholded least squares (Brunton, Proctor & Kutz, PNAS 113 (2016) 3932) on columns of equal size, over many
thresholds, of whose supports an information criterion or cross-validation takes one.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Bool, Float

from neuralpde.errors import ArgumentError

THRESHOLDS = np.geomspace(1e-6, 1.0, 80)
FOLDS = 10
ROUND_OFF = 1e-12
"""Relative misfit below which fits are equally good."""


@dataclasses.dataclass(frozen=True)
class SparseFit:
    """``matrix @ coefficients`` is near the target. deviations: standard deviations of the coefficients, 0 for those left
    out. misfit: root mean square of what remains, over that of the target. threshold: the one that was taken.
    """

    coefficients: Float[np.ndarray, " p"]
    deviations: Float[np.ndarray, " p"]
    misfit: float
    threshold: float

    @property
    def support(self) -> tuple[int, ...]:
        """Columns that were kept."""
        return tuple(int(i) for i in np.flatnonzero(self.coefficients))


def thresholded_least_squares(
    matrix: Float[np.ndarray, "n p"], target: Float[np.ndarray, " n"], threshold: float
) -> Bool[np.ndarray, " p"]:
    """Which columns stay: those left out are again and again the ones whose part of the target is below the threshold.

    The part of a column is the root mean square of coefficient times column, over that of the target: neither the units
    of the columns nor of the target matter.
    """
    size, whole = np.sqrt(np.mean(matrix**2, axis=0)), np.sqrt(np.mean(target**2))
    kept = (size > 0) & (whole > 0)
    while kept.any():
        part = np.abs(_least_squares(matrix, target, kept)) * size
        smaller = kept & (part >= threshold * whole)
        if (smaller == kept).all():
            break
        kept = smaller
    return kept


def sparse_regression(
    matrix: Float[np.ndarray, "n p"],
    target: Float[np.ndarray, " n"],
    *,
    choice: str = "bic",
    independent: float | None = None,
    seed: int = 0,
) -> SparseFit:
    """The support among those of many thresholds that ``choice`` prefers, and least squares on it.

    choice: ``"bic"``, least ``m log(mean square of the misfit) + s log(m)`` with s terms (Schwarz, Ann. Statist. 6 (1978)
    461); or ``"cross_validation"``, the fewest terms whose error on `FOLDS` parts that were left out is within one
    standard error of the least (Hastie, Tibshirani & Friedman, Elements of Statistical Learning, section 7.10).
    independent: m, for how many independent values those of the target count, by default their number. The values of a
    smooth surrogate at many places count for no more than the measurements it was learned from. The deviations, those
    of ordinary least squares, are for m values too.

    Raises ``ValueError`` where there are fewer rows than columns, numbers that are not finite, or another choice.
    """
    matrix, target = np.asarray(matrix, float), np.asarray(target, float)
    n, p = matrix.shape
    if n < p or not (np.isfinite(matrix).all() and np.isfinite(target).all()):
        raise ArgumentError(
            f"Sparse regression wants finite numbers and at least as many rows as columns, got {n} and {p}."
        )
    m = float(n if independent is None else independent)
    if not 1 < m <= n or choice not in ("bic", "cross_validation"):
        raise ArgumentError(
            f"independent lies between 1 and the {n} rows, and choice is 'bic' or 'cross_validation'; "
            f"got independent={independent}, choice={choice!r}."
        )
    few, aim = _few_rows(matrix, target)
    supports = {thresholded_least_squares(few, aim, t).tobytes(): t for t in THRESHOLDS}
    candidates = [(np.frombuffer(kept, bool), t) for kept, t in supports.items()]
    if choice == "bic":
        scores = [_schwarz(few, aim, kept, n, m) for kept, _ in candidates]
        kept, threshold = candidates[int(np.argmin(scores))]
    else:
        kept, threshold = _by_folds(matrix, target, candidates, seed)
    coefficients = _least_squares(few, aim, kept)
    whole = max(np.sqrt(np.mean(target**2)), np.finfo(float).tiny)
    misfit = np.sqrt(np.mean((target - matrix @ coefficients) ** 2))
    return SparseFit(coefficients, _deviations(matrix, kept, misfit, m), float(misfit / whole), float(threshold))


def _few_rows(matrix: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A problem of one row more than columns with the same sums of squares for all coefficients: R of [matrix, target]."""
    triangle = np.linalg.qr(np.column_stack([matrix, target]), mode="r")
    return triangle[:, :-1], triangle[:, -1]


def _least_squares(matrix: np.ndarray, target: np.ndarray, kept: np.ndarray) -> Float[np.ndarray, " p"]:
    """Coefficients with those of columns that are not kept zero, by columns of equal size."""
    found = np.zeros(matrix.shape[1])
    if kept.any():
        size = np.sqrt(np.mean(matrix[:, kept] ** 2, axis=0))
        found[kept] = np.linalg.lstsq(matrix[:, kept] / size, target, rcond=None)[0] / size
    return found


def _schwarz(few: np.ndarray, aim: np.ndarray, kept: np.ndarray, n: int, m: float) -> float:
    mean_square = np.sum((aim - few @ _least_squares(few, aim, kept)) ** 2) / n
    floor = ROUND_OFF**2 * np.sum(aim**2) / n + np.finfo(float).tiny
    return m * float(np.log(max(mean_square, floor))) + int(kept.sum()) * float(np.log(m))


def _by_folds(
    matrix: np.ndarray, target: np.ndarray, candidates: list[tuple[np.ndarray, float]], seed: int
) -> tuple[np.ndarray, float]:
    folds = np.array_split(np.random.default_rng(seed).permutation(len(target)), FOLDS)
    rest = [_few_rows(np.delete(matrix, fold, axis=0), np.delete(target, fold)) for fold in folds]
    floor = ROUND_OFF**2 * np.mean(target**2)

    def left_out(kept: np.ndarray) -> np.ndarray:
        missed = [
            target[fold] - matrix[fold] @ _least_squares(*few, kept) for fold, few in zip(folds, rest, strict=True)
        ]
        return np.asarray([max(np.mean(part**2), floor) for part in missed])

    errors = [left_out(kept) for kept, _ in candidates]
    best = min(errors, key=np.mean)
    enough = np.mean(best) + np.std(best, ddof=1) / np.sqrt(FOLDS)
    good = [i for i, e in enumerate(errors) if np.mean(e) <= enough]
    return candidates[min(good, key=lambda i: (candidates[i][0].sum(), np.mean(errors[i])))]


def _deviations(matrix: np.ndarray, kept: np.ndarray, misfit: float, m: float) -> Float[np.ndarray, " p"]:
    """Of ordinary least squares, with m values of which as many are used up as there are terms."""
    found, s = np.zeros(matrix.shape[1]), int(kept.sum())
    if 0 < s < m:
        gram = matrix[:, kept].T @ matrix[:, kept] / len(matrix)
        size = np.sqrt(np.diag(gram))
        inverse = np.linalg.pinv(gram / np.outer(size, size))
        found[kept] = misfit * np.sqrt(np.diag(inverse) / (m - s)) / size
    return found

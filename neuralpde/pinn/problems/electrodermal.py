"""Skin conductance that follows emotions: two tasks on one trunk, and a law with unknown numbers between them."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from neuralpde.equations import PointFunction
from neuralpde.equations.derivatives import rate
from neuralpde.pinn.conditions import Labels, Observations
from neuralpde.pinn.problem import Problem
from neuralpde.pinn.unknowns import Positive
from neuralpde.spaces import AbstractFunction, Box, ClosedForm, FunctionSpace

EMOTIONS = ("neutral", "stress", "amusement")
REPORTS = ("positive", "negative", "valence", "arousal")
"""Scores of the questionnaires PANAS and SAM, scaled to [-1, 1]."""
SCORES = np.array([[-1.0, -1.0, 0.0, -4.0], [-1.0, 5.0, -3.0, 2.0], [4.0, -1.0, 4.0, 1.0]])
DECAY, DRIVES, BASELINE = 4.0, np.array([0.8, 4.0, 2.4]), 0.3
"""The rate of decay and the drive of each emotion, a session; what a session begins with."""


class Sessions(NamedTuple):
    """Self-reports of each session, the class that was felt, times, and what was measured then."""

    reports: Float[np.ndarray, "session 4"]
    emotions: Int[np.ndarray, " session"]
    times: Float[np.ndarray, " time"]
    conductance: Float[np.ndarray, "session time"]


def electrodermal(
    sessions: int = 100, times: int = 20, noise: float = 0.05, fold: int = 0, folds: int = 5, seed: int = 0
) -> Problem:
    """dE/dt = -alpha E + sum_k beta_k p_k: skin conductance E and emotions p of a session, from what was reported.

    E and the scores of three classes, whose softmax is p, are one function of four self-reports and the time in a session
    of unit length. Known are E at ``times`` times with Gaussian errors of standard deviation ``noise``, and the class, of
    all ``sessions`` but those of one ``fold``; unknown are alpha and the three beta, all positive. The sessions are made up
    (`recorded_sessions`), so that all of it is known exactly. After the multi-task network of Mandal, arXiv 2505.18169,
    whose time scale gamma multiplies both terms and can only be told together with them: alpha is gamma alpha_0 there,
    beta_k gamma beta_k.

    The reference is E and p; they are read out of the scores. Raises ``ValueError`` as `Observations` where a fold holds
    all of the sessions.
    """
    train, _ = divided(recorded_sessions(sessions, times, noise, seed), fold, folds)
    domain = Box.of(**dict.fromkeys(REPORTS, (-1.0, 1.0)), t=(0.0, 1.0))
    at = np.concatenate(
        [np.repeat(train.reports, times, axis=0), np.tile(train.times, len(train.reports))[:, None]], axis=1
    )
    middle = np.concatenate([train.reports, np.full((len(train.reports), 1), 0.5)], axis=1)
    names = ("conductance", *EMOTIONS)
    unknowns = {name: Positive(1.0) for name in ("alpha", *(f"beta_{emotion}" for emotion in EMOTIONS))}
    return Problem(
        domain,
        _balance,
        [
            Observations(at, train.conductance.reshape(-1), of="conductance"),
            Labels(middle, train.emotions, of=EMOTIONS),
        ],
        ClosedForm(_exact, FunctionSpace(domain, names)),
        unknowns,
        names=names,
        readout=Chances,
    )


def recorded_sessions(sessions: int, times: int, noise: float, seed: int) -> Sessions:
    """Made-up sessions: uniform reports, a class drawn with the chances p, and E with errors."""
    random = np.random.default_rng(seed)
    reports = random.uniform(-1, 1, (sessions, len(REPORTS)))
    t = np.linspace(0, 1, times)
    chances = np.asarray(_chances(jnp.asarray(reports)))
    emotions = np.array([random.choice(len(EMOTIONS), p=p / p.sum()) for p in chances])
    level = chances @ DRIVES / DECAY
    exact = level[:, None] + (BASELINE - level[:, None]) * np.exp(-DECAY * t)
    return Sessions(reports, emotions, t, exact + noise * random.normal(size=exact.shape))


def divided(recorded: Sessions, fold: int, folds: int) -> tuple[Sessions, Sessions]:
    """Sessions to learn from, and every ``folds``-th one, from ``fold`` on, to be asked about."""
    held_out = np.arange(len(recorded.reports)) % folds == fold
    part = lambda rows: Sessions(
        recorded.reports[rows], recorded.emotions[rows], recorded.times, recorded.conductance[rows]
    )
    return part(~held_out), part(held_out)


class Chances(AbstractFunction):
    """Conductance and the chances of emotions, of a function that gives conductance and scores."""

    u: AbstractFunction

    @property
    def space(self) -> FunctionSpace:
        """That of u: chances have the names of their scores."""
        return self.u.space

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " c"]:
        value = self.u(x)
        return jnp.concatenate([value[:1], jax.nn.softmax(value[1:])])


def _balance(u: PointFunction, x: Float[Array, " 5"], alpha, beta_neutral, beta_stress, beta_amusement):
    """dE/dt + alpha E - sum_k beta_k p_k"""
    value = u(x)
    drives = jnp.stack([beta_neutral, beta_stress, beta_amusement])
    return rate(u)(x)[:1] + alpha * value[:1] - (drives @ jax.nn.softmax(value[1:]))[None]


def _chances(reports: Float[Array, "*n 4"]) -> Float[Array, "*n 3"]:
    return jax.nn.softmax(reports @ SCORES.T, axis=-1)


def _exact(x: Float[Array, " 5"]) -> Float[Array, " 4"]:
    p = _chances(x[:-1])
    level = p @ DRIVES / DECAY
    return jnp.concatenate([(level + (BASELINE - level) * jnp.exp(-DECAY * x[-1]))[None], p])

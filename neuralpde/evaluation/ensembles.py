"""What the members of an ensemble say of the functions of a test set."""

from __future__ import annotations

from collections.abc import Mapping

import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray

from neuralpde.data.source import stacked_field
from neuralpde.operators import AbstractOperator, Ensemble
from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace, Sample

from .evaluate import predict


def predict_spread(ensemble: Ensemble, samples: Sample, batch_size: int = 16) -> tuple[Field, Field]:
    """Mean and standard deviation of the members' answers, stacked, where the targets live; arrays on the host."""
    both = predict(_MeanAndDeviation(ensemble), samples, batch_size)
    c = ensemble.target.channels
    mean, deviation = both.values[..., :c], both.values[..., c:]
    return stacked_field(mean, both.on, ensemble.target), stacked_field(deviation, both.on, ensemble.target)


class _MeanAndDeviation(AbstractOperator):
    """Both in one field: the mean in the first components, the deviation in the others."""

    ensemble: Ensemble

    @property
    def source(self) -> FunctionSpace:
        return self.ensemble.source

    @property
    def target(self) -> FunctionSpace:
        names = self.ensemble.target.names
        return self.ensemble.target.free((*names, *(f"deviation of {name}" for name in names)))

    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        mean, deviation = self.ensemble.spread(u, at)
        return Field(jnp.concatenate([mean.values, deviation.values], axis=-1), mean.on, self.target)

    def given(self, parameters: Mapping[str, Array]) -> _MeanAndDeviation:
        return _MeanAndDeviation(self.ensemble.given(parameters))

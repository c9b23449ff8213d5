"""Low-rank spectral weights: against loops over the indices, at full rank, and counted."""

import itertools
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.nn import CP, SpectralConvolution, Tucker
from neuralpde.nn.factorization import factorize, tucker_ranks
from neuralpde.spaces import Box

SHAPE = (5, 3, 4, 6)


def as_complex(pair):
    return np.asarray(pair[0]) + 1j * np.asarray(pair[1])


def tucker_by_loops(weight):
    core, factors = as_complex(weight.core), [as_complex(u) for u in weight.factors]
    dense = np.zeros(SHAPE, complex)
    for index in np.ndindex(*SHAPE):
        for r in np.ndindex(*core.shape):
            dense[index] += core[r] * math.prod(u[n, rn] for u, n, rn in zip(factors, index, r, strict=True))
    return dense


def cp_by_loops(weight):
    factors = [as_complex(u) for u in weight.factors]
    dense = np.zeros(SHAPE, complex)
    for index, r in itertools.product(np.ndindex(*SHAPE), range(factors[0].shape[1])):
        dense[index] += math.prod(u[n, r] for u, n in zip(factors, index, strict=True))
    return dense


# The smaller rank is multiplied through the factors, the larger one through the dense tensor.
@pytest.mark.parametrize("kind, by_loops", [("tucker", tucker_by_loops), ("cp", cp_by_loops)])
@pytest.mark.parametrize("rank", [0.08, 0.6])
def test_factors_act_as_the_tensor_that_they_stand_for(kind, by_loops, rank, key):
    weight = factorize(kind, SHAPE, rank, 1.0, key=key)
    z = jax.random.normal(key, (2, *SHAPE[:-1]))
    dense = by_loops(weight)
    expected = np.einsum("xyi,xyio->xyo", as_complex(z), dense)
    np.testing.assert_allclose(as_complex(jax.jit(type(weight).dense)(weight)), dense, atol=1e-12)
    np.testing.assert_allclose(as_complex(jax.jit(type(weight).__call__)(weight, z)), expected, atol=1e-11)


def test_tucker_of_full_rank_is_the_dense_layer(key):
    """Unitary factors and the core that they turn back into the dense weights."""
    dense = SpectralConvolution((3, 3), 4, 6, key=key)
    keys = jax.random.split(key, 4)
    factors = [np.linalg.qr(as_complex(jax.random.normal(k, (2, n, n))))[0] for k, n in zip(keys, SHAPE, strict=True)]
    core = np.einsum("kyio,ka,yb,ic,od->abcd", as_complex(dense.weight), *(u.conj() for u in factors))
    weight = Tucker(jnp.stack([core.real, core.imag]), tuple(jnp.stack([u.real, u.imag]) for u in factors))
    grid = Box.cube(2).grid(6)
    v = jax.random.normal(key, (6, 6, 4))
    low_rank = eqx.tree_at(lambda layer: layer.weight, dense, weight)
    apply = jax.jit(lambda layer: layer(v, grid))
    np.testing.assert_allclose(apply(low_rank), apply(dense), atol=1e-12)


@pytest.mark.parametrize("kind", ["tucker", "cp"])
@pytest.mark.parametrize("rank", [0.05, 0.3])
def test_rank_is_the_share_of_the_parameters(kind, rank, key):
    shape = (23, 12, 32, 32)
    weight = factorize(kind, shape, rank, 1.0, key=key)
    count = sum(leaf.size for leaf in jax.tree.leaves(weight)) / (2 * math.prod(shape))
    # As near as whole ranks come: the shortest axis has 12.
    assert count == pytest.approx(rank, rel=0.12)
    assert isinstance(weight, {"tucker": Tucker, "cp": CP}[kind])


def test_ranks_take_the_same_share_of_every_axis():
    ranks = tucker_ranks((40, 40, 80), 0.3)
    assert ranks == (25, 25, 51)
    assert 25 * 25 * 51 + 25 * 40 * 2 + 51 * 80 == pytest.approx(0.3 * 40 * 40 * 80, rel=0.03)


@pytest.mark.parametrize("kind", ["tucker", "cp"])
def test_entries_have_the_variance_of_dense_weights(kind, key):
    dense = jax.jit(lambda k: factorize(kind, (15, 8, 16, 16), 0.2, 0.3, key=k).dense())(key)
    assert float(jnp.std(dense)) == pytest.approx(0.3, rel=0.25)
    assert abs(float(jnp.mean(dense))) < 0.03


@pytest.mark.parametrize("options, message", [(("svd", 0.1), "'tucker', 'cp' or None"), (("cp", 1.5), r"\(0, 1\]")])
def test_unknown_factorization_and_impossible_rank_are_refused(options, message, key):
    with pytest.raises(ValueError, match=message):
        SpectralConvolution((3,), 2, 2, factorization=options[0], rank=options[1], key=key)

"""The structure of a tree of arrays as text: the path of each leaf, its dtype and shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
from jaxtyping import PyTree

Fingerprint = dict[str, str]


def named_leaves(tree: PyTree) -> dict[str, Any]:
    """Arrays, or descriptions of arrays, by their path, such as ``operator/levels/0/weight``; others are left out."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {_name(path): leaf for path, leaf in leaves if is_array_like(leaf)}


def with_named_leaves(tree: PyTree, leaves: Mapping[str, Any]) -> PyTree:
    """The same tree with the arrays of `named_leaves` replaced."""
    return jax.tree_util.tree_map_with_path(lambda path, leaf: leaves.get(_name(path), leaf), tree)


def fingerprint(tree: PyTree) -> Fingerprint:
    """``float32[3,3,16]`` for each leaf, by path."""
    return {name: _describe(leaf) for name, leaf in named_leaves(tree).items()}


def first_difference(saved: Mapping[str, str], wanted: Mapping[str, str]) -> str | None:
    """A clause that names the first leaf in which two fingerprints differ; None where they agree."""
    for name, here in wanted.items():
        there = saved.get(name)
        if there is None:
            return f"{name} ({here}) is missing in the checkpoint"
        if there != here:
            return f"{name} is {there} in the checkpoint and {here} here"
    for name, there in saved.items():
        if name not in wanted:
            return f"{name} ({there}) of the checkpoint does not exist here"
    return None


def is_array_like(leaf: Any) -> bool:
    """Whether a leaf is an array or tells the shape and dtype of one."""
    return eqx.is_array(leaf) or isinstance(leaf, jax.ShapeDtypeStruct)


def _name(path: tuple[Any, ...]) -> str:
    return jax.tree_util.keystr(path, simple=True, separator="/")


def _describe(leaf: Any) -> str:
    return f"{leaf.dtype}[{','.join(map(str, leaf.shape))}]"

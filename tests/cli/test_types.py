"""What plain data an annotation accepts."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import pytest

from neuralpde.cli.types import accepts, as_annotated, describe_type


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (int, 3),
        (float, 3),
        (float, 3.5),
        (bool, True),
        (str, "a"),
        (int | None, None),
        (int | tuple[int, ...], [1, 2]),
        (tuple[int, int], (1, 2)),
        (Sequence[float], [1, 2.5]),
        (list, ["a"]),
        (dict[str, Any], {"a": 1}),
        (Literal["a", "b"], "b"),
        (Any, object()),
        (tuple[tuple[int, int], ...], [[1, 2], [3, 4]]),
    ],
)
def test_accepts(annotation, value):
    assert accepts(annotation, value)


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (int, 3.0),
        (int, True),
        (int, "3"),
        (float, "3"),
        (float, False),
        (bool, 1),
        (str, 1),
        (int | None, "x"),
        (int | tuple[int, ...], [1, "2"]),
        (tuple[int, int], (1, 2, 3)),
        (Sequence[float], "abc"),
        (Literal["a", "b"], "c"),
        (dict, [1]),
        (Callable[[int], int], "f"),
        (tuple[tuple[int, int], ...], [[1, 2], [3]]),
    ],
)
def test_refuses(annotation, value):
    assert not accepts(annotation, value)


def test_annotations_read_like_a_sentence():
    assert describe_type(int | None) == "int or null"
    assert describe_type(Literal["a", "b"]) == "'a' or 'b'"
    assert describe_type(int | tuple[int, ...]) == "int or tuple[int, ...]"


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [(float, float), (float | None, float), (float | int, int), (int, int), (Any, int)],
)
def test_whole_number_becomes_a_float_where_only_a_float_is_meant(annotation, kind):
    assert type(as_annotated(annotation, 2)) is kind

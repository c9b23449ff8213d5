"""What is known of a family of operators without building one: the line it has in ``neuralpde models``."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from neuralpde.errors import ArgumentError

Place = Literal["grid", "points", "any"]


@dataclasses.dataclass(frozen=True)
class About:
    """A class-level record, ``about: ClassVar[About]``.

    ``places``: where an input is read as it is; elsewhere it is resampled first. ``discretisation_convergent``: whether
    refining the input converges to one operator between function spaces (Berner et al., arXiv 2506.10973);
    ``convergent_with``: the argument that makes it do so where it is true.
    """

    citation: str
    places: Place
    discretisation_convergent: bool
    convergent_with: str | None = None

    def converges(self, arguments: Mapping[str, Any]) -> bool:
        """Whether the operator that is built with these arguments is discretisation convergent."""
        return self.discretisation_convergent or bool(arguments.get(self.convergent_with or ""))


def about_of(family: object) -> About:
    """The record of an operator class; raises ``ValueError`` for one that has none."""
    record = getattr(family, "about", None)
    if not isinstance(record, About):
        raise ArgumentError(
            f"{getattr(family, '__name__', family)} does not say what it is: give the class a record "
            "`about: ClassVar[About] = About(citation, places, discretisation_convergent)`."
        )
    return record

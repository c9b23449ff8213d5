"""What the generator noted of its own resolution, in the provenance of the file."""

from __future__ import annotations

from typing import Any

from .report import NOT_APPLICABLE, OK, WARNING, Finding

RESOLUTION = "resolution"


def noted(provenance: dict[str, Any]) -> list[Finding]:
    """Warnings that the file carries, or the figures that gave no cause for one; they are of all splits together."""
    texts = provenance.get("unresolved")
    if texts:
        return [Finding(RESOLUTION, "all", WARNING, str(text)) for text in texts]
    figures = provenance.get("largest_of_all_samples")
    if not isinstance(figures, dict) or not figures or texts is None:
        return [Finding(RESOLUTION, "all", NOT_APPLICABLE, "the generator noted no figures")]
    return [Finding(RESOLUTION, "all", OK, ", ".join(f"{name} {value:.2g}" for name, value in figures.items()))]

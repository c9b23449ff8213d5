"""Physics-informed networks: a network becomes a solution by what it is asked to satisfy."""

from .initialization import fit_head, fit_linear

__all__ = ["fit_head", "fit_linear"]

"""What is wrong with a data file: checks of layout, values, coordinates, and of the equation that the data should solve."""

from .report import Finding, Validation
from .validate import validate_file

__all__ = ["Finding", "Validation", "validate_file"]

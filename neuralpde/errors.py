"""The errors of this package: each prints as one paragraph that says what to do."""


class NeuralPDEError(Exception):
    """Base of every error that a user can mend; commands print it as one paragraph and exit with code 1."""


class ArgumentError(NeuralPDEError, ValueError):
    """A value that the called function or class cannot use."""

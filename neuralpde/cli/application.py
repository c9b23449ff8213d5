"""The program ``neuralpde``: verbs, Hydra, errors and exit codes.

Exit codes: 0 done, 1 a run failed (one paragraph says why), 2 the command line asks for something that does
not exist. An error that is nobody's mistake keeps its traceback.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import neuralpde
from neuralpde.errors import NeuralPDEError

from .catalogue import VERBS, conf_folder, print_catalogue, usage, verb_help
from .refusal import UsageError, suggestion

INTERRUPTED, FAILED = 130, 1


def main() -> None:
    """Entry point of ``neuralpde`` and of ``python -m neuralpde``."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns its exit code."""
    verb, *rest = arguments or ["--help"]
    if verb in ("-h", "--help", "help"):
        print(usage())
        return 0
    if verb == "--version":
        print(f"neuralpde {neuralpde.__version__}")
        return 0
    try:
        if verb not in VERBS:
            raise UsageError(f"There is no verb {verb!r}. {suggestion(verb, VERBS, 'verbs')}")
        plain = WITHOUT_HYDRA.get(verb)
        return plain(rest) if plain else _run_verb(verb, rest)
    except UsageError as error:
        return _report(error, error.exit_code)
    except NeuralPDEError as error:
        return _report(error, FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED


def _list(rest: Sequence[str]) -> int:
    if rest:
        raise UsageError(f"`neuralpde list` takes no arguments, got {' '.join(rest)!r}.")
    print_catalogue()
    return 0


def _inspect(rest: Sequence[str]) -> int:
    from .inspection import inspect

    inspect(rest)
    return 0


def _validate(rest: Sequence[str]) -> int:
    from .validation import validate

    return 0 if validate(rest) else FAILED


def _models(rest: Sequence[str]) -> int:
    from .models import models

    models(rest)
    return 0


def _export(rest: Sequence[str]) -> int:
    from .export import export

    export(rest)
    return 0


def _read(rest: Sequence[str]) -> int:
    from .reading import read

    read(rest)
    return 0


WITHOUT_HYDRA: dict[str, Callable[[Sequence[str]], int]] = {
    "export": _export,
    "inspect": _inspect,
    "list": _list,
    "models": _models,
    "read": _read,
    "validate": _validate,
}


def _run_verb(verb: str, rest: list[str]) -> int:
    from hydra._internal.utils import get_args_parser
    from omegaconf import OmegaConf

    from .explanation import CONFIG_ERRORS, check_sweep, compose_config, explain, groups_of
    from .schema import register

    register()
    _register_resolvers()
    parser = get_args_parser()
    parser.error = _refuse_flag  # argparse would print a page of usage
    flags = parser.parse_args(rest)
    folders = [Path(flags.config_dir).resolve()] if flags.config_dir else []
    try:
        if flags.help:
            config = compose_config(verb, flags.overrides, folders)
            print(verb_help(verb, OmegaConf.to_yaml(config), groups_of(verb, config, folders)))
            return 0
        if flags.multirun:
            check_sweep(verb, flags.overrides, folders)
        return _with_hydra(verb, rest)
    except CONFIG_ERRORS as error:
        return _report(explain(error, verb, flags.overrides, folders), UsageError.exit_code)


def _refuse_flag(message: str) -> NoReturn:
    raise UsageError(f"{message}; `neuralpde --help` shows what can be given.")


def _with_hydra(verb: str, rest: list[str]) -> int:
    import hydra

    from .jobs import Jobs

    jobs = Jobs(verb)
    # Hydra reports its own errors over several lines and exits with 1; with this it hands them to us.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    sys.argv = [f"neuralpde {verb}", *rest]
    hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name=verb)(jobs)()
    return jobs.finish()


def _register_resolvers() -> None:
    from omegaconf import OmegaConf

    from .folders import evaluation_folder, new_folder, training_folder

    for resolver in (new_folder, training_folder, evaluation_folder):
        OmegaConf.register_new_resolver(resolver.__name__, resolver, replace=True)


def _report(error: object, code: int) -> int:
    print(f"neuralpde: {' '.join(str(error).split())}", file=sys.stderr)
    return code

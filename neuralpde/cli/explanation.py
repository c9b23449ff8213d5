"""What is wrong with a command line that Hydra refused, in one paragraph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from .catalogue import conf_folder, options
from .refusal import suggestion

CONFIG_ERRORS = (HydraException, OmegaConfBaseException)
"""What Hydra and OmegaConf raise for a configuration that cannot be composed."""


EXPERIMENT = "experiment"
"""The group that changes other keys and has none of its own."""

EXPERIMENTS = {"train": lambda name: not name.startswith("pinn/"), "solve": lambda name: name.startswith("pinn/")}
"""Which of its options are for which verb."""


def explain(error: Exception, verb: str, overrides: Sequence[str], folders: Sequence[Path] = ()) -> str:
    """The mistake among ``overrides`` and the nearest right name; else what Hydra said, without its frame."""
    parsed = []
    for text in overrides:
        try:
            parsed.append(parse(text))
        except HydraException:
            return (
                f"Cannot read the argument {text!r} of `neuralpde {verb}`: write key=value or group=option, "
                "and quote values with spaces or brackets for the shell."
            )
    groups = groups_of(verb, compose_config(verb, []), folders)
    for override in parsed:
        mistake = _wrong_option(override, groups)
        if mistake:
            return mistake
    keys = _known_keys(verb, [o for o in parsed if o.key_or_group in groups], folders)
    for override in parsed:
        name = override.key_or_group
        if name not in keys and name not in groups and not override.is_add() and not _is_hydra(name):
            return (
                f"`neuralpde {verb}` has no key {name!r} (in {override.input_line!r}). "
                f"{suggestion(name, {*keys, *groups})} `neuralpde {verb} --help` prints all keys."
            )
    return _plain(error)


def groups_of(verb: str, config: DictConfig, folders: Sequence[Path]) -> dict[str, list[str]]:
    """The groups that a verb reads, with their options; those in folders of a group as ``series/chirality``."""
    found = all_options((conf_folder(), *folders))
    own = {group: names for group, names in found.items() if group in config or group == EXPERIMENT}
    for group, names in own.items():
        inner = [g for g in found if g.startswith(f"{group}/")]
        own[group] = names + [f"{g.removeprefix(f'{group}/')}/{name}" for g in inner for name in found[g]]
    own[EXPERIMENT] = [name for name in own.get(EXPERIMENT, ()) if EXPERIMENTS.get(verb, lambda _: False)(name)]
    return {group: names for group, names in own.items() if names}


def all_options(folders: Sequence[Path]) -> dict[str, list[str]]:
    """Options of each group over several configuration folders."""
    merged: dict[str, list[str]] = {}
    for folder in folders:
        for group, names in options(folder).items():
            merged.setdefault(group, []).extend(names)
    return merged


def parse(override: str) -> Override:
    """One argument of the command line."""
    return OverridesParser.create().parse_override(override)


def compose_config(verb: str, overrides: Sequence[str], folders: Sequence[Path] = ()) -> DictConfig:
    """The configuration of a verb as Hydra composes it, without running anything."""
    GlobalHydra.instance().clear()
    paths = [f"hydra.searchpath=[{','.join(f'file://{folder}' for folder in folders)}]"] if folders else []
    with initialize_config_dir(config_dir=str(conf_folder()), version_base="1.3"):
        return compose(verb, overrides=[*paths, *overrides])


def check_sweep(verb: str, overrides: Sequence[str], folders: Sequence[Path] = ()) -> None:
    """Compose every value of a sweep once, so that a mistake is found before Hydra makes the sweep's folder."""
    swept = {text: parse(text) for text in overrides}
    values = [
        [text] if not override.is_sweep_override() else [f"{override.key_or_group}={v}" for v in _swept(override)]
        for text, override in swept.items()
    ]
    for i, alternatives in enumerate(values):
        for alternative in alternatives:
            compose_config(verb, [alternative if i == j else others[0] for j, others in enumerate(values)], folders)


def _swept(override: Override) -> list[str]:
    return [str(value) for value in override.sweep_string_iterator()]


def _wrong_option(override: Override, groups: Mapping[str, list[str]]) -> str | None:
    group = override.key_or_group
    if group not in groups:
        return None
    for choice in _choices(override):
        if choice is not None and str(choice) not in groups[group]:
            hint = suggestion(str(choice), groups[group], f"{group} options")
            return f"There is no {group} {str(choice)!r}. {hint}"
    return None


def _choices(override: Override) -> list[Any]:
    value = override.value()
    return list(value.list) if isinstance(value, ChoiceSweep) else [value]


def _known_keys(verb: str, group_overrides: Sequence[Override], folders: Sequence[Path]) -> list[str]:
    choices = [f"{o.key_or_group}={_choices(o)[0]}" for o in group_overrides]
    try:
        config = compose_config(verb, choices, folders)
    except CONFIG_ERRORS:
        config = compose_config(verb, [])
    return list(_dotted(OmegaConf.to_container(config, resolve=False)))


def _dotted(config: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(config, Mapping):
        for key, value in config.items():
            yield f"{prefix}{key}"
            yield from _dotted(value, f"{prefix}{key}.")


def _is_hydra(name: str) -> bool:
    return name == "hydra" or name.startswith(("hydra.", "hydra/"))


def _plain(error: BaseException) -> str:
    """The message of the innermost cause, first lines joined; a full key is put in front."""
    while isinstance(error.__cause__, CONFIG_ERRORS):
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    key = next((line.removeprefix("full_key: ") for line in lines if line.startswith("full_key: ")), None)
    message = " ".join(line for line in lines if not line.startswith(("full_key:", "object_type=", "reference_type=")))
    return f"{key}: {message}." if key else message

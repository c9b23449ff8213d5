"""The file of an exported operator: a zip archive of ``metadata.json`` and ``module.bin``, and nothing else.

``module.bin`` is what ``jax.export`` serialises (StableHLO, no code of this package); ``metadata.json`` says what goes
in and what comes out, and holds the SHA-256 of the module. Neither is a pickle, so that reading executes nothing.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

from neuralpde.errors import NeuralPDEError

from .files import write_whole

FORMAT, FORMAT_VERSION = "neuralpde exported operator", 1
METADATA, MODULE = "metadata.json", "module.bin"


class ExportError(NeuralPDEError, ValueError):
    """An exported operator that cannot be written, read, or called as it was."""


def write_container(path: str | os.PathLike, metadata: dict[str, Any], module: bytes) -> Path:
    """Write a file, whole or not at all."""
    content = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        **metadata,
        "sha256": hashlib.sha256(module).hexdigest(),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(METADATA, json.dumps(content, indent=1))
        archive.writestr(MODULE, module)
    try:
        return write_whole(path, buffer.getvalue())
    except OSError as error:
        raise ExportError(f"{path} could not be written: {error}. What was there before is unchanged.") from error


def read_container(path: str | os.PathLike) -> tuple[dict[str, Any], bytes]:
    """Metadata and module of a file; raises `ExportError` for a file that is none of ours, or is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            metadata, module = json.loads(archive.read(METADATA)), archive.read(MODULE)
    except FileNotFoundError as error:
        raise ExportError(f"There is no file {path}; write it with neuralpde.interop.export.") from error
    except zipfile.BadZipFile as error:
        raise ExportError(
            f"{path} is no exported operator, or is damaged ({error}): it should be a zip archive of {METADATA} and "
            f"{MODULE}. Copy it again, or export the operator again."
        ) from error
    except (KeyError, ValueError, OSError) as error:
        raise ExportError(
            f"{path} holds no exported operator ({error}); it should be a zip archive of {METADATA} and {MODULE}. "
            "Name a file that neuralpde.interop.export wrote."
        ) from error
    _check(path, metadata, module)
    return metadata, module


def _check(path: str | os.PathLike, metadata: Any, module: bytes) -> None:
    if not isinstance(metadata, dict) or metadata.get("format") != FORMAT:
        raise ExportError(f"{path} holds no exported operator: its {METADATA} does not say that it is one.")
    if metadata.get("format_version") != FORMAT_VERSION:
        raise ExportError(
            f"{path} has format version {metadata.get('format_version')!r}, this version reads {FORMAT_VERSION}; read "
            f"it with neuralpde {metadata.get('neuralpde', 'of the version that wrote it')}, or export again."
        )
    found = hashlib.sha256(module).hexdigest()
    if found != metadata.get("sha256"):
        raise ExportError(
            f"{path} is damaged: its module has the SHA-256 {found}, its metadata state {metadata.get('sha256')}. Copy "
            "it again, or export the operator again."
        )

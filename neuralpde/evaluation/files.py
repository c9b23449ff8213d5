"""Files that are either old or new, never half written."""

from __future__ import annotations

from pathlib import Path

from neuralpde.data.atomic import written_whole


def write_atomically(path: str | Path, content: str | bytes) -> Path:
    """Write beside the file, then rename: the old one stays until the end. Raises `DataError` where the disk
    refuses it."""
    path = Path(path)
    with written_whole(path) as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)
    return path

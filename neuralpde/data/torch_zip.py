"""Tensors of torch's zip archives (``.pt``) as numpy arrays, without torch; nothing in a file is ever run.

Such an archive holds a pickle of the containers, ``NAME/data.pkl``, whose tensors refer to raw storages,
``NAME/data/KEY``, stored without compression. A pickle is a program; this reader admits only the
instructions that build containers, resolves only the handful of names that plain tensors need, to builders
of its own, and checks sizes, strides and offsets against the storages.
"""

from __future__ import annotations

import io
import os
import pickle
import pickletools
import sys
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from .dataset import DataError

_DTYPES = {
    "BoolStorage": np.dtype(bool),
    "ByteStorage": np.dtype(np.uint8),
    "CharStorage": np.dtype(np.int8),
    "ShortStorage": np.dtype(np.int16),
    "IntStorage": np.dtype(np.int32),
    "LongStorage": np.dtype(np.int64),
    "HalfStorage": np.dtype(np.float16),
    "BFloat16Storage": np.dtype(jnp.bfloat16),
    "FloatStorage": np.dtype(np.float32),
    "DoubleStorage": np.dtype(np.float64),
    "ComplexFloatStorage": np.dtype(np.complex64),
    "ComplexDoubleStorage": np.dtype(np.complex128),
}

_INSTRUCTIONS = frozenset(
    "PROTO FRAME STOP MARK NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 BINFLOAT "
    "BINUNICODE SHORT_BINUNICODE EMPTY_DICT SETITEM SETITEMS EMPTY_LIST APPEND APPENDS "
    "EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 BINPUT LONG_BINPUT MEMOIZE BINGET LONG_BINGET "
    "GLOBAL STACK_GLOBAL REDUCE BINPERSID".split()
)


def read_torch_zip(path: str | os.PathLike) -> Any:
    """What ``torch.save`` wrote: containers, numbers, strings, and read-only arrays in place of tensors.

    Raises `DataError` where the file is missing, truncated or no zip archive of torch, where its pickle
    asks for any other name than those of plain tensors, and where a tensor does not fit its storage.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"There is no file {path}; expected a zip archive of torch (.pt). Check the path.")
    try:
        with zipfile.ZipFile(path) as archive:
            return _TensorUnpickler(archive, path).load()
    except DataError:
        raise
    except Exception as error:  # a hostile pickle can provoke any exception inside the unpickler
        raise DataError(
            f"{path} cannot be read as a zip archive of torch: {error}. It is truncated, damaged, or in the "
            "format of torch before 1.6; fetch it again, or save it anew with torch.save."
        ) from error


class _Name(NamedTuple):
    """A type of storage, as an inert value."""

    name: str


class _Storage(NamedTuple):
    """The numbers of one storage, flat."""

    numbers: np.ndarray


class _Builder:
    """A function that a pickle may call but, having no attributes, cannot alter."""

    __slots__ = ()


class _RebuildTensor(_Builder):
    """torch._utils._rebuild_tensor_v2."""

    __slots__ = ()

    def __call__(self, storage, offset, size, stride, requires_grad=False, hooks=None, metadata=None) -> np.ndarray:
        if not isinstance(storage, _Storage) or len(size) != len(stride):
            raise ValueError("a tensor is not made of a storage, sizes and as many strides")
        if any(not _is_natural(n) for n in (offset, *size, *stride)):
            raise ValueError(f"a tensor has offset {offset}, sizes {size} and strides {stride}, not natural numbers")
        numbers = storage.numbers
        count = int(np.prod(size, dtype=object)) if size else 1
        last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
        if count > numbers.size or (count and last >= numbers.size):
            raise ValueError(
                f"a tensor of sizes {size}, strides {stride} and offset {offset} exceeds its storage of "
                f"{numbers.size} numbers (save a contiguous copy of expanded tensors)"
            )
        if not count:
            return np.empty(size, numbers.dtype)
        steps = [step * numbers.itemsize for step in stride]
        # A view: many tensors of one storage cannot be made to fill the memory.
        return np.lib.stride_tricks.as_strided(numbers[offset:], size, steps, writeable=False)


def _is_natural(n: Any) -> bool:
    return isinstance(n, int) and not isinstance(n, bool) and n >= 0


class _OrderedDict(_Builder):
    """collections.OrderedDict, empty: torch writes one for the hooks of every tensor."""

    __slots__ = ()

    def __call__(self) -> dict:
        return {}


def _check_program(program: bytes, path: Path) -> None:
    """Raises `DataError` for an instruction that plain tensors do not need, or that would fill the memory."""
    for opcode, argument, _ in pickletools.genops(program):
        if opcode.name not in _INSTRUCTIONS:
            raise _refusal(path, f"uses the pickle instruction {opcode.name}")
        if opcode.name == "LONG_BINPUT" and (argument or 0) > len(program):
            raise _refusal(path, f"asks the unpickler for {argument} places of memory")


def _refusal(path: Path, what: str) -> DataError:
    return DataError(
        f"{path} {what}; only plain tensors in dicts, lists and tuples are read, and nothing in a file is "
        "ever run. Use a file that holds tensors alone, from a source you trust."
    )


class _TensorUnpickler(pickle.Unpickler):
    """Resolves three kinds of names and refuses all others."""

    def __init__(self, archive: zipfile.ZipFile, path: Path):
        names = [name for name in archive.namelist() if name.count("/") == 1 and name.endswith("/data.pkl")]
        if len(names) != 1:
            raise ValueError(f"it has {len(names)} members */data.pkl instead of one")
        self._archive, self._path, self._root = archive, path, names[0].removesuffix("data.pkl")
        self._left = path.stat().st_size
        self._storages: dict[tuple[str, str], _Storage] = {}
        program = self._member("data.pkl")
        _check_program(program, path)
        super().__init__(io.BytesIO(program), encoding="utf-8")
        order = self._root + "byteorder"
        written = self._member("byteorder").decode() if order in archive.namelist() else "little"
        if written not in ("little", "big"):
            raise ValueError(f"its byte order is {written!r} instead of little or big")
        self._swapped = written != sys.byteorder

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _RebuildTensor()
        if (module, name) == ("collections", "OrderedDict"):
            return _OrderedDict()
        if module == "torch" and name in _DTYPES:
            return _Name(name)
        raise _refusal(self._path, f"asks for {module}.{name}")

    def persistent_load(self, pid: Any) -> _Storage:
        """A storage: ``("storage", type, key, device, number of elements)``."""
        tag, kind, key, _, count = pid
        if tag != "storage" or not isinstance(kind, _Name) or not isinstance(key, str):
            raise ValueError("a storage is not described by its type and key")
        if (kind.name, key) not in self._storages:
            self._storages[kind.name, key] = _Storage(self._numbers(_DTYPES[kind.name], key, count))
        return self._storages[kind.name, key]

    def _numbers(self, dtype: np.dtype, key: str, count: int) -> np.ndarray:
        raw = self._member(f"data/{key}")
        if not _is_natural(count) or len(raw) != count * dtype.itemsize:
            raise ValueError(f"storage {key!r} has {len(raw)} bytes instead of {count} numbers of {dtype}")
        if dtype.kind == "b":  # any byte but zero is true; numpy expects zero and one
            return np.frombuffer(raw, np.uint8) != 0
        numbers = np.frombuffer(raw, dtype)
        return numbers.byteswap() if self._swapped else numbers

    def _member(self, name: str) -> bytes:
        """A member of the archive. All that are read together are no larger than the file."""
        info = self._archive.getinfo(self._root + name)
        if info.compress_type != zipfile.ZIP_STORED:
            raise ValueError(f"member {info.filename!r} is compressed, which torch never does")
        self._left -= info.file_size
        if self._left < 0:
            raise ValueError(f"member {info.filename!r} claims {info.file_size} bytes, more than the file has left")
        return self._archive.read(info)

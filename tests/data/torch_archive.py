"""Zip archives of torch, written by hand: the opcodes that torch writes, and those that an attacker would."""

import pickle
import zipfile
from pathlib import Path

import numpy as np

STORAGES = {
    "bool": "BoolStorage",
    "uint8": "ByteStorage",
    "int8": "CharStorage",
    "int16": "ShortStorage",
    "int32": "IntStorage",
    "int64": "LongStorage",
    "float16": "HalfStorage",
    "float32": "FloatStorage",
    "float64": "DoubleStorage",
    "complex64": "ComplexFloatStorage",
    "complex128": "ComplexDoubleStorage",
    "bfloat16": "BFloat16Storage",
}


def name(module: str, attribute: str) -> bytes:
    """GLOBAL: push what ``module.attribute`` resolves to."""
    return b"c" + module.encode() + b"\n" + attribute.encode() + b"\n"


def plain(value) -> bytes:
    """Push a number, a string, a bool, None, or a tuple of these."""
    return pickle.dumps(value, protocol=2)[2:-1]  # without PROTO and STOP


def together(*items: bytes) -> bytes:
    """MARK ... TUPLE."""
    return b"(" + b"".join(items) + b"t"


def call(function: bytes, *arguments: bytes) -> bytes:
    """REDUCE."""
    return function + together(*arguments) + b"R"


def storage(kind: str, key: str, count: int) -> bytes:
    """BINPERSID of a storage."""
    return together(plain("storage"), name("torch", kind), plain(key), plain("cpu"), plain(count)) + b"Q"


def tensor(stored: bytes, offset: int, size: tuple[int, ...], stride: tuple[int, ...]) -> bytes:
    hooks = call(name("collections", "OrderedDict"))
    parts = (stored, plain(offset), plain(size), plain(stride), plain(False), hooks)
    return call(name("torch._utils", "_rebuild_tensor_v2"), *parts)


def mapping(**items: bytes) -> bytes:
    """A dict: EMPTY_DICT MARK key value ... SETITEMS."""
    return b"}(" + b"".join(plain(key) + value for key, value in items.items()) + b"u"


def write_archive(path: Path, program: bytes, storages: dict[str, bytes], order: str | None = None, **options) -> Path:
    """The archive of a pickle program and its storages."""
    with zipfile.ZipFile(path, "w", **options) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02" + program + b".")
        for key, raw in storages.items():
            archive.writestr(f"archive/data/{key}", raw)
        if order is not None:
            archive.writestr("archive/byteorder", order)
        archive.writestr("archive/version", "3\n")
    return path


def fortran(array: np.ndarray) -> tuple[tuple[int, ...], bytes]:
    """Strides in elements, and bytes, of an array stored with its first axis fastest."""
    strides = tuple(int(np.prod(array.shape[:i])) for i in range(array.ndim))
    return strides, array.tobytes(order="F")


def write_fortran(path: Path, **arrays: np.ndarray) -> Path:
    """A dict of tensors whose first axis is the fastest, as the files of neuraloperator have them."""
    items, storages = {}, {}
    for key, (title, array) in enumerate(arrays.items()):
        strides, storages[str(key)] = fortran(array)
        items[title] = tensor(storage(STORAGES[array.dtype.name], str(key), array.size), 0, array.shape, strides)
    return write_archive(path, mapping(**items), storages)

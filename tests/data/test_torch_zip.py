"""Archives of torch are read as numpy arrays, and nothing that they contain is ever run."""

import io
import os
import pickle
import zipfile

import jax.numpy as jnp
import numpy as np
import pytest
from torch_archive import (
    STORAGES,
    call,
    mapping,
    name,
    plain,
    storage,
    tensor,
    together,
    write_archive,
    write_fortran,
)

from neuralpde.data import DataError, read_torch_zip

FOUR = np.arange(4, dtype=np.float32)


def of_four(offset=0, size=(4,), stride=(1,), count=4, kind="FloatStorage", key="0"):
    return tensor(storage(kind, key, count), offset, size, stride)


def read(tmp_path, program, storages=None, **options):
    storages = {"0": FOUR.tobytes()} if storages is None else storages
    return read_torch_zip(write_archive(tmp_path / "a.pt", program, storages, **options))


@pytest.mark.parametrize("dtype", [d for d in STORAGES if d != "bfloat16"])
def test_every_number_type_is_read(dtype, tmp_path):
    written = (np.random.default_rng(0).normal(size=(3, 4)) * 3).astype(dtype)
    read = read_torch_zip(write_fortran(tmp_path / "a.pt", x=written))["x"]
    assert read.dtype == written.dtype
    np.testing.assert_array_equal(read, written)


def test_bfloat16_is_read(tmp_path):
    written = np.array([1.5, -2.25, 3e38], jnp.bfloat16)
    found = read(tmp_path, of_four(size=(3,), count=3, kind="BFloat16Storage"), {"0": written.tobytes()})
    np.testing.assert_array_equal(found.astype(np.float32), written.astype(np.float32))


@pytest.mark.parametrize(
    ("offset", "size", "stride", "expected"),
    [
        (0, (2, 2), (2, 1), [[0, 1], [2, 3]]),
        (0, (2, 2), (1, 2), [[0, 2], [1, 3]]),
        (1, (2,), (2,), [1, 3]),
        (3, (), (), 3),
        (2, (1, 2), (77, 1), [[2, 3]]),
        (4, (0,), (1,), []),
        (0, (3,), (0,), [0, 0, 0]),
    ],
)
def test_offsets_and_strides_are_honoured(offset, size, stride, expected, tmp_path):
    found = read(tmp_path, of_four(offset, size, stride))
    np.testing.assert_array_equal(found, np.asarray(expected, np.float32), strict=True)


@pytest.mark.parametrize(("order", "code"), [("little", "<"), ("big", ">"), (None, "<")])
def test_the_byte_order_is_honoured(order, code, tmp_path):
    raw = FOUR.astype(code + "f4").tobytes()
    np.testing.assert_array_equal(read(tmp_path, of_four(), {"0": raw}, order=order), FOUR)


def test_containers_of_tensors_and_plain_values_are_read(tmp_path):
    inner = mapping(x=of_four(), n=plain(3), shared=of_four(2, (2,)))
    found = read(tmp_path, together(inner, plain("text"), plain(None), plain((1.5, True))))
    np.testing.assert_array_equal(found[0]["x"], FOUR)
    np.testing.assert_array_equal(found[0]["shared"], FOUR[2:])
    assert found[0]["n"] == 3 and found[1:] == ("text", None, (1.5, True))


def test_tensors_of_one_storage_share_its_memory(tmp_path):
    one, two = read(tmp_path, together(of_four(), of_four(1, (3,))))
    assert np.shares_memory(one, two) and not one.flags.writeable


GLOBALS = [
    ("os", "system"),
    ("posix", "system"),
    ("subprocess", "Popen"),
    ("builtins", "eval"),
    ("builtins", "getattr"),
    ("__builtin__", "eval"),
    ("nt", "system"),
    ("pickle", "loads"),
    ("torch", "load"),
    ("torch", "FloatStorage.__init__"),
    ("torch._utils", "_rebuild_tensor_v2.__globals__"),
    ("torch._utils", "_rebuild_parameter"),
    ("torch.storage", "_load_from_bytes"),
    ("collections", "defaultdict"),
    ("collections.abc", "OrderedDict"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("neuralpde.data.torch_zip", "_RebuildTensor"),
]


def leaves_a_mark(tmp_path):
    return plain(f"touch {tmp_path / 'mark'}")


@pytest.mark.parametrize(("module", "attribute"), GLOBALS)
def test_every_other_name_is_refused_and_named(module, attribute, tmp_path):
    with pytest.raises(DataError) as error:
        read(tmp_path, call(name(module, attribute), leaves_a_mark(tmp_path)))
    assert f"asks for {module}.{attribute};" in str(error.value) and str(tmp_path / "a.pt") in str(error.value)
    assert not (tmp_path / "mark").exists()


class Exploit:
    """An object that, unpickled, runs a command."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_commands_of_a_pickle_are_not_run(protocol, tmp_path):
    hidden = {"x": [1, ({"y": Exploit(f"touch {tmp_path / 'mark'}")},)]}
    program = pickle.dumps(hidden, protocol=protocol)
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
        archive.writestr("archive/data.pkl", program)
    with pytest.raises(DataError, match=f"asks for {os.system.__module__}.system|uses the pickle instruction"):
        read_torch_zip(tmp_path / "a.pt")
    assert not (tmp_path / "mark").exists()


def in_the_type_of_a_storage(attack):
    return together(plain("storage"), attack, plain("0"), plain("cpu"), plain(4)) + b"Q"


def in_the_hooks(attack):
    parts = (storage("FloatStorage", "0", 4), plain(0), plain((4,)), plain((1,)), plain(False), attack)
    return call(name("torch._utils", "_rebuild_tensor_v2"), *parts)


def after_the_tensor(attack):
    return of_four() + attack + b"b"


@pytest.mark.parametrize("place", [in_the_type_of_a_storage, in_the_hooks, after_the_tensor, lambda a: mapping(x=a)])
def test_a_nested_attack_is_refused(place, tmp_path):
    attack = call(name("os", "system"), leaves_a_mark(tmp_path))
    with pytest.raises(DataError, match=r"asks for os\.system|uses the pickle instruction BUILD"):
        read(tmp_path, place(attack))
    assert not (tmp_path / "mark").exists()


REBUILD, ORDERED = name("torch._utils", "_rebuild_tensor_v2"), name("collections", "OrderedDict")
TRICKS = {
    "altering the builder": REBUILD + plain((None, {"__defaults__": (1,)})) + b"b",
    "altering the type of a storage": name("torch", "FloatStorage") + plain((None, {"name": "x"})) + b"b",
    "state of an array": of_four() + together(*map(plain, (1, (4,), "f4", False)), b"C\x04abcd") + b"b",
    "calling a type of storage": call(name("torch", "FloatStorage"), plain(4)),
    "calling a tensor": call(of_four(), plain(4)),
    "arguments for the dict": call(ORDERED, plain((("a", 1),))),
    "a new object of a builder": REBUILD + together() + b"\x81",
    "a tensor without a storage": call(REBUILD, plain("0"), plain(0), plain((4,)), plain((1,)), plain(False)),
    "a module by a path": b"\x80\x04" + plain("os") + plain("system") + b"\x93",
    "an extension code": b"\x82\x01",
    "an old instance": b"(" + plain("id") + b"ios\nsystem\n",
    "a storage that is not one": together(plain("module"), name("torch", "FloatStorage")) + b"Q",
    "a storage by a path": of_four(key="../version"),
    "a memory of 2^32 places": of_four() + b"r\xff\xff\xff\x7f",
    "no end": b"(",
    "an empty stack": b"",
}


@pytest.mark.parametrize("program", TRICKS.values(), ids=TRICKS.keys())
def test_tricks_of_the_pickle_machine_are_refused(program, tmp_path):
    with pytest.raises(DataError):
        read(tmp_path, program)
    found = read(tmp_path, of_four())  # the reader works as before
    np.testing.assert_array_equal(found, FOUR)


MISFITS = {
    "too large": of_four(size=(5,)),
    "stride too large": of_four(size=(2,), stride=(4,)),
    "offset too large": of_four(offset=4, size=(1,)),
    "negative offset": of_four(offset=-1),
    "negative stride": of_four(offset=3, stride=(-1,)),
    "negative size": of_four(size=(-1,)),
    "expanded beyond the storage": of_four(size=(10**12,), stride=(0,)),
    "sizes that overflow": of_four(size=(2**40, 2**40), stride=(0, 0)),
    "a size that is no number": of_four(size=("4",)),
    "more sizes than strides": of_four(size=(2, 2), stride=(1,)),
    "a storage of another length": of_four(count=5),
    "a storage of no length": of_four(count=-1),
    "a storage of another type": of_four(kind="DoubleStorage"),
    "a storage that is absent": of_four(key="7"),
}


@pytest.mark.parametrize("program", MISFITS.values(), ids=MISFITS.keys())
def test_tensors_that_do_not_fit_their_storage_are_refused(program, tmp_path):
    with pytest.raises(DataError, match="cannot be read as a zip archive of torch"):
        read(tmp_path, program)


def test_compressed_members_are_refused(tmp_path):
    """A few bytes can stand for gigabytes; torch never compresses."""
    with pytest.raises(DataError, match="is compressed"):
        read(tmp_path, of_four(), compression=zipfile.ZIP_DEFLATED)


def test_members_that_claim_more_than_the_file_has_are_refused(tmp_path):
    path = write_archive(tmp_path / "a.pt", of_four(), {"0": FOUR.tobytes()})
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02") + 4)  # of data/0 in the central directory
    content[entry + 20 : entry + 28] = 2 * (2**31 - 16).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(DataError, match="more than the file has left"):
        read_torch_zip(path)


@pytest.mark.parametrize("kept", [0.05, 0.4, 0.8, 0.99])
def test_an_archive_cut_off_anywhere_is_refused(kept, tmp_path):
    path = write_archive(tmp_path / "a.pt", of_four(), {"0": FOUR.tobytes()})
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    with pytest.raises(DataError, match="truncated"):
        read_torch_zip(path)


def test_a_damaged_storage_is_noticed(tmp_path):
    path = write_archive(tmp_path / "a.pt", of_four(), {"0": FOUR.tobytes()})
    path.write_bytes(path.read_bytes().replace(FOUR.tobytes(), FOUR[::-1].tobytes()))
    with pytest.raises(DataError, match="CRC"):
        read_torch_zip(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no file .*absent\.pt"):
        read_torch_zip(tmp_path / "absent.pt")


def test_a_zip_archive_of_something_else_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(DataError, match=r"0 members \*/data.pkl instead of one"):
        read_torch_zip(tmp_path / "a.pt")


def test_the_format_before_zip_is_refused(tmp_path):
    buffer = io.BytesIO()
    pickle.dump(0x1950A86A20F9469CFC6C, buffer, protocol=2)
    (tmp_path / "a.pt").write_bytes(buffer.getvalue())
    with pytest.raises(DataError, match=r"save it anew with torch\.save"):
        read_torch_zip(tmp_path / "a.pt")

"""Two processes stream one set: each reads the rows of its own devices, and together they have every batch."""

import json
import os
import socket
import subprocess
import sys
import textwrap

import foreign_files
import pytest

SCRIPT = """
    import json, os, sys
    os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax
    import numpy as np
    port, number, path = sys.argv[1:]
    jax.distributed.initialize(f"127.0.0.1:{port}", 2, int(number))
    from jax.sharding import Mesh, NamedSharding, PartitionSpec
    from neuralpde.data import StreamLoader, frames, open_pdebench
    from neuralpde.data.loader import batch_indices

    class Watched:
        def __init__(self, source):
            self.source, self.count, self.rows = source, source.count, []
        def read(self, rows=slice(None)):
            self.rows += np.arange(self.count)[rows].tolist()
            return self.source.read(rows)

    pairs = frames(open_pdebench(path))
    expected, watched, key = pairs.read(), Watched(pairs), jax.random.key(0)
    sharding = NamedSharding(Mesh(np.array(jax.devices()), ("data",)), PartitionSpec("data"))
    batches = list(StreamLoader(watched, 8, key=key, sharding=sharding).batches(0, 3))
    order = [np.asarray(batch_indices(step, key, pairs.count, 8)) for step in range(3)]
    for rows, batch in zip(order, batches, strict=True):
        for leaf, whole in zip(jax.tree.leaves(batch), jax.tree.leaves(expected), strict=True):
            assert leaf.shape == (8, *whole.shape[1:]) and len(leaf.addressable_shards) == 2
            for shard in leaf.addressable_shards:
                np.testing.assert_array_equal(shard.data, whole[rows][shard.index].astype(leaf.dtype))
    print("READ", json.dumps(watched.rows), json.dumps(np.concatenate(order).tolist()))
"""


@pytest.mark.slow
def test_each_process_reads_half_of_every_batch(tmp_path):
    foreign_files.pdebench_tensor(tmp_path / "a")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT), str(port)]
    both = [
        subprocess.Popen(
            [*command, str(i), str(tmp_path / "a")], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        for i in range(2)
    ]
    said = [process.communicate(timeout=120)[0].decode() for process in both]
    assert [process.returncode for process in both] == [0, 0], "\n".join(said)
    lines = [next(line for line in text.splitlines() if line.startswith("READ")) for text in said]
    (first, order), (second, _) = [map(json.loads, line[5:].replace("] [", "]|[").split("|")) for line in lines]
    assert len(first) == len(second) == 12
    assert sorted(first + second) == sorted(order)

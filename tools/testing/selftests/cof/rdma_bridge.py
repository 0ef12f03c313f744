#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""rdma_bridge itself: what goes into one and comes out of another is the same, whatever buffers they
have, and they have the credits left that they should have. No kernel module of ours takes part.

The machine has a device for COF_ADDR (lab/run --transport rdma). SEED: of the streams (printed).
Speaks TAP.
"""
import hashlib
import os
import random
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cof  # noqa: E402
import tap  # noqa: E402
from tap import same  # noqa: E402

ADDRESSES = [os.environ.get("COF_ADDR", "10.77.0.1")]
if os.environ.get("COF_ADDR6"):
    ADDRESSES.append(os.environ["COF_ADDR6"])
BRIDGE = os.environ.get("RDMA_BRIDGE", "rdma_bridge")
END = b"end"
LISTEN, FABRIC, TARGET = 4471, 4472, 4473


class Sink:
    """Where the second bridge leads: reads all of a stream, and says its own meanwhile."""

    def __init__(self, answer, wanted):
        self.listener = socket.create_server(("127.0.0.1", TARGET))
        self.answer, self.wanted, self.got, self.threads = answer, wanted, [], []
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.threads.append(threading.Thread(target=self.take, args=(sock,)))
            self.threads[-1].start()

    def take(self, sock):
        digest, count = hashlib.sha256(), 0
        writer = threading.Thread(target=sock.sendall, args=(self.answer,))
        writer.start()
        while part := sock.recv(65536):
            digest.update(part)
            count += len(part)
            if count == self.wanted:
                writer.join()
                sock.sendall(END)
        self.got.append((count, digest.hexdigest()))
        sock.close()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()
        for thread in self.threads:
            thread.join(20)


def stream(rng, count):
    """Messages of all lengths, and some bytes that are none."""
    parts = []
    for _ in range(count):
        length = rng.choice((32, 33, 40, 208, 504, 505, 512, 4088, 4089, 4096, 8192, 65528, 65536,
                             rng.randrange(32, 9000)))
        parts.append(struct.pack("<IHHI", cof.MAGIC, 1, 0, length) + rng.randbytes(length - 12))
        if rng.random() < 0.02:
            parts.append(rng.randbytes(rng.choice((1, 11, 12, 31, 5000))))
    return b"".join(parts)


def bridges(near, far, address, files):
    host = f"[{address}]" if ":" in address else address
    made = []
    for options, args, file in ((far, ("listen", f"{host}:{FABRIC}", f"127.0.0.1:{TARGET}"), files[0]),
                                (near, ("connect", f"127.0.0.1:{LISTEN}", f"{host}:{FABRIC}"), files[1])):
        made.append(subprocess.Popen([BRIDGE, "-v", *options, *args], stdout=subprocess.PIPE, stderr=file, text=True))
        assert made[-1].stdout.readline() == "listening\n"
    return made


def left(file):
    """Credits, credits owed, bytes not sent: of each connection that ended, as the bridge says."""
    file.seek(0)
    return [tuple(map(int, words)) for words in re.findall(r"credits (\d+), owed (\d+), not sent (\d+)", file.read())]


def test(rng, near, far, address, conns):
    text = f"{address}, buffers {' '.join(near) or '-'} and {' '.join(far) or '-'}, {conns} connections"
    answer, said = stream(rng, 60), stream(rng, 60)
    sink = Sink(answer, len(said))
    files = [tempfile.TemporaryFile("w+") for _ in range(2)]
    both = bridges(near, far, address, files)
    heard = []

    def talk():
        with socket.create_connection(("127.0.0.1", LISTEN), timeout=30) as sock:
            writer = threading.Thread(target=sock.sendall, args=(said,))
            writer.start()
            got = b""
            while len(got) < len(answer + END) and (part := sock.recv(65536)):
                got += part
            writer.join()
            time.sleep(0.5)     # for the last credits
            sock.shutdown(socket.SHUT_WR)
            rest = sock.recv(1)
        heard.append((got == answer + END, rest))

    start = time.monotonic()
    threads = [threading.Thread(target=talk) for _ in range(conns)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tap.eventually(lambda: len(sink.got) == conns, 20)
    sink.stop()
    same(heard, [(True, b"")] * conns, f"{text}: one way")
    same(sink.got, [(len(said), hashlib.sha256(said).hexdigest())] * conns, f"{text}: the other")
    # The ends are the same connections in another order: what one may send the other has room for.
    ends = []
    for bridge, file in zip(both, files):
        tap.eventually(lambda log=file: len(left(log)) >= conns, 20)
        bridge.terminate()
        bridge.wait()
        ends.append(left(file))
    room = [int(dict(zip(o[::2], o[1::2])).get("-r", 16)) for o in (far, near)]
    for mine, theirs, buffers, name in ((ends[0], ends[1], room[1], "far"), (ends[1], ends[0], room[0], "near")):
        same(sorted(credits for credits, _, _ in mine), sorted(buffers - owed for _, owed, _ in theirs),
             f"{text}: credits of the {name} end and what the other owes are all there are")
    same([lost for end in ends for _, _, lost in end], [0] * 2 * conns, f"{text}: nothing was left")
    print(f"# {time.monotonic() - start:.1f} s", flush=True)


def main():
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(2**32))
    print(f"# SEED={seed}")
    rng = random.Random(seed)
    for address in ADDRESSES:
        for near, far, conns in (((), (), 4), (("-r", "4", "-s", "512"), ("-r", "64", "-s", "65536"), 2),
                                 (("-r", "64", "-s", "512"), ("-r", "4", "-s", "4104"), 2)):
            test(rng, near, far, address, conns)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())

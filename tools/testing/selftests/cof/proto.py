#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A hand-made CoF initiator, independent of the kernel's: the protocol with struct.

Shows that the target does what Documentation/crypto/cof-protocol.rst says for
peers that behave, and for peers that do not. Results are judged by OpenSSL and by
Python's integers. Configures the target of this machine for itself (port 4499, pools 'ptest'
and 'pother') and takes that down again. Speaks TAP.

The cases are in cases/, what they speak is lib/cof.py's. COF_TRANSPORT=rdma: the target is at COF_ADDR, and
this peer, which knows TCP alone, gets there by rdma_bridge.

COUNT  random mutations (default 400; COF_SOAK=1: 20000)
SEED   of the mutations (default: random, printed)
"""
import os
import random
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import tap  # noqa: E402
from cases import connect, life, malformed, operations, pools  # noqa: E402
from cof import Closed  # noqa: E402
from keys import RsaKey  # noqa: E402
from tap import check  # noqa: E402


def main():
    count = int(os.environ.get("COUNT") or (20000 if os.environ.get("COF_SOAK") else 400))
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(2**32))
    print(f"# {count} mutations, SEED={seed}")
    pools.setup()
    with tempfile.TemporaryDirectory() as folder:
        keys = [RsaKey(folder, bits) for bits in (1024, 2048, 4096)]
        small = keys[0]
        for test, args in ((connect.test_handshake, ()), (operations.test_crypto, (keys,)),
                           (operations.test_ecdsa, (small,)), (operations.test_handles, (small,)),
                           (operations.test_depth, (small,)), (connect.test_connect_refusals, ()),
                           (malformed.test_violations, (small,)),
                           (operations.test_queries, (small,)), (operations.test_inline, (keys,)),
                           (operations.test_digests, (small,)), (life.test_draining, (small,)),
                           (connect.test_time_outs, ()), (malformed.test_truncation, (small,)),
                           (connect.test_clear_text, ()),
                           (malformed.test_garbage, (small, count, random.Random(seed + 1))),
                           (connect.test_idle, (small,)), (malformed.test_flood, (small, count)),
                           (life.test_room, (small,)), (malformed.test_segments, (keys[2],)),
                           (malformed.test_mutations, (small, count, random.Random(seed))),
                           (life.test_teardown, (small,))):
            start = time.monotonic()
            try:
                test(*args)
            except (Closed, OSError, AssertionError) as error:
                check(False, f"{test.__name__}: stopped: {type(error).__name__} {error}")
                tap.note(traceback.format_exc())
            print(f"# {test.__name__}: {time.monotonic() - start:.1f} s", flush=True)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())

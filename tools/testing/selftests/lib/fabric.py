# SPDX-License-Identifier: GPL-2.0-only
"""The fabric that a test of CoF uses (COF_TRANSPORT, COF_ADDR), for peers that know TCP alone: over RDMA they
get there by rdma_bridge.
"""
import atexit
import os
import socket
import subprocess
import threading
TRANSPORT = os.environ.get("COF_TRANSPORT", "tcp")
ADDRESS = os.environ.get("COF_ADDR", "127.0.0.1")
INSECURE = int(not ADDRESS.startswith("127."))

bridges = {}
bridges_lock = threading.Lock()


def bridge(*args):
    """rdma_bridge, until this process ends."""
    subprocess.run(["modprobe", "-a", "ib_uverbs", "rdma_ucm"], check=True)
    process = subprocess.Popen([os.environ.get("RDMA_BRIDGE", "rdma_bridge"), "-e", *args], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    atexit.register(process.kill)
    assert process.stdout.readline() == b"listening\n", args


def endpoint(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def reach(address, port):
    """Where a TCP connection gets to this address of the fabric."""
    if TRANSPORT != "rdma":
        return address, port
    with bridges_lock:
        if (address, port) not in bridges:
            with socket.create_server(("127.0.0.1", 0)) as sock:
                near = sock.getsockname()
            bridge("connect", endpoint(*near), endpoint(address, port))
            bridges[address, port] = near
        return bridges[address, port]


def offer(address, port):
    """A listener at this address of the fabric, whose connections come by TCP."""
    if TRANSPORT != "rdma":
        return socket.create_server((address, port), backlog=128)
    listener = socket.create_server(("127.0.0.1", port), backlog=128)
    bridge("listen", endpoint(address, port), endpoint("127.0.0.1", port))
    return listener

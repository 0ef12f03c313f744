# SPDX-License-Identifier: GPL-2.0-only
"""What benchmarks change of the lab's machines: lab/run --with 'scripts/bench.d/machines.py WORD...'

accelerator   each target has QEMU's virtio-crypto device and exports that
guest-net     chain: guests have a network device (virtio-net, vhost), on the bridge `guests` of their host:
              10.78.0.11, 10.78.0.12, … (GUEST_ADDR, GUEST_ADDRS, GUEST1_ADDR, …; by name guest, guest1, …).
              The host is 10.78.0.1 there (BRIDGE_ADDR, bridge)
client        that, and one more node, `client` (10.78.0.254, CLIENT_ADDR), on the same bridge. It is no machine: its
              script runs in the lab's root on the machine that runs the lab, in a network name space whose only
              device is the other end of one that the host has. So what it runs costs no emulation, it has all
              programs of the root, and it sees the machines' QEMUs, whose process numbers are in
              /run/lab/nodes/NODE/pid. It needs /dev/net/tun. Its script starts at once: lab wait guest
dilate=N      the machines' clocks go N times slower than this one's (DILATE): ticks and other timers keep to the
              clock, emulated processors are tens of times too slow for them. Time-outs and sleep in the machines
              are longer by as much, those of the lab and of the client are not"""

import fcntl
import os
import shutil
import struct
import subprocess
import sys

from machine import Extra, Machine
from topology import Node

HERE = os.path.dirname(os.path.abspath(__file__))
NET, MAC = "10.78.0", "52:54:00:78:00:fe"   # MAC: of the device that the host has
TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x0002, 0x1000, 0x4000


class Outside:
    """The client's network: a name space of this machine's kernel."""

    def __init__(self):
        ours = os.open("/proc/self/ns/net", os.O_RDONLY)
        os.unshare(os.CLONE_NEWNET)
        try:
            self.namespace = os.open("/proc/self/ns/net", os.O_RDONLY)
            self.tap = os.open("/dev/net/tun", os.O_RDWR)
            flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR
            fcntl.ioctl(self.tap, TUNSETIFF, struct.pack("16sH22x", b"lab0", flags))
            for command in ("link set lo up", "link set lab0 up", f"address add {NET}.254/24 dev lab0"):
                subprocess.run(["ip", *command.split()], check=True)
        finally:
            os.setns(ours, os.CLONE_NEWNET)
            os.close(ours)

    def enter(self):
        os.setns(self.namespace, os.CLONE_NEWNET)


class Client(Machine):
    """No machine, but a process of this one in that name space."""

    outside = None

    def command(self):
        return ["unshare", "--mount", "--propagation", "private", "/bin/busybox", "sh", f"{HERE}/client-init",
                self.run, self.node.name]

    @property
    def popen(self):
        return {"preexec_fn": self.outside.enter}


class Machines(Extra):
    def __init__(self, args, nodes, words):
        self.dilate, self.outside, self.values, self.hosts, self.joined = 1, None, {}, {}, False
        for word in words:
            name, _, value = word.partition("=")
            if name == "dilate":
                self.dilate = int(value)
            elif name == "accelerator":
                for node in nodes:
                    if node.role in ("target", "loop"):
                        node.backend, node.values["ACCELERATOR"] = "builtin", 1
            elif name in ("client", "guest-net") and args.topology == "chain" and not args.ram:
                self.join(nodes)
                if name == "client":
                    if not os.path.exists("/dev/net/tun"):
                        sys.exit("lab: a client needs /dev/net/tun, which this machine does not have")
                    self.outside = Client.outside = Outside()
                    nodes.append(Node("client", "client"))
                    self.tell(nodes[-1], 254)
                    self.values["CLIENT_ADDR"] = f"{NET}.254"
            else:
                sys.exit(f"lab: machines.py: '{word}'?")
        self.values["DILATE"] = self.dilate
        if self.dilate > 1:
            library = f"{args.run_dir}/dilate.so"
            subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, f"{HERE}/dilate.c"], check=True)
            self.environment = {"LD_PRELOAD": library, "LAB_DILATE": str(self.dilate)}
        if self.outside:
            self.popen = {"pass_fds": [self.outside.tap]}

    def join(self, nodes):
        self.joined = True
        guests = [node for node in nodes if node.role == "guest"]
        for number, node in enumerate(guests, 11):
            self.tell(node, number)
            self.values[f"GUEST{number - 10}_ADDR"] = f"{NET}.{number}"
        self.tell(next(node for node in nodes if node.role == "host"), 1, "bridge")
        self.values |= {"GUEST_ADDR": f"{NET}.11", "BRIDGE_ADDR": f"{NET}.1",
                        "GUEST_ADDRS": " ".join(f"{NET}.{number}" for number in range(11, 11 + len(guests)))}

    def tell(self, node, number, name=None):
        """A node its address on that network, and all nodes its name there."""
        node.values["OUTSIDE"] = f"{NET}.{number}"
        self.hosts[f"{NET}.{number}"] = name or node.name

    def fill(self, folder):
        if self.joined:
            shutil.copy(f"{HERE}/network.sh", folder)

    def kind(self, node):
        return Client if node.role == "client" else None

    def qemu(self, node):
        if not self.outside or node.role != "host":
            return []
        return ["-netdev", f"tap,id=outside,fd={self.outside.tap}",
                "-device", f"virtio-net-pci,netdev=outside,mac={MAC},romfile="]

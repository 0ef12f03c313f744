# SPDX-License-Identifier: GPL-2.0-only
"""Which nodes a topology has, how they are linked, and what each is told about the others."""

import dataclasses
import os
import shlex

from base import TREE


@dataclasses.dataclass
class Script:
    before: list        # NAME=VALUE…
    path: str
    after: str          # its arguments, as a shell reads them

    @property
    def folder(self):
        return os.path.dirname(self.path)

    def command(self):
        """How a shell runs it in its folder. Without its x bit it is bash's."""
        words = [*self.before, *([] if os.access(self.path, os.X_OK) else ["bash"]), self.path]
        return f"cd {shlex.quote(self.folder)} && exec env {shlex.join(words)} {self.after}".rstrip()


@dataclasses.dataclass
class Node:
    name: str
    role: str                   # target, initiator, host, guest, loop
    address: str = ""
    host: str = ""              # of a nested guest: the node that runs its QEMU
    backend: str = ""           # QEMU's own crypto device: builtin or lkcf
    ram: bool = False           # lives in its initramfs and shares nothing with us; if it is
                                # nested, its host's script starts it, and we know nothing of it
    hostid: str = ""
    guests: list = dataclasses.field(default_factory=list)
    links: list = dataclasses.field(default_factory=list)       # (mac, peer's address, transport)
    ports: list = dataclasses.field(default_factory=list)       # of a target: (transport, address)
    sockets: list = dataclasses.field(default_factory=list)     # (path, listens, mac)
    scripts: list = dataclasses.field(default_factory=list)     # of Script
    values: dict = dataclasses.field(default_factory=dict)      # more of its environment


def names(kind, count):
    return [kind] if count == 1 else [f"{kind}{n}" for n in range(1, count + 1)]


# Of the loop topology: soft-RoCE has no routes on the loopback device, so there is a dummy one beside.
RDMA_ADDRESS, RDMA_ADDRESS6 = "10.77.0.1", "fd77::1"


def make_nodes(args):
    """The nodes of args.topology, in the order in which they are started."""
    if args.topology == "loop":
        ports = {"tcp": [("tcp", "127.0.0.1")], "rdma": [("rdma", RDMA_ADDRESS)]}
        ports = ports.get(args.transport) or ports["tcp"] + ports["rdma"]
        return [Node("vm", "loop", ports[0][1], hostid="lab-host", ports=ports)]
    if args.topology == "guest":
        return [Node(name, "guest", backend=args.device, ram=args.ram) for name in names("guest", args.guests)]
    nodes = []
    for number, name in enumerate(names("target", args.targets), 1):
        transport = ("rdma", "tcp")[number % 2] if args.transport == "mixed" else args.transport
        address = f"10.77.0.{number}"
        nodes.append(Node(name, "target", address, ports=[(transport, address)]))
    name = "initiator" if args.topology == "pair" else "host"
    user = Node(name, name, "10.77.0.101", hostid="lab-host")
    link(nodes, user)
    if name == "initiator":
        return [*nodes, user]
    guests = names("guest", args.guests)
    user.guests = [] if args.ram else guests
    return [*nodes, user, *(Node(name, "guest", host="host", ram=args.ram) for name in guests)]


def link(targets, user):
    """A cable from every target to their user: a stream over a unix socket."""
    for count, target in enumerate(targets):
        for node, peer, listens in ((target, user, True), (user, target, False)):
            mac = f"52:54:00:77:{count:02x}:{int(not listens):02x}"
            node.links.append((mac, peer.address, target.ports[0][0]))
            node.sockets.append((f"/run/link{count}", listens, mac))


def variables(values):
    return "".join(f"{key}={shlex.quote(str(value))}\n" for key, value in values.items())


def shared_environment(args, nodes, cmdline):
    """/run/lab/env, which every node and every script has."""
    targets = [node for node in nodes if node.ports]
    ports = [port for node in targets for port in node.ports]
    values = {
        "KERNEL": args.kernel, "TOPOLOGY": args.topology,
        "DEVICE": args.device, "DRIVER": "ours", "COF_TRANSPORT": args.transport,
        "TARGET_ADDRS": " ".join(address for _, address in ports),
        "TARGET_TRANSPORTS": " ".join(transport for transport, _ in ports),
        "TARGET_NODES": " ".join(node.name for node in targets if node.role == "target"),
        "GUESTS": sum(node.role == "guest" for node in nodes),
        "HOSTIDS": " ".join(node.hostid for node in nodes if node.hostid),
        "QUEUES": args.queues, "VDPA_DRIVERS": "cof-pool0-rsa",
        "NO_SETUP": 1 if args.no_setup else "",
        "GUEST_SMP": args.guest_smp, "GUEST_MEM": args.guest_mem, "CMDLINE": cmdline,
        "LAB_TREE": TREE,
    }
    return variables(values | args.extra.values | dict(word.partition("=")[::2] for word in args.env))


def node_environment(args, node):
    address, address6 = node.address, ""
    if node.role == "loop":
        address, address6 = ("127.0.0.1", "::1") if args.transport == "tcp" else (RDMA_ADDRESS, RDMA_ADDRESS6)
    return variables({
        "COF_ADDR": address, "COF_ADDR6": address6,
        "PORTS": " ".join(f"{transport}={address}" for transport, address in node.ports),
        "ROLE": node.role, "ADDR": node.address, "HOSTID": node.hostid,
        "GUESTS_HERE": " ".join(node.guests), "ACCELERATOR": "",
    } | node.values)


def hosts_file(args, nodes):
    names_of = {"127.0.0.1": "localhost", "::1": "localhost"}
    names_of |= {node.address: node.name for node in nodes if node.address.startswith("10.")}
    return "".join(f"{address} {name}\n" for address, name in (names_of | args.extra.hosts).items())

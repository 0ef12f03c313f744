# SPDX-License-Identifier: GPL-2.0-only
"""Which nodes a topology has, how they are linked, and what each is told about the others."""

import dataclasses
import os
import shlex


@dataclasses.dataclass
class Script:
    before: list        # NAME=VALUE…
    path: str
    after: str          # its arguments, as a shell reads them

    def command(self):
        """How a shell runs it in its folder. Without its x bit it is bash's."""
        words = [*self.before, *([] if os.access(self.path, os.X_OK) else ["bash"]), self.path]
        return f"cd {shlex.quote(os.path.dirname(self.path))} && exec env {shlex.join(words)} {self.after}".rstrip()


@dataclasses.dataclass
class Node:
    name: str
    role: str                   # target, initiator, host, guest, loop
    address: str = ""
    host: str = ""              # of a nested guest: the node that runs its QEMU
    backend: str = ""           # QEMU's own crypto device: builtin or lkcf
    ram: bool = False           # lives in its initramfs and shares nothing with us; if it is
                                # nested, its host's script starts it, and we know nothing of it
    accelerator: bool = False   # a target with such a device of its own
    hostid: str = ""
    guests: list = dataclasses.field(default_factory=list)
    links: list = dataclasses.field(default_factory=list)       # (mac, peer's address, transport)
    ports: list = dataclasses.field(default_factory=list)       # of a target: (transport, address)
    sockets: list = dataclasses.field(default_factory=list)     # (path, listens, mac)
    scripts: list = dataclasses.field(default_factory=list)     # of Script
    outside: str = ""           # its address on a network that nodes/*/links do not have

    @property
    def owner(self):
        """Who obeys `lab power` for this node."""
        return self.host or "runner"


def names(kind, count):
    return [kind] if count == 1 else [f"{kind}{n}" for n in range(1, count + 1)]


# Of the loop topology: soft-RoCE has no routes on the loopback device, so there is a dummy one beside.
RDMA_ADDRESS, RDMA_ADDRESS6 = "10.77.0.1", "fd77::1"


def transport_of(args, number):
    """The transport of target number 1, 2, …, and of the path there."""
    if args.transport == "mixed":
        return "tcp" if number % 2 else "rdma"
    return args.transport


def make_nodes(args):
    """The nodes of args.topology, in the order in which they are started."""
    if args.topology == "loop":
        ports = {"tcp": [("tcp", "127.0.0.1")], "rdma": [("rdma", RDMA_ADDRESS)]}
        ports["mixed"] = ports["tcp"] + ports["rdma"]
        ports = ports[args.transport]
        nodes = [Node("vm", "loop", ports[0][1], hostid="lab-host", ports=ports)]
    elif args.topology == "guest":
        backend = "lkcf" if args.device == "lkcf" else "builtin"
        nodes = [Node(name, "guest", backend=backend, ram=args.ram)
                 for name in names("guest", args.guests)]
    else:
        nodes = [Node(name, "target", f"10.77.0.{n}",
                      ports=[(transport_of(args, n), f"10.77.0.{n}")])
                 for n, name in enumerate(names("target", args.targets), 1)]
        if args.topology == "pair":
            users = [Node("initiator", "initiator", "10.77.0.101", hostid="lab-host")]
            nodes += users
        else:
            guests = names("guest", args.guests)
            host = Node("host", "host", "10.77.0.101", hostid="lab-host",
                        guests=[] if args.ram else guests)
            users = [host]
            nodes += [host] + [Node(name, "guest", host="host", ram=args.ram) for name in guests]
        link(nodes, users)
    return nodes


def link(nodes, users):
    """A cable between every target and every user of targets: a stream over a unix socket."""
    count = 0
    for target in (node for node in nodes if node.role == "target"):
        for user in users:
            for node, peer, listens, end in ((target, user, True, 0), (user, target, False, 1)):
                mac = f"52:54:00:77:{count:02x}:{end:02x}"
                node.links.append((mac, peer.address, target.ports[0][0]))
                node.sockets.append((f"/run/link{count}", listens, mac))
            count += 1


def variables(values):
    return "".join(f"{key}={shlex.quote(str(value))}\n" for key, value in values.items())


def shared_environment(args, nodes, cmdline):
    """/run/lab/env, which every node and every script has."""
    targets = [node for node in nodes if node.role in ("target", "loop")]
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
        "LAB_TREE": args.tree,
    }
    if targets:
        values["TARGET_ADDR"] = targets[0].address
    return variables(values | args.extra.values | dict(word.partition("=")[::2] for word in args.env))


def node_environment(args, node):
    address, address6 = node.address, ""
    if node.role == "loop":
        address, address6 = ("127.0.0.1", "::1") if args.transport == "tcp" else (RDMA_ADDRESS, RDMA_ADDRESS6)
    return variables({
        "OUTSIDE": node.outside,
        "COF_ADDR": address, "COF_ADDR6": address6,
        "PORTS": " ".join(f"{transport}={address}" for transport, address in node.ports),
        "ROLE": node.role, "ADDR": node.address, "HOSTID": node.hostid,
        "GUESTS_HERE": " ".join(node.guests),
        "ACCELERATOR": 1 if node.accelerator else "",
    })


def hosts_file(nodes):
    lines = ["127.0.0.1 localhost", "::1 localhost"]
    lines += [f"{node.address} {node.name}" for node in nodes if node.address.startswith("10.")]
    lines += [f"{node.outside} {node.name if not node.address else 'bridge'}" for node in nodes
              if node.outside]
    return "\n".join(lines) + "\n"

# SPDX-License-Identifier: GPL-2.0-only
"""The client's network: a name space of this machine's kernel, with a device that is the other end of
one that the host has."""

import fcntl
import os
import struct
import subprocess

import topology

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x0002, 0x1000, 0x4000


class Outside:
    MAC = "52:54:00:78:00:fe"       # of the device that the host has

    def __init__(self):
        ours = os.open("/proc/self/ns/net", os.O_RDONLY)
        os.unshare(os.CLONE_NEWNET)
        try:
            self.namespace = os.open("/proc/self/ns/net", os.O_RDONLY)
            self.tap = os.open("/dev/net/tun", os.O_RDWR)
            flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR
            fcntl.ioctl(self.tap, TUNSETIFF, struct.pack("16sH22x", b"lab0", flags))
            for command in ("link set lo up", "link set lab0 up",
                            f"address add {topology.CLIENT_ADDRESS}/24 dev lab0"):
                subprocess.run(["ip", *command.split()], check=True)
        finally:
            os.setns(ours, os.CLONE_NEWNET)
            os.close(ours)

    def enter(self):
        os.setns(self.namespace, os.CLONE_NEWNET)

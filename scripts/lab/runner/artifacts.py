# SPDX-License-Identifier: GPL-2.0-only
"""What machines consist of. Each function returns the folder of an artifact, which is made first if it is
not in the cache; artifact/ has what makes it."""

import functools
import glob
import os
import re
from pathlib import Path

from base import CACHE, LAB, SUITE, TREE, call, die, enter, host_tool
from cache import ensure, hold, key_of, lock

KERNELS = ("stable", "mainline", "uml", "uml-mainline")
# What a guest has no use for, as regular expressions of paths.
IMAGE_WITHOUT = (
    r"^(boot|dev|proc|sys|run|tmp|lab|usr/src|usr/include|usr/share|var/(cache|lib/apt|lib/dpkg))/.",
    r"^usr/lib/(gcc|git-core|udev|linux-kbuild-[^/]*|python3/dist-packages/mesonbuild)/.",
    r"^usr/libexec/gcc/.",
    r"^usr/lib/modules/[^/]*/kernel/(sound|drivers/(net|gpu|media|scsi|usb|staging|infiniband/hw|hid|iio))/.",
    r"^usr/bin/(qemu-|shellcheck|git|x86_64-linux-gnu-lto-dump)",
    r"\.a$")


def in_root(*command, **more):
    """What runs a command in the root. Its last arguments are the folder to fill, and where that will be."""
    return lambda temporary, final: enter(root(), [*command, temporary, final], **more)


def script(name):
    return f"{LAB}/artifact/{name}.sh"


@functools.lru_cache(None)
def root():
    """A Debian 13 with both kernels, their headers and sources, the tools and the stock QEMU."""
    host_tool("mmdebstrap", "mmdebstrap", "debian-archive-keyring", "ca-certificates")
    packages = re.sub(r"[ \n]+", " ", re.sub(r"#.*", "", Path(f"{LAB}/config/root-packages").read_text()))
    return ensure("root", key_of(SUITE, script("root"), packages), 8, lambda temporary, final: [
        "bash", script("root"), SUITE, packages, f"{LAB}/lib/enter.sh", temporary])


@functools.lru_cache(None)
def release(kernel):
    """The release of stable or mainline."""
    return dict(line.split("=") for line in Path(f"{root()}/etc/lab-kernels").read_text().split())[kernel.upper()]


def source_key(kernel):
    """Not the root's key: another package in the root must not build every kernel again."""
    return key_of(kernel, release(kernel))


def source(kernel):
    """A kernel's source as Debian ships it."""
    version = ".".join(re.split(r"[.+~-]", release(kernel))[:2])
    unpack = f"xz -dc -T0 /usr/src/linux-source-{version}.tar.xz | tar -C $0 --strip-components=1 -xf -"
    return ensure(f"src-{kernel}", source_key(kernel), 4, in_root("bash", "-o", "pipefail", "-c", unpack))


@functools.lru_cache(None)
def uml(kernel):
    """A user-mode kernel with sanitizers."""
    configs = [*sorted(glob.glob(f"{TREE}/tools/testing/selftests/*/config")), f"{LAB}/config/uml.config"]
    make = ["nice", "-n", "10", "bash", script("uml")]
    return ensure(f"uml-{kernel}", key_of(source_key(kernel), script("uml"), *configs), 6,
                  lambda *folders: in_root(*make, source(kernel), kernel, *configs)(*folders))


def qemu(build=True):
    """A QEMU with only what the lab's machines need, with crypto backends, and faster emulated processors.
    None if it is not there and shall not be built."""
    devices, patches = f"{LAB}/config/qemu-lab.mak", f"{LAB}/config/qemu"
    key = key_of(SUITE, script("qemu"), devices, *sorted(glob.glob(f"{patches}/*.patch")))
    if not build and not hold(f"{CACHE}/qemu-{key}"):
        return None
    return ensure("qemu", key, 3, in_root("nice", "-n", "10", "bash", script("qemu"), devices, patches))


def openssl():
    """OpenSSL's own test programs for keys, signatures and TLS, with their data."""
    make = f"{TREE}/tools/testing/selftests/tls/openssl-build.sh"
    return ensure("openssl", key_of(os.path.basename(root()), make), 1,
                  in_root("nice", "-n", "10", "bash", make))


def image():
    """The root as a disk, for nested guests: a file system that is shared by 9p twice, through two emulated
    machines, costs a guest half a minute to start from."""
    make = ["mkfs.erofs", "--quiet", "-x-1", "-T0", *(f"--exclude-regex={path}" for path in IMAGE_WITHOUT)]
    return ensure("image", key_of(os.path.basename(root()), *make), 2, lambda temporary, final: enter(
        root(), [*make, f"{temporary}/root.erofs", root()]))


def initrd(kernel):
    """What a machine starts from: vmlinuz and initrd."""
    init = f"{LAB}/node/initramfs"
    make = [script("initrd"), release(kernel), init, script("pack-modules")]
    return ensure(f"initrd-{kernel}", key_of(*make), 1, in_root("bash", *make))


def large_key():
    """An RSA key of 8192 bits, which takes long to make."""
    return ensure("large-key", key_of("8192"), 1,
                  in_root("sh", "-c", 'openssl genrsa -out "$0/8192.pem" 8192'))


def tools():
    """The programs that tests run in the nodes, and OpenSSL's provider with its tools; sanitize/ has them
    once more, with the sanitizers."""
    tests, provider = f"{TREE}/tools/testing/selftests", f"{TREE}/tools/openssl-lkcf"
    sources = [path for kind in ("*.[ch]", "*.mk", "Makefile")
               for path in sorted(glob.glob(f"{tests}/**/{kind}", recursive=True))]
    make = """set -eux; mkdir "$2/sanitize"; sanitize=SANITIZE=address,undefined
make -C "$0" OUTPUT="$2"; make -C "$0" OUTPUT="$2/sanitize" $sanitize "$2/sanitize/lkcf_ops"
make -C "$1" OUT="$2"; make -C "$1" OUT="$2/sanitize" $sanitize
rm -f "$2"/*.o "$2"/sanitize/*.o"""
    return ensure("tools", key_of(*sources, *sorted(glob.glob(f"{provider}/*")), make, os.path.basename(root())), 1,
                  in_root("sh", "-c", make, tests, provider))


class Modules:
    """Our modules for a kernel, built from the work tree as it is now in a folder that stays, so that building
    again takes seconds, from another tree, too. The tree itself is only read."""

    def __init__(self, kernel, warn=False, variables=()):
        self.kernel, self.warn, self.variables = kernel, warn, variables
        self.layers = []        # what holds the kernel's own modules when the root does not
        if kernel.startswith("uml"):
            place = uml("mainline" if kernel == "uml-mainline" else "stable")
            self.release = Path(f"{place}/release").read_text().strip()
            large = "KCFLAGS=-Wframe-larger-than=8192"      # KASAN makes frames large.
            self.make, self.layers = [f"{place}/build", "ARCH=um", large], [f"{place}/layer"]
        else:
            self.release = release(kernel)
            self.make = [f"/lib/modules/{self.release}/build"]
        tag = os.environ.get("COF_LAB_BUILD_TAG") or "all"
        self.folder = f"{CACHE}/build/{tag}-{kernel}{'-warn' if warn else ''}"

    def build(self):
        """Returns the lock of the folder."""
        os.makedirs(f"{self.folder}/tree", exist_ok=True)
        held = lock(f"{self.folder}/lock", create=True)
        os.set_inheritable(held, False)
        environment = dict(os.environ)
        if self.warn:
            # Debian's headers of 7.3 lack what asks whether sparse is there, so it is not.
            environment["COF_LAB_CHECKER"] = f"{source('mainline')}/scripts/checker-valid.sh"
        if call(enter(root(), ["bash", script("modules"), TREE, self.folder, str(self.warn).lower(), *self.make,
                               *self.variables]), env=environment):
            die(f"the modules do not build for {self.kernel} (log: {self.folder}/make.log)")
        return held

    def layer(self):
        """Built, and as an artifact: a file system layer with the modules below updates/ and the indexes that
        depmod made of them and the kernel's own."""
        held = self.build()
        source_key_ = Path(f"{self.folder}/source-key").read_text().strip()
        make = ["bash", script("layer"), f"{self.folder}/tree", self.release]
        lower = self.layers or [os.path.basename(root())]
        place = ensure(f"mods-{self.kernel}", key_of(source_key_, self.release, make[1], *lower), 1,
                       in_root(*make, lower=self.layers))
        # Whoever has machines running does not hold up the next build.
        os.close(held)
        return place

# SPDX-License-Identifier: GPL-2.0-only
"""What machines consist of. Each function returns the folder of an artifact, which is made first if it is
not in the cache; artifact/ has what makes it."""

import functools
import glob
import os
import re
import shutil
import subprocess

from base import CACHE, LAB, SUITE, TREE, call, die, enter, host_tool, say
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
    with open(f"{LAB}/config/root-packages", encoding="utf-8") as file:
        packages = re.sub(r"[ \n]+", " ", re.sub(r"#.*", "", file.read()))
    place = ensure("root", key_of(SUITE, script("root"), packages), 8, lambda temporary, final: [
        "bash", script("root"), SUITE, packages, f"{LAB}/lib/enter.sh", temporary])
    link = f"{CACHE}/root"
    if not os.path.islink(link) or os.readlink(link) != os.path.basename(place):
        os.symlink(os.path.basename(place), f"{link}.new.{os.getpid()}")
        os.rename(f"{link}.new.{os.getpid()}", link)
    return place


@functools.lru_cache(None)
def release(kernel):
    """The release of stable or mainline."""
    with open(f"{root()}/etc/lab-kernels", encoding="utf-8") as file:
        return dict(line.strip().split("=") for line in file)[kernel.upper()]


# Not the root's key: another package in the root must not build every kernel again.
def source_key(kernel):
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
    key = key_of(*sources, *sorted(glob.glob(f"{provider}/*")), script("tools"),
                 os.path.basename(root()))
    return ensure("tools", key, 1, in_root("sh", script("tools"), tests, provider))


class Modules:
    """Our modules for a kernel, built from the work tree as it is now in a folder of the tree's own, which
    stays, so that building again takes seconds. The tree itself is only read."""

    def __init__(self, kernel, warn=False, variables=()):
        self.kernel, self.warn, self.variables = kernel, warn, variables
        self.layers = []        # what holds the kernel's own modules when the root does not
        self.make = []
        if kernel.startswith("uml"):
            place = uml("mainline" if kernel == "uml-mainline" else "stable")
            with open(f"{place}/release", encoding="utf-8") as file:
                self.release = file.read().strip()
            self.headers, self.make, self.layers = f"{place}/build", ["ARCH=um"], [f"{place}/layer"]
        else:
            self.release = release(kernel)
            self.headers = f"/lib/modules/{self.release}/build"
        self.suffix = f"-{kernel}{'-warn' if warn else ''}"
        self.folder = f"{CACHE}/build/{os.environ.get('COF_LAB_BUILD_TAG') or key_of(TREE)}{self.suffix}"
        self.held = None

    def build(self):
        os.makedirs(self.folder, exist_ok=True)
        self.held = lock(f"{self.folder}/lock", wait=False, create=True)
        if self.held is None:
            say(f"another build in {self.folder} is running, waiting")
            self.held = lock(f"{self.folder}/lock")
        os.set_inheritable(self.held, False)
        if not os.path.isdir(f"{self.folder}/tree"):
            self.seed()
        environment = dict(os.environ)
        if self.warn:
            # Debian's headers of 7.3 lack what asks whether sparse is there, so it is not.
            environment["COF_LAB_CHECKER"] = f"{source('mainline')}/scripts/checker-valid.sh"
        command = ["bash", script("modules"), TREE, self.folder, str(self.warn).lower(),
                   self.headers, *self.make, *self.variables]
        if call(enter(root(), command), env=environment):
            die(f"the modules do not build for {self.kernel} (log: {self.folder}/make.log)")

    def seed(self):
        """Begin with the objects of the newest build for this kernel, of another tree."""
        states = [path for path in glob.glob(f"{CACHE}/build/*{self.suffix}/state")
                  if self.kernel == "uml-mainline" or "-uml-mainline" not in path]
        for other in map(os.path.dirname, sorted(states, key=os.path.getmtime, reverse=True)):
            held = lock(f"{other}/lock", wait=False)
            if held is None:
                continue
            if os.path.exists(f"{other}/state"):
                shutil.rmtree(f"{self.folder}/tree.new", ignore_errors=True)
                subprocess.run(["cp", "-a", "--reflink=auto", f"{other}/tree", f"{self.folder}/tree.new"],
                               check=True)
                os.rename(f"{self.folder}/tree.new", f"{self.folder}/tree")
                shutil.copy(f"{other}/state", self.folder)
                os.close(held)
                return
            os.close(held)
        os.makedirs(f"{self.folder}/tree", exist_ok=True)

    def layer(self):
        """Built, and as an artifact: a file system layer with the modules below updates/ and the indexes that
        depmod made of them and the kernel's own."""
        self.build()
        with open(f"{self.folder}/source-key", encoding="utf-8") as file:
            source_key_ = file.read().strip()
        make = ["bash", script("layer"), f"{self.folder}/tree", self.release]
        lower = self.layers or [os.path.basename(root())]
        place = ensure(f"mods-{self.kernel}", key_of(source_key_, self.release, make[1], *lower), 1,
                       in_root(*make, lower=self.layers))
        # Whoever has machines running does not hold up the next build.
        os.close(self.held)
        return place

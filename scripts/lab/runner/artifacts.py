# SPDX-License-Identifier: GPL-2.0-only
"""What machines consist of. Each function returns the folder of an artifact, which is made first if it is
not in the cache; artifact/ and lib/ have what makes it."""

import functools
import glob
import os
import re
import shutil
import subprocess

from base import CACHE, LAB, SUITE, TREE, call, die, enter, host_tool, say
from cache import ensure, key_of, lock

KERNELS = ("stable", "mainline", "uml", "uml-mainline")


def recipe(name, **environment):
    """What runs artifact/<name>.sh."""
    variables = dict(environment, LAB=LAB, TREE=TREE, SUITE=SUITE)
    return lambda temporary, final: ["env", *(f"{key}={value}" for key, value in variables.items()),
                                     "bash", f"{LAB}/lib/recipe.sh", name, temporary, final]


def in_root(*command, **more):
    """What runs a command in the root, with the artifact's folder as last argument."""
    return lambda temporary, final: enter(root(), [*command, temporary], **more)


@functools.lru_cache(None)
def root():
    """A Debian 13 with both kernels, their headers and sources, the tools and the stock QEMU."""
    host_tool("mmdebstrap", "mmdebstrap", "debian-archive-keyring", "ca-certificates")
    with open(f"{LAB}/config/root-packages", encoding="utf-8") as file:
        packages = re.sub(r"[ \n]+", " ", re.sub(r"#.*", "", file.read()))
    place = ensure("root", key_of(SUITE, f"{LAB}/artifact/root.sh", packages), 8, recipe("root"))
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
    return key_of(kernel, release(kernel), f"{LAB}/artifact/source.sh")


def source(kernel):
    """A kernel's source as Debian ships it."""
    version = ".".join(re.split(r"[.+~-]", release(kernel))[:2])
    return ensure(f"src-{kernel}", source_key(kernel), 4, recipe(
        "source", SOURCE_TAR=f"{root()}/usr/src/linux-source-{version}.tar.xz"))


@functools.lru_cache(None)
def uml(kernel):
    """A user-mode kernel with sanitizers: linux, release, build (for make KDIR=… ARCH=um), layer (modules)."""
    key = key_of(source_key(kernel), f"{LAB}/artifact/uml.sh", f"{LAB}/lib/make-uml.sh",
                 f"{LAB}/config/uml.config", f"{LAB}/config/uml-{kernel}.config")
    return ensure(f"uml-{kernel}", key, 6, lambda *folders: recipe(
        "uml", ROOT=root(), SOURCE=source(kernel), UML_KERNEL=kernel)(*folders))


def qemu():
    """A QEMU with only what the lab's machines need, with crypto backends, and faster emulated processors."""
    make, devices, patches = f"{LAB}/artifact/qemu.sh", f"{LAB}/config/qemu-lab.mak", f"{LAB}/config/qemu"
    return ensure("qemu", key_of(SUITE, make, devices, *sorted(glob.glob(f"{patches}/*.patch"))), 3,
                  in_root("nice", "-n", "10", "bash", make, devices, patches))


def openssl():
    """OpenSSL's own test programs, with their data."""
    key = key_of(os.path.realpath(root()), f"{LAB}/artifact/openssl.sh", f"{LAB}/lib/make-openssl.sh")
    return ensure("openssl", key, 1, recipe("openssl", ROOT=root()))


def image():
    """The root as a disk, for nested guests."""
    return ensure("image", key_of(os.path.realpath(root()), f"{LAB}/artifact/image.sh"), 2,
                  recipe("image", ROOT=root()))


def initrd(kernel):
    """What a machine starts from: vmlinuz and initrd."""
    make, init = f"{LAB}/lib/make-initrd.sh", f"{LAB}/node/initramfs"
    return ensure(f"initrd-{kernel}", key_of(release(kernel), make, init), 1,
                  in_root("bash", make, release(kernel), init))


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
    key = key_of(*sources, *sorted(glob.glob(f"{provider}/*")), f"{LAB}/lib/make-tools.sh",
                 os.path.realpath(root()))
    return ensure("tools", key, 1, in_root("sh", f"{LAB}/lib/make-tools.sh", tests, provider))


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
        configs = os.environ.get("COF_LAB_CONFIGS")
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
        command = ["bash", f"{LAB}/lib/make-modules.sh", TREE, self.folder, str(self.warn).lower(),
                   self.headers, *self.make, *([f"CONFIGS={configs}"] if configs else []), *self.variables]
        if call(enter(root(), command), env=environment):
            die(f"the modules do not build for {self.kernel} (log: {self.folder}/make.log)")

    def seed(self):
        """Begin with the objects of the newest build for this kernel, of another tree: a fresh clone of what was
        built before takes seconds, too."""
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

    def layer(self, driver):
        """Built, and as an artifact: a file system layer with the modules below updates/ and the indexes that
        depmod made of them and the kernel's own."""
        self.build()
        make = f"{LAB}/lib/make-layer.sh"
        with open(f"{self.folder}/source-key", encoding="utf-8") as file:
            source_key_ = file.read().strip()
        with open(make, encoding="utf-8") as file:
            text = file.read().rstrip("\n")
        place = ensure(f"mods-{self.kernel}{'' if driver == 'ours' else '-' + driver}",
                       key_of(source_key_, self.release, text, " ".join(self.layers) or root()), 1,
                       in_root("bash", make, f"{self.folder}/tree", self.release, driver, lower=self.layers))
        # Whoever has machines running does not hold up the next build.
        os.close(self.held)
        return place

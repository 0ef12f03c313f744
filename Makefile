# SPDX-License-Identifier: GPL-2.0-only
#
# make                    build the modules for the running kernel
# make KDIR=<dir>         build them for the kernel whose build tree or headers are there
# make modules_install    install them into updates/ of that kernel, which depmod prefers
# make tools_install      install programs, units, man pages and the OpenSSL provider below DESTDIR and
#                         PREFIX (/usr); TLS_PROVIDER=n leaves out the provider
# make clean              remove what was built
#
# make demo               start a pool, a hypervisor and a guest in virtual machines; the pool computes
#                         the guest's signatures (scripts/demo --help)
# make check              run the tests (scripts/check --help); make soak: all of them with full counts
# make bench-guest        compare the guest driver with the kernel's own
# make bench-device       compare vdpa_crypto with QEMU's lkcf backend
# make bench-fabric       compare CoF with NVMe/TCP and NVMe/RDMA
# make bench-nginx        compare HTTPS in a guest with and without the pool
#
# CONFIG_VDPA_CRYPTO=n leaves out vdpa_crypto, and so for the other modules (CONFIGS below).
# Documentation/development.rst has the details.

KDIR ?= /lib/modules/$(shell uname -r)/build
MO ?=
TOP := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))

autoconf = $(KDIR)/include/config/auto.conf
kernel-has = $(shell grep -qs '^CONFIG_$(1)=[ym]' $(autoconf) && echo y)

CONFIGS := \
	CONFIG_CRYPTO_ASYM_LIB=m \
	CONFIG_CRYPTO_ASYM_QOS=m \
	CONFIG_CRYPTO_ASYM_EXECUTOR=m \
	CONFIG_CRYPTO_ASYM_PROVIDER=m \
	CONFIG_CRYPTO_ECDSA_SIGN=m \
	CONFIG_CRYPTO_PKCS8_EC=m \
	CONFIG_CRYPTO_DEV_VIRTIO_ASYM=m \
	CONFIG_COF=m \
	CONFIG_COF_TCP=m \
	CONFIG_COF_RDMA=$(if $(call kernel-has,INFINIBAND_ADDR_TRANS),m) \
	CONFIG_COF_TARGET=m \
	CONFIG_COF_INITIATOR=m \
	CONFIG_VDPA_CRYPTO=m \
	CONFIG_ASYM_SIM=m \
	CONFIG_ASYM_BENCH=m \
	CONFIG_CIPHER_CHECK=m \
	CONFIG_VDPA_CRYPTO_FUZZ=m \
	CONFIG_TCP_PINGPONG=m \
	CONFIG_VIRTIO_CRYPTO_FAKE=m \
	CONFIG_ASYM_KUNIT_TEST=$(call kernel-has,KUNIT)

kbuild = $(MAKE) -C $(KDIR) M=$(TOP) $(CONFIGS)

.PHONY: all modules modules_install tools_install clean demo check soak bench-guest bench-device bench-fabric bench-nginx help
all: modules

modules:
	@test -e $(autoconf) || { \
	  echo "No kernel build tree at $(KDIR)." >&2; \
	  echo "Install its headers (Debian: apt install linux-headers-\$$(uname -r)) or give KDIR=<dir>." >&2; \
	  exit 1; }
	$(kbuild) modules

modules_install:
	$(kbuild) INSTALL_MOD_DIR=updates modules_install

PREFIX ?= /usr
tools_install:
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/sbin $(TOP)/tools/vdpa-crypto/vdpa-crypto-device
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man8 $(TOP)/tools/vdpa-crypto/vdpa-crypto-device.8
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)/etc/vdpa-crypto
	sed 's|/usr/sbin|$(PREFIX)/sbin|' $(TOP)/tools/vdpa-crypto/vdpa-crypto@.service \
		>$(DESTDIR)$(PREFIX)/lib/systemd/system/vdpa-crypto@.service
ifneq ($(TLS_PROVIDER),n)
	$(MAKE) -C $(TOP)/tools/openssl-lkcf PREFIX=$(PREFIX) install
endif

clean:
	$(kbuild) clean

demo check:
	$(TOP)/scripts/$@

soak:
	$(TOP)/scripts/check --soak

bench-guest bench-device bench-fabric bench-nginx:
	$(TOP)/scripts/bench $(@:bench-%=%)

help:
	@sed -n '3,19s/^# \{0,1\}//p' $(TOP)/Makefile

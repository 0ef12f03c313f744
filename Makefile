# SPDX-License-Identifier: GPL-2.0-only
#
# make                    modules for the running kernel
# make KDIR=<dir>         modules for the kernel built (or with headers) there
# make modules_install    into updates/ of that kernel, so that depmod prefers them
# make tools_install      programs, units and man pages, below DESTDIR and PREFIX (/usr); OpenSSL's
#                         provider lkcf among them (TLS_PROVIDER=n: without)
# make demo               a running chain of three machines, and signatures through it
# make check              every test; make soak: with full counts, some hours
# make bench-guest        our guest driver and the kernel's own, beside each other
# make bench-device       a guest's device: vdpa_crypto and QEMU's lkcf backend, beside each other
# make bench-fabric       what a fabric adds to an operation: ours, NVMe/TCP, TCP itself
# make bench-nginx        HTTPS of a guest with and without the pool, the whole chain
#
# CONFIG_VDPA_CRYPTO=n leaves vdpa_crypto out, the others likewise (CONFIGS below).
# Documentation/development.rst says more.

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
	@sed -n '3,17s/^# \{0,1\}//p' $(TOP)/Makefile

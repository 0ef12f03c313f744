# SPDX-License-Identifier: GPL-2.0-only
#
# What the Makefiles of the targets include once they have said what there is. In a kernel tree, where
# this folder is tools/testing/selftests/NAME, the kernel's lib.mk does the rest; elsewhere kselftest.mk.

CFLAGS ?= -O2 -g
CFLAGS += -Wall -Wextra -Werror -std=gnu11
ifneq ($(SANITIZE),)
CFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize-recover=undefined
endif

# A program whose libraries are not here is left out. Tests that run it are skipped then.
has-headers = $(shell $(CC) -fsyntax-only $(1:%=-include %) -x c /dev/null 2>/dev/null && echo y)
left-out = $(warning $(1): not built, for there is no $(2))
program = $(if $(call has-headers,$(2)),$(1),$(call left-out,$(1),$(2)))

TEST_GEN_FILES += $(if $(PROGRAMS_CRYPTO),$(call program,$(PROGRAMS_CRYPTO),keyutils.h openssl/evp.h)) \
	$(if $(PROGRAMS_RDMA),$(call program,$(PROGRAMS_RDMA),rdma/rdma_cma.h)) $(PROGRAMS)
TEST_INCLUDES += $(wildcard ../lib/*.sh ../lib/*.py ../lib/setup/*.sh)

include $(or $(wildcard ../../lib.mk),../lib/kselftest.mk)

# Tests start it some hundred times. Linked statically it starts in half of the time.
pkey-libs := -lkeyutils -lcrypto -lpthread
pkey-static := -static -Wl,--no-warnings $(pkey-libs) -lz -lzstd
can-link = $(shell echo 'int main(void) { return 0; }' | $(CC) -x c -o /dev/null - $(1) 2>/dev/null && echo '$(1)')

$(OUTPUT)/pkey_stress: ../asym/pkey_stress.c ../lib/clock.h
	$(CC) $(CFLAGS) -o $@ $< $(if $(SANITIZE),$(pkey-libs),$(or $(call can-link,$(pkey-static)),$(pkey-libs)))

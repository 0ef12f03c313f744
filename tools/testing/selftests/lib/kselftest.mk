# SPDX-License-Identifier: GPL-2.0-only
#
# For a target outside of a kernel tree: what the kernel's lib.mk offers, as far as these tests use it
# (Documentation/dev-tools/kselftest.rst there). OUTPUT is where programs go.

OUTPUT ?= $(CURDIR)
COLLECTION ?= $(notdir $(CURDIR))
TEST_GEN_FILES := $(addprefix $(OUTPUT)/,$(TEST_GEN_FILES))

all: $(TEST_GEN_FILES)

run_tests: all
	@KSFT_OUTPUT=$(abspath $(OUTPUT)) sh ../lib/run_kselftest.sh -d .. $(TEST_PROGS:%=$(COLLECTION):%)

install: all
	@test -n "$(INSTALL_PATH)" || { echo "INSTALL_PATH=<folder> is needed" >&2; exit 1; }
	mkdir -p $(INSTALL_PATH)
	cp -rp $(TEST_PROGS) $(TEST_PROGS_EXTENDED) $(TEST_FILES) $(TEST_GEN_FILES) settings config \
		$(INSTALL_PATH)/
	for file in $(TEST_INCLUDES:../%=%); do \
		mkdir -p $(OBJ_PATH)/$${file%/*} && cp -p ../$$file $(OBJ_PATH)/$$file || exit; \
	done

emit_tests:
	@printf '%s\n' $(TEST_PROGS:%=$(COLLECTION):%)

clean:
	rm -f $(TEST_GEN_FILES)

.PHONY: all run_tests install emit_tests clean

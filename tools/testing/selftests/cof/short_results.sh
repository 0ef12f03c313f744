#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Results of raw RSA that begin with zeros: right when a pool leaves these out, and a pool that has them
# wrong is not used. A pool that is only wrong with keys that our known-answer tests have not does no harm
# to the kernel's own tests of its algorithms.
#
# The machine is the lab's "loop"; the pools are its own pool0 through mitm.py, above all others
# by their priority.
#
# needs: topology loop, programs keyctl openssl python3, keys 2048
# check: mainline, uml
here=$(dirname "$0")
. "$here/../lib/tap.sh"
# The keys of this test are in a session keyring of its own.
[ "$OWN_SESSION" ] || OWN_SESSION=1 exec keyctl session - "$0"
tmp=$(mktemp -d) || exit 1
. "$here/../lib/pool.sh"
. "$here/../lib/raw.sh"
trap 'leave_pools short' EXIT

complaints() {
	dmesg | grep -cE 'alg: .*(test|vector).*failed|WARNING:'
}

make_raw "$KEY_DIR/2048.pem" || fatal "no key"
complained=$(complaints)
begin_mitm 4492

# short_ones TEXT: right, and computed by the pool
short_ones() {
	local before
	before=$(told strip)
	hops >"$tmp/a"
	raw_results "$1"
	hops >"$tmp/b"
	expect "$1: by the pool" "$(hop_delta "$tmp/a" "$tmp/b" class/cof-short.device)" -ge 5
	expect "$1: short ones" $(($(told strip) - before)) -ge 4
	expect "$1: failed" "$(hop_delta "$tmp/a" "$tmp/b" class/cof-short.failed)" -eq 0
}

# begin TEXT [ATTRIBUTE=VALUE]: with its algorithms
begin() {
	begin_pool short 4492 9000 "${@:2}"
	within 60 registered cof-short-rsa
	verdict $? "$1: the path is '$(cat $pools/short/paths/1/state)', the algorithms are there"
}

text="an honest pool"
begin "$text"
raw_results "$text"
fate strip
short_ones "a pool that begins to leave zeros out"
# Known-answer tests alone: the kernel's own are over when the algorithms are there.
put 0 $pools/short/paths/1/enable
fate learn
put 1 $pools/short/paths/1/enable
within 60 path_is short live
verdict $? "known-answer tests: the path is '$(cat $pools/short/paths/1/state)'"
end_pool short

text="a pool that leaves zeros out"
fate strip
begin "$text"
short_ones "$text"
end_pool short

# public_ops=remote: it is asked more then.
text="a pool that is wrong with all keys but those of known-answer tests"
fate strangers
begin "$text" public_ops=remote
check "$text: passed by the kernel" within 20 sh -c \
	'! grep -A8 "^driver *: cof-short-" /proc/crypto | grep -q "^selftest *: *\(unknown\|failed\)"'
put local $pools/short/public_ops
before=$(told wrong)
raw_results "$text"
expect "$text: wrong ones" $(($(told wrong) - before)) -ge 1
end_pool short

text="a pool that has results with zeros in front wrong"
fate shift
begin_pool short 4492 9000
within 60 path_is short "failed: wrong answers"
verdict $? "$text: the path is '$(cat $pools/short/paths/1/state)'"
check "$text: it has no algorithms" test -z "$(grep '^driver *: cof-short-' /proc/crypto)"
raw_results "$text"
end_pool short

expect "the kernel complained of an algorithm" $(($(complaints) - complained)) -eq 0
check_selftests
tap_end

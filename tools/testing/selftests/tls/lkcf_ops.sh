#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Private operations through OpenSSL's provider lkcf (lkcf_ops): each result as the default provider
# has it, or verified by it; by many threads, by forked processes, with keys that go away, and by
# jobs of which one thread keeps many in flight. What the kernel computed is counted. Nobody but the
# programs that have a key can use it, and they leave some of the user's quota (lkcf_keys).
#
# COUNT    operations (default 200; 10000 with COF_SOAK=1)
# SECS     of threads (3; 60); THREADS (8; 64)
# JOBS     operations of jobs (80; 5000)
# MODES    which of: ops threads forks remove async strangers quota advice
#
# needs: topology loop, programs lkcf_ops lkcf_keys openssl, keys 2048 3072 4096 p256 p384 p521
# check: mainline
here=$(dirname "$0")
. "$here/../lib/tap.sh"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
. "$here/../lib/lkcf.sh"

case ${COF_SOAK:-} in
'' | 0) COUNT=${COUNT:-200} SECS=${SECS:-3} THREADS=${THREADS:-8} JOBS=${JOBS:-80} FAMILIES=2 ;;
*) COUNT=${COUNT:-10000} SECS=${SECS:-60} THREADS=${THREADS:-64} JOBS=${JOBS:-5000} FAMILIES=50 ;;
esac
MODES=${MODES:-ops threads forks remove async strangers quota advice}
all="2048 3072 4096 p256 p384 p521"

# run TEXT KEYS ARGUMENT...: a mode of lkcf_ops; its counters are in $tmp/before and after
run() {
	_what=$1
	_keys=
	for _key in $2; do _keys="$_keys -k $KEY_DIR/$_key.pem"; done
	shift 2
	counters "$tmp/before"
	hops >"$tmp/hops-before"
	# shellcheck disable=SC2086 # words
	kept lkcf_ops -c "$OPENSSL_CONF" $_keys "$@" >"$tmp/out" 2>&1
	_rc=$?
	sed 's/^/# /' "$tmp/out"
	verdict $_rc "$_what: as the default provider has it"
	counters "$tmp/after"
	hops >"$tmp/hops-after"
	expect "$_what: the kernel computed" "$(in_kernel)" -gt 0
	# What it computed came by its device: at least as many, for it verifies, too.
	expect "$_what: its accelerator computed" \
		"$(hop_delta "$tmp/hops-before" "$tmp/hops-after" class/virtio.device)" -ge "$(in_kernel)"
	expect "$_what: the kernel's software computed" \
		"$(hop_delta "$tmp/hops-before" "$tmp/hops-after" class/virtio.software)" -eq 0
	expect "$_what: failed in the kernel for good" "$(counted keys_refused)" -eq 0
	check "$_what: no key is left in the kernel" keys_are 0
}

for mode in $MODES; do
	case $mode in
	ops)
		run "$COUNT operations" "$all" -n "$COUNT"
		expect "$COUNT operations: by the kernel" "$(in_kernel)" -gt $((COUNT * 3 / 4))
		no_fallback "$COUNT operations" ;;
	threads)
		run "$THREADS threads, $SECS s" "2048 p256 p384" -m threads -t "$THREADS" -s "$SECS"
		expect "threads: keys added" "$(counted keys_added)" -ge 3
		no_fallback threads ;;
	forks)
		run "$FAMILIES families of processes" "2048" -m forks -n "$FAMILIES"
		no_fallback forks ;;
	remove)
		run "keys are removed" "2048 p256" -m remove -t 4 -s "$SECS"
		expect "keys are removed: added again" "$(counted keys_again)" -gt 2 ;;
	async)
		run "jobs" "2048 4096 p256" -m async -n "$JOBS"
		expect "jobs: in flight at most" \
			"$(sed -n 's/.*most_in_flight=\([0-9]*\).*/\1/p' "$tmp/out")" -gt 1
		no_fallback jobs ;;
	strangers | quota)
		# As a user that reads neither root's folders nor writes there.
		modules=$(mktemp -d)
		cp "$OPENSSL_MODULES/lkcf.so" "$(command -v lkcf_keys)" "$modules"
		chmod -R a+rX "$modules" "$tmp"
		OPENSSL_MODULES=$modules "$modules/lkcf_keys" "$mode" "$KEY_DIR/2048.pem" \
			>"$tmp/out" 2>&1
		rc=$?
		grep '^lkcf_keys' "$tmp/out" | sed 's/^/# /'
		rm -rf "$modules"
		case $mode in
		strangers) verdict $rc "nobody but its possessors can use a key" ;;
		quota) verdict $rc "230 children of a user leave keys to its other programs" ;;
		esac
		check "$mode: no key is left in the kernel" keys_are 0 ;;
	advice)
		# Without the parser, on a kernel that has its own one as a module, and built in
		rmmod pkcs8_key_parser || fatal "rmmod pkcs8_key_parser"
		printf x >"$tmp/text"
		for built_in in 0 1; do
			unshare -m sh -c 'mount -t tmpfs lkcf /lib/modules && mkdir "/lib/modules/$(uname -r)" &&
				{ [ "$1" = 0 ] || echo kernel/crypto/asymmetric_keys/pkcs8_key_parser.ko; } \
				>"/lib/modules/$(uname -r)/modules.builtin" &&
				exec openssl dgst -sha256 -sign "$3" -out "$2.sig" "$2"' \
				sh $built_in "$tmp/text" "$KEY_DIR/p256.pem" >"$tmp/advice$built_in" 2>&1
			verdict $? "without the parser software computes"
		done
		modprobe pkcs8_key_parser || fatal "modprobe pkcs8_key_parser"
		check "without the parser: the advice is to load it" \
			grep -q 'modprobe pkcs8_key_parser' "$tmp/advice0"
		check "with the kernel's built in: the advice is another one" \
			grep -q 'is built in.*algorithms = rsa' "$tmp/advice1" ;;
	esac
done
tap_end

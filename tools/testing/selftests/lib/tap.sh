# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# TAP for the shell tests, and the counters of every hop.
#
# A test sources this file, calls check() or verdict() for each fact, and ends
# with tap_end. Its head says what it needs, in lines that needs.sh reads: where the lab has not set the
# machine up, that does, or says why the test is skipped, and runs the test again.
# shellcheck disable=SC2154	# of the test: here
if [ -z "${KSFT_READY:-}" ] && { [ -z "${TOPOLOGY+set}" ] || [ "${NO_SETUP:-}" ]; } &&
	grep -q '^# needs: ' "$0"; then
	exec sh "$here/../lib/needs.sh" "$0" "$@"
fi

# Keys made for this run: BITS.pem, p256.pem, ...
KEY_DIR=${KEY_DIR:-/run/lab/keys}

# The fabric that tests of CoF use, and this machine's addresses there (loop): lab/run --transport.
# shellcheck disable=SC2034
cof_transport=${COF_TRANSPORT:-tcp} cof_addr=${COF_ADDR:-127.0.0.1} cof_addr6=${COF_ADDR6:-::1}
# Clear text needs it where the address is not a loopback one.
# shellcheck disable=SC2034
case $cof_addr in
127.*) cof_insecure=0 ;;
*) cof_insecure=1 ;;
esac

tap_nr=0
tap_bad=0

# verdict STATUS TEXT...: one TAP line
verdict() {
	_status=$1
	shift
	tap_nr=$((tap_nr + 1))
	if [ "$_status" -eq 0 ]; then
		echo "ok $tap_nr $*"
	else
		tap_bad=$((tap_bad + 1))
		echo "not ok $tap_nr $*"
	fi
}

# check TEXT COMMAND...: ok if the command succeeds; its output as comments
check() {
	_text=$1
	shift
	_out=$("$@" 2>&1)
	_rc=$?
	[ -z "$_out" ] || printf '%s\n' "$_out" | sed 's/^/# /'
	verdict $_rc "$_text"
	return $_rc
}

# expect TEXT ACTUAL OP WANTED: compare two integers (-eq, -ge, ...)
expect() {
	# shellcheck disable=SC1073
	if [ "${2:-none}" "$3" "$4" ] 2>/dev/null; then
		verdict 0 "$1: ${2} ($3 $4)"
	else
		verdict 1 "$1: ${2:-none}, wanted $3 $4"
	fi
}

tap_end() {
	echo "1..$tap_nr"
	[ "$tap_nr" -gt 0 ] && [ "$tap_bad" -eq 0 ]
	exit $?
}

# skip TEXT: this cannot be tested here
skip() {
	echo "1..0 # SKIP $*"
	exit 4
}

note() {
	echo "# $*"
}

# fatal TEXT: the test cannot go on; that is a failure
fatal() {
	verdict 1 "$*"
	tap_end
}

# hops: every counter this node has, as 'hop.name value' lines
#   class/<class>         asym_provider      device, software, sw_*, ...
#   vdpa/<device>         vdpa_crypto
#   pool/<pool>           cof_target
#   exec/<executor>       asym_executor
#   virtio/<device>       virtio_crypto
hops() {
	# One process: starting one for each of a hundred files takes an emulated machine seconds.
	set -- /sys/kernel/debug/asym/*/stats /sys/kernel/debug/virtio_crypto/*/stats \
		/sys/kernel/debug/asym_executor/* /sys/kernel/config/vdpa_crypto/*/stats/* \
		/sys/kernel/config/cof_target/pools/*/stats/*
	for _f; do
		shift
		[ ! -f "$_f" ] || set -- "$@" "$_f"
	done
	[ $# -eq 0 ] || awk '
		FNR == 1 {
			n = split(FILENAME, part, "/")
			value = ""
			if (part[5] == "asym")
				prefix = "class/" part[6]
			else if (part[5] == "virtio_crypto")
				prefix = "virtio/" part[6]
			else if (part[5] == "asym_executor")
				prefix = "exec/" part[6]
			else if (part[5] == "vdpa_crypto")
				value = "vdpa/" part[6] "." part[n]
			else
				value = "pool/" part[7] "." part[n]
			if (value != "")
				print value, $1
		}
		value == "" && NF == 2 { print prefix "." $1, $2 }' "$@"
}

# hop FILE NAME: the counter NAME in a snapshot made by hops, 0 if absent
hop() {
	awk -v n="$2" '$1 == n { v = $2 } END { print v + 0 }' "$1"
}

# hop_delta BEFORE AFTER NAME
hop_delta() {
	awk -v n="$3" '$1 == n { v[FILENAME] = $2 } END { print v[ARGV[2]] - v[ARGV[1]] }' "$1" "$2"
}

# delta NAME: how much a counter rose from the snapshot $tmp/before to $tmp/after
# shellcheck disable=SC2154	# of the test: tmp
delta() {
	hop_delta "$tmp/before" "$tmp/after" "$1"
}

# path_counters PATH: of a path of the initiator (pool0-1, ...), as 'name value' lines
path_counters() {
	grep -r . "/sys/class/cof/$1/" 2>/dev/null | sed "s/.*cof\/$1\///; s/:/ /"
}

# public_ops: where virtio_crypto has operations with a public key computed, local or remote
public_ops() {
	cat /sys/module/virtio_crypto/parameters/public_ops
}

# check_selftests: no algorithm of this kernel failed its self test
check_selftests() {
	check "no algorithm failed its self test" sh -c \
		'! grep -B6 "^selftest *: *\(unknown\|failed\)" /proc/crypto | grep "^driver"'
}

# check_drivers REGEX...: these are in /proc/crypto and passed theirs
check_drivers() {
	for _driver; do
		check "$_driver is registered and passed" sh -c \
			"sed -nE '/^driver *: $_driver\$/,/^\$/p' /proc/crypto | grep -q '^selftest *: passed'"
	done
}

# key WHAT: pkey_stress's argument for a key, made by openssl for this run: bits of an RSA key, or
# p192, p256, p384, p521
key() {
	if [ -e "$KEY_DIR/$1.pem" ]; then
		echo "-k $KEY_DIR/$1.pem"
	else
		echo "-g $1"
	fi
}

# log_lines TEXT: how many lines of the kernel's log have it (a fixed string)
log_lines() {
	dmesg | grep -cF -- "$1"
}

# now_ms: the monotonic clock
now_ms() {
	awk '{ print int($1 * 1000) }' /proc/uptime
}

# bridge FILE connect|listen LISTEN TO: rdma_bridge in the background, until somebody kills $bridges
bridges=
bridge() {
	modprobe -a ib_uverbs rdma_ucm || return 1
	rm -f "$1"
	"${RDMA_BRIDGE:-rdma_bridge}" "$2" "$3" "$4" >"$1" 2>&1 &
	bridges="$bridges $!"
	within 10 grep -qs listening "$1"
}

# has_kmemleak: it watches this kernel
has_kmemleak() {
	[ -e /sys/kernel/debug/kmemleak ] && ! grep -q 'kmemleak=off' /proc/cmdline
}

# no_leaks [begin]: no memory was lost since 'begin'
no_leaks() {
	# What the kernel itself lost while it booted: who looks at the log looks away in between (klog.py).
	[ "${1:-}" != begin ] || echo "lab: kmemleak begins" >/dev/kmsg
	sleep 6 # younger objects do not count
	echo scan >/sys/kernel/debug/kmemleak
	echo scan >/sys/kernel/debug/kmemleak
	if [ "${1:-}" = begin ]; then
		echo clear >/sys/kernel/debug/kmemleak
		echo "lab: kmemleak has begun" >/dev/kmsg
		return
	fi
	_leaks=$(cat /sys/kernel/debug/kmemleak)
	[ -z "$_leaks" ] || { echo "$_leaks"; return 1; }
}

# within SECONDS COMMAND...: until it succeeds
within() {
	_until=$(($(now_ms) + $1 * 1000))
	shift
	until "$@"; do
		[ "$(now_ms)" -lt "$_until" ] || return 1
		sleep 0.1
	done
}

# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# TAP for the shell tests, and the counters of every hop.
#
# A test sources this file, calls check() or verdict() for each fact, and ends
# with tap_end. Nothing here skips.

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
	for _f in /sys/kernel/debug/asym/*/stats; do
		[ -e "$_f" ] || continue
		_d=${_f%/stats}
		awk -v p="class/${_d##*/}" 'NF == 2 { print p "." $1, $2 }' "$_f"
	done
	for _f in /sys/kernel/debug/virtio_crypto/*/stats; do
		[ -e "$_f" ] || continue
		_d=${_f%/stats}
		awk -v p="virtio/${_d##*/}" 'NF == 2 { print p "." $1, $2 }' "$_f"
	done
	for _f in /sys/kernel/debug/asym_executor/*; do
		[ -f "$_f" ] || continue
		awk -v p="exec/${_f##*/}" 'NF == 2 { print p "." $1, $2 }' "$_f"
	done
	for _f in /sys/kernel/config/vdpa_crypto/*/stats/*; do
		[ -f "$_f" ] || continue
		_d=${_f%/stats/*}
		echo "vdpa/${_d##*/}.${_f##*/} $(cat "$_f" 2>/dev/null)"
	done
	for _f in /sys/kernel/config/cof_target/pools/*/stats/*; do
		[ -f "$_f" ] || continue
		_d=${_f%/stats/*}
		echo "pool/${_d##*/}.${_f##*/} $(cat "$_f" 2>/dev/null)"
	done
}

# hop FILE NAME: the counter NAME in a snapshot made by hops, 0 if absent
hop() {
	awk -v n="$2" '$1 == n { v = $2 } END { print v + 0 }' "$1"
}

# hop_delta BEFORE AFTER NAME
hop_delta() {
	echo $(($(hop "$2" "$3") - $(hop "$1" "$3")))
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

# log_lines TEXT: how many lines of the kernel's log have it (a fixed string)
log_lines() {
	dmesg | grep -cF -- "$1"
}

# now_ms: the monotonic clock
now_ms() {
	awk '{ print int($1 * 1000) }' /proc/uptime
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

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Wrong configuration is refused with the right errno and one line in the log
# that names the attribute and the reason.
here=$(dirname "$0")
. "$here/../lib/tap.sh"

target=/sys/kernel/config/cof_target
initiator=/sys/kernel/config/cof_initiator
modprobe -a cof_target cof_initiator cof_tcp || fatal "modules do not load"
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config

# refuse TEXT FILE VALUE ERRNO LOG: the write fails so, and logs exactly one line with LOG in it
refuse() {
	_before=$(dmesg | grep -cE -- "$5")
	_said=$(LC_ALL=C sh -c 'printf "%s\n" "$1" >"$2"' sh "$3" "$2" 2>&1)
	_rc=$?
	case "$_rc:$_said" in
	0:*) verdict 1 "$1: the write was accepted"; return ;;
	*"$4"*) verdict 0 "$1: $4" ;;
	*) verdict 1 "$1: '$_said', wanted '$4'" ;;
	esac
	expect "$1: log lines that match '$5'" $(($(dmesg | grep -cE -- "$5") - _before)) -eq 1
}

# eventually SECONDS COMMAND...
eventually() {
	_end=$(($(date +%s) + $1))
	shift
	until "$@"; do
		[ "$(date +%s)" -lt $_end ] || return 1
		sleep 0.2
	done
}

# ---- the target -------------------------------------------------------------
mkdir $target/ports/90 $target/pools/wrong $target/hosts/known
refuse "port without address" $target/ports/90/enable 1 "Invalid argument" \
	"cof_target: port 90: .*traddr"
refuse "unknown transport" $target/ports/90/transport pigeon "Invalid argument|No such file" \
	"cof_target: port 90: .*transport.*pigeon" 
refuse "pool without algorithms" $target/pools/wrong/enable 1 "Invalid argument" \
	"cof_target: pool wrong: .*algorithms"
refuse "unknown algorithm" $target/pools/wrong/algorithms rot13 "Invalid argument" \
	"cof_target: pool wrong: .*algorithms.*rot13"
echo rsa >$target/pools/wrong/algorithms
# Drivers may be named before their module is loaded; the check is when it matters.
if ! LC_ALL=C sh -c "echo no-such-rsa >$target/pools/wrong/drivers" 2>/dev/null; then
	refuse "unknown driver" $target/pools/wrong/drivers no-such-rsa "No such file" \
		"cof_target: pool wrong: .*driver.*no-such-rsa"
else
	refuse "unknown driver" $target/pools/wrong/enable 1 "No such file" \
		"cof_target: pool wrong: .*driver.*no-such-rsa"
fi

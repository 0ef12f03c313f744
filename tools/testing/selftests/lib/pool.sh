# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2154	# of the test: here, tmp
# More pools of the initiator, each with one path to this machine's own target, or to a peer in front of
# it. After tap.sh; the test has made its folder $tmp and ends with leave_pools.
pools=/sys/kernel/config/cof_initiator
mitm=

# put VALUE FILE
put() {
	echo "$1" >"$2" || fatal "cannot write '$1' to $2"
}

path_is() { # POOL STATE
	[ "$(cat $pools/"$1"/paths/1/state)" = "$2" ]
}

registered() { # DRIVER
	grep -qs "^driver *: $1\$" /proc/crypto
}

# tested PREFIX: all its drivers are there, and the kernel's self tests of them are over
tested() {
	# The one that is registered last
	registered "$1-pkcs1-rsa-sha512" && ! awk -v prefix="^driver *: $1-" '
		$0 ~ prefix { ours = 1 }
		/^$/ { ours = 0 }
		ours && /^selftest *: unknown/ { untested = 1 }
		END { exit !untested }' /proc/crypto
}

# begin_pool NAME PORT PRIORITY [ATTRIBUTE=VALUE]...
begin_pool() {
	local name=$1 port=$2 priority=$3 attr
	shift 3
	mkdir $pools/"$name" $pools/"$name"/paths/1 || fatal "cannot make the pool $name"
	for attr in pool=pool0 "hostid=$(cat $pools/pool0/hostid)" insecure=$cof_insecure \
		priority="$priority" "$@" paths/1/transport="$cof_transport" paths/1/traddr="$cof_addr" \
		paths/1/trsvcid="$port" paths/1/enable=1 enable=1; do
		put "${attr#*=}" $pools/"$name/${attr%%=*}"
	done
}

# end_pool NAME: and its algorithms, so that the next of that name has its own
end_pool() {
	[ -d $pools/"$1" ] || return 0
	rmdir $pools/"$1"/paths/1 $pools/"$1"
	within 20 eval "! grep -q '^driver *: cof-$1-' /proc/crypto" || note "algorithms of $1 are left"
}

# begin_mitm PORT: cof/mitm.py, an honest one until fate() says otherwise
begin_mitm() {
	fate nothing
	rm -f "$tmp/mitm"
	PYTHONDONTWRITEBYTECODE=1 python3 "$here/../cof/mitm.py" "$1" 4430 "$tmp/control" >"$tmp/mitm" 2>&1 &
	mitm=$!
	check "a peer in front of the target" within 60 grep -qs listening "$tmp/mitm"
}

fate() { # WHAT
	echo "$1" >"$tmp/new"
	mv "$tmp/new" "$tmp/control"
}

# told REGEX: operations that it answered so, or did not
told() {
	grep -cE "$1" "$tmp/mitm"
}

leave_pools() { # NAME...
	local name
	[ ! -e "$tmp/control" ] || fate nothing
	for name; do
		end_pool "$name"
	done
	[ -z "$mitm" ] || kill "$mitm" 2>/dev/null
	rm -rf "$tmp"
}

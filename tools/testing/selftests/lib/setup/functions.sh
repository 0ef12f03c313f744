# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What the setup files share: steps that say which one failed, and why.

# shellcheck disable=SC2034 # of the files beside it
CONFIG=/sys/kernel/config

# fail TEXT - with what the kernel said last: refused attributes explain themselves there.
fail()
{
	echo "setup of $NODE: $*"
	echo "the kernel's last lines:"
	dmesg | tail -n 8
	exit 1
}

load() # MODULE [PARAMETER]...
{
	/sbin/modprobe "$@" || fail "cannot load the module $1"
}

make_dir()
{
	mkdir "$1" || fail "cannot make $1"
}

link()
{
	ln -s "$1" "$2" || fail "cannot link $2 to $1"
}

# set_attr FILE VALUE
set_attr()
{
	[ -e "$1" ] || fail "there is no attribute $1"
	echo "$2" >"$1" || fail "cannot write '$2' to $1"
}

# wait_for SECONDS WHAT COMMAND...
wait_for()
{
	tries=$(($1 * 10)) what=$2
	shift 2
	until "$@"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || fail "waited in vain for $what"
		sleep 0.1
	done
}

driver_is_there() { grep -qsE "^driver *: $1\$" /proc/crypto; }

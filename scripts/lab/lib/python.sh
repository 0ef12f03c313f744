# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# need_python: python3 is there, or is installed, or how is said
need_python() {
	command -v python3 >/dev/null && return
	if command -v apt-get >/dev/null; then
		echo "${0##*/}: python3 is missing: installing it" >&2
		root=
		[ "$(id -u)" -eq 0 ] || root=sudo
		{ $root apt-get -qq update && DEBIAN_FRONTEND=noninteractive $root apt-get -qq -y install python3; } >/dev/null
	fi
	command -v python3 >/dev/null || { echo "${0##*/}: python3 is missing; Debian: apt install python3" >&2; exit 97; }
}

# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Artifact "wireshark": tshark and what it needs, as a layer above the root. Apart from the root, so
# that no machine boots with it and nothing is built anew because of it.

# need_wireshark - sets WIRESHARK: a folder for IN_ROOT_LOWER.
need_wireshark()
{
	ensure wireshark "$(key_of "$(readlink -f "$ROOT")" "$LAB/artifact/wireshark.sh")" 1 \
		build_wireshark
	WIRESHARK=$ARTIFACT/layer
}

# The packages are unpacked, not installed: tshark needs no set-up, and a package's scripts do.
build_wireshark()
{
	in_root sh -euxc '
		get() { apt-get install -y --no-install-recommends --download-only tshark; }
		apt-get clean
		get || { apt-get update; get; }
		mkdir "$1/layer"
		for package in /var/cache/apt/archives/*.deb; do
			dpkg-deb -x "$package" "$1/layer"
		done
		rm -rf "$1/layer/usr/share/doc" "$1/layer/usr/share/man" "$1/layer/usr/share/icons"' \
		sh "$1"
}

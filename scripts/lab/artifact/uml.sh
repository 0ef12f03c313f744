# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Artifacts "uml-stable" and "uml-mainline": user-mode kernels with the sanitizers on. The folder
# holds linux, release, build (for make KDIR=… ARCH=um) and layer (its own modules).

# need_uml stable|mainline - sets UML and UML_RELEASE.
need_uml()
{
	need_source "$1"
	UML_KERNEL=$1
	ensure "uml-$1" "$(key_of "$(source_key "$1")" "$LAB/artifact/uml.sh" \
		"$LAB/lib/make-uml.sh" "$LAB/config/uml.config" "$LAB/config/uml-$1.config")" \
		6 build_uml
	UML=$ARTIFACT
	UML_RELEASE=$(cat "$UML/release")
}

# The build folder must be built at the path where it stays: kbuild writes it down.
build_uml()
{
	mkdir -p "$2"
	enter "$ROOT" --bind "$COF_LAB_CACHE" --bind "$TREE" --bind-as "$1" "$2" --cwd / -- \
		nice -n 10 bash "$LAB/lib/make-uml.sh" "$SOURCE" "$2" \
		"$LAB/config/uml.config" "$LAB/config/uml-$UML_KERNEL.config"
	rmdir "$2"
}

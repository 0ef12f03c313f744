# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Our modules. A build folder per tree and kernel is kept below <cache>/build, so that building
# again takes seconds; the tree itself is only read. What machines boot with is the artifact
# "mods-<kernel>": a file system layer that holds the modules below updates/ and the indexes that
# depmod made of them and the kernel's own.

# kernel_info KERNEL - sets RELEASE, KDIR, KERNEL_ARGS (for make) and BASE_LAYERS (what holds the
# kernel's own modules when the root does not).
kernel_info()
{
	KERNEL_ARGS=()
	BASE_LAYERS=()
	case $1 in
	stable) RELEASE=$STABLE ;;
	mainline) RELEASE=$MAINLINE ;;
	uml)
		need_uml stable ;;
	uml-mainline)
		need_uml mainline ;;
	*)
		usage_error "unknown kernel '$1': stable, mainline, uml or uml-mainline" ;;
	esac
	case $1 in
	uml*)
		RELEASE=$UML_RELEASE
		KDIR=$UML/build
		KERNEL_ARGS=(ARCH=um)
		BASE_LAYERS=("$UML/layer") ;;
	*)
		KDIR=/lib/modules/$RELEASE/build ;;
	esac
}

# make_modules KERNEL WARN VARIABLE=VALUE... - build from the work tree as it is now. Sets BUILD
# (the build folder, locked by us) and SOURCE_KEY (of what was built).
make_modules()
{
	local kernel=$1 warn=$2 status=0
	shift 2
	[ -z "${COF_LAB_CONFIGS:-}" ] || set -- "CONFIGS=$COF_LAB_CONFIGS" "$@"
	BUILD=$COF_LAB_CACHE/build/${COF_LAB_BUILD_TAG:-$(key_of "$TREE")}-$kernel
	if $warn; then BUILD=$BUILD-warn; fi
	mkdir -p "$BUILD" "$COF_LAB_CACHE/log"
	exec {BUILD_LOCK}>>"$BUILD/lock"
	if ! flock -n "$BUILD_LOCK"; then
		say "another build in $BUILD is running, waiting"
		flock "$BUILD_LOCK"
	fi
	[ -d "$BUILD/tree" ] || seed_build "$BUILD" "${BUILD##*-"$kernel"}"
	in_root bash "$LAB/lib/make-modules.sh" "$TREE" "$BUILD" "$warn" "$KDIR" \
		"${KERNEL_ARGS[@]}" "$@" || status=$?
	[ "$status" -eq 0 ] || die "the modules do not build for $kernel (log: $BUILD/make.log)"
	SOURCE_KEY=$(cat "$BUILD/source-key")
}

# seed_build BUILD SUFFIX - begin a build folder with the objects of the newest one for this kernel, of
# another tree: a fresh clone of what was built before takes seconds, too.
seed_build()
{
	local other others lock
	mapfile -t others < <(ls -1dt "$COF_LAB_CACHE/build/"*"-$kernel$2"/state 2>/dev/null)
	for other in ${others[@]+"${others[@]%/state}"}; do
		[[ $1 = *-uml-mainline* || $other != *-uml-mainline* ]] || continue
		exec {lock}<"$other/lock"
		if flock -n "$lock" && [ -e "$other/state" ]; then
			rm -rf "$1/tree.new"
			cp -a --reflink=auto "$other/tree" "$1/tree.new"
			mv "$1/tree.new" "$1/tree"
			cp "$other/state" "$1/state"
			exec {lock}<&-
			return
		fi
		exec {lock}<&-
	done
	mkdir -p "$1/tree"
}

# need_modules KERNEL DRIVER - sets MODULES: the layer with our modules and RELEASE's indexes.
need_modules()
{
	MODULES_DRIVER=$2
	make_modules "$1" false
	ensure "mods-$1$([ "$2" = ours ] || echo "-$2")" \
		"$(key_of "$SOURCE_KEY" "$RELEASE" "$(cat "$LAB/lib/make-layer.sh")" \
			"${BASE_LAYERS[*]:-$ROOT}")" 1 build_layer
	MODULES=$ARTIFACT
	# Whoever has machines running does not hold up the next build.
	exec {BUILD_LOCK}>&-
}

build_layer()
{
	IN_ROOT_LOWER=(${BASE_LAYERS[@]+"${BASE_LAYERS[@]}"})
	in_root bash "$LAB/lib/make-layer.sh" "$BUILD/tree" "$RELEASE" "$MODULES_DRIVER" "$1"
}

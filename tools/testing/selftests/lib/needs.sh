#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# needs.sh TEST [ARGUMENT]...: run a test on a machine that the lab has not set up. What the test needs is
# in its head, in lines '# needs: CLAUSE[, CLAUSE]...':
#
#   root
#   topology NAME...    one of these of the lab's (scripts/lab/README.rst). "loop" is set up here,
#                       and taken down again; the others are more than one machine, or a guest
#   transport NAME...   of the fabric in it: tcp (default), rdma or mixed
#   targets N           machines with a pool, where it is not one
#   processors N
#   queues N            data queues of the device that a guest has (default: the device's own choice)
#   modules NAME...     loadable
#   programs NAME...    on the PATH, or of these tests
#   keys NAME...        RSA keys (bits) or ECDSA keys (p256, ...), in $KEY_DIR
#   kunit               a kernel with KUnit
#   disposable          nothing else may use the machine afterwards (KSFT_DISPOSABLE=1: it may be lost)
#   bare                nothing of ours is loaded or configured before
#   beside NODE=SCRIPT...   what runs in the other machines of the topology ('+': a blank)
#   lab SETTING...      what only the lab can do: options of scripts/lab/run, variables for it, or words
#
# Which kernels of the lab a test runs on says its '# check:' (scripts/checks/heads.py).
# Where something is missing the test is skipped: exit status 4, and the reason. What was loaded is
# unloaded at the end.
lib=$(cd "$(dirname "$0")" && pwd -P)
test=$1
work=
child=
public_ops=/sys/module/virtio_crypto/parameters/public_ops

skip()
{
	echo "1..0 # SKIP $*"
	exit 4
}

# ---- what there is --------------------------------------------------------------------------------

is_loadable() { [ -d "/sys/module/$1" ] || modprobe -n -q "$1" 2>/dev/null; }

need_modules()
{
	command -v modprobe >/dev/null || skip "there is no modprobe"
	for name; do
		is_loadable "$name" || skip "no module $name for $(uname -r)"
	done
}

need_programs()
{
	for name; do
		command -v "$name" >/dev/null || skip "no program $name"
	done
}

need_root()
{
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	privileged=1
}

need_number() # WHAT WANTED HAS
{
	[ "$3" -ge "$2" ] || skip "needs $2 $1, there are $3"
}

# need_topology NAME...: another one than the loop has to be there
need_topology()
{
	for name; do
		[ "$name" != "${TOPOLOGY:-none}" ] || [ "$name" = loop ] || return 0
		[ "$name" != loop ] || { loop=1; return 0; }
	done
	case $1 in
	guest) skip "needs a guest whose device is QEMU's own (the lab's topology guest)" ;;
	*) skip "needs a second machine (the lab's topology $1)" ;;
	esac
}

need_transport()
{
	for name; do
		[ "$name" != "$transport" ] || return 0
	done
	transport=$1
}

key_file()
{
	[ ! -e "$KEY_DIR/$1.pem" ] || return 0
	case $1 in
	p192) openssl ecparam -name prime192v1 -genkey -noout -out "$KEY_DIR/$1.pem" ;;
	p*) openssl genpkey -quiet -algorithm EC -pkeyopt "ec_paramgen_curve:P-${1#p}" -out "$KEY_DIR/$1.pem" ;;
	*) openssl genrsa -out "$KEY_DIR/$1.pem" "$1" 2>/dev/null ;;
	esac || { echo "not ok 1 openssl cannot make the key $1"; exit 1; }
}

# need CLAUSE
need()
{
	what=$1
	shift
	case $what in
	root) need_root ;;
	topology) need_topology "$@" ;;
	transport) need_transport "$@" ;;
	targets) skip "needs $1 targets, which only the lab has" ;;
	processors) need_number processors "$1" "$(nproc)" ;;
	queues) queues=$1 ;;
	modules) need_modules "$@" ;;
	programs) need_programs "$@" ;;
	keys)
		need_programs openssl
		keys="$keys $*" ;;
	kunit)
		need_root
		is_loadable kunit || skip "this kernel has no KUnit"
		! grep -qsx N /sys/module/kunit/parameters/enable || skip "KUnit is off (kunit.enable=0)" ;;
	disposable) [ "${KSFT_DISPOSABLE:-}" ] || skip "leaves the machine changed (KSFT_DISPOSABLE=1)" ;;
	bare) [ ! -d /sys/module/virtio_crypto ] || skip "virtio_crypto is loaded" ;;
	beside) skip "needs more machines: $*" ;;
	lab) skip "needs the lab: $*" ;;
	*) echo "not ok 1 $test: '# needs: $what' has no meaning"; exit 1 ;;
	esac
}

# ---- the loop -------------------------------------------------------------------------------------

need_loop()
{
	need_root
	need_modules cof_target cof_initiator vdpa_crypto virtio_vdpa virtio_crypto pkcs8_key_parser
	case $transport in
	tcp) need_modules cof_tcp ;;
	*)
		need_modules cof_tcp cof_rdma rdma_rxe dummy
		need_programs rdma ip ;;
	esac
	if [ -d /sys/module/virtio_crypto ]; then
		[ -e $public_ops ]
	else
		modinfo -F parm virtio_crypto | grep -q ^public_ops:
	fi || skip "virtio_crypto is the kernel's own"
	for used in /sys/bus/virtio/drivers/virtio_crypto/virtio* /sys/kernel/config/cof_initiator/pool0 \
		/sys/kernel/config/cof_target/pools/pool0 /sys/kernel/config/vdpa_crypto/crypto0; do
		[ ! -e "$used" ] || skip "this machine is in use: $used"
	done
}

# The variables that the lab has for its loop (scripts/lab/runner/topology.py)
describe_loop()
{
	TOPOLOGY=loop ROLE=loop NODE=${NODE:-vm} DEVICE=vdpa DRIVER=ours ACCELERATOR='' GUESTS=0
	HOSTID=lab-host HOSTIDS=lab-host VDPA_DRIVERS=cof-pool0-rsa QUEUES=${queues:-0} TARGET_NODES=''
	COF_TRANSPORT=$transport COF_ADDR=127.0.0.1 COF_ADDR6=::1
	case $transport in
	tcp) PORTS=tcp=127.0.0.1 ;;
	rdma) PORTS=rdma=10.77.0.1 COF_ADDR=10.77.0.1 COF_ADDR6=fd77::1 ;;
	mixed) PORTS="tcp=127.0.0.1 rdma=10.77.0.1" COF_ADDR=10.77.0.1 COF_ADDR6=fd77::1 ;;
	esac
	TARGET_TRANSPORTS='' TARGET_ADDRS=''
	for port in $PORTS; do
		TARGET_TRANSPORTS="$TARGET_TRANSPORTS ${port%%=*}" TARGET_ADDRS="$TARGET_ADDRS ${port#*=}"
	done
	export TOPOLOGY ROLE NODE DEVICE DRIVER ACCELERATOR GUESTS HOSTID HOSTIDS VDPA_DRIVERS QUEUES TARGET_NODES
	export COF_TRANSPORT COF_ADDR COF_ADDR6 PORTS TARGET_TRANSPORTS TARGET_ADDRS
}

mount_if_missing() # TYPE PLACE
{
	grep -q " $2 $1 " /proc/mounts || mount -t "$1" "$1" "$2" 2>/dev/null || skip "cannot mount $1 on $2"
}

modules_now() { cut -d' ' -f1 /proc/modules | sort; }

# new_modules: what was loaded since this began
new_modules() { modules_now | comm -13 "$work/modules" -; }

# unload: those that nobody uses, then those that these used. Algorithms that are in use for a moment, and
# connections that end, keep theirs until then.
unload()
{
	tries=0
	while new_modules | grep -q .; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || { echo "# still loaded: $(new_modules | tr '\n' ' ')"; return; }
		removed=
		for module in $(new_modules); do
			! grep -q "^$module [0-9]* 0 " /proc/modules || ! rmmod "$module" 2>/dev/null || removed=1
		done
		[ "$removed" ] || sleep 0.1
	done
}

# log_is_clean: the kernel reported no mistake of its own since the test began. The lab looks itself.
log_is_clean()
{
	[ "$privileged" ] && command -v python3 >/dev/null || return 0
	report=$(dmesg | sed -n "\\|selftests: $mark|,\$p" | python3 -B "$lib/klog.py") || {
		echo "$report" | sed 's/^/# /'
		echo "not ok the kernel reported a mistake"
		return 1
	}
}

# leave: everything is as before
leave()
{
	trap - EXIT INT TERM HUP
	[ -z "$child" ] || { kill "$child" && wait "$child"; } 2>/dev/null
	if [ "$loop" ]; then
		sh "$lib/setup.sh" down 2>&1 | sed 's/^/# /'
		[ ! "$virtio_public" ] || echo "$virtio_public" >$public_ops
	fi
	[ ! -e "$work/modules" ] || unload
	rm -rf "$work"
}

# ---- the test -------------------------------------------------------------------------------------

[ -r "$test" ] || { echo "needs.sh TEST [ARGUMENT]..." >&2; exit 64; }
loop='' privileged='' keys='' queues='' transport=${COF_TRANSPORT:-tcp}
tests=$(dirname "$lib")
PATH=$PATH:/usr/sbin:/sbin:${KSFT_OUTPUT:+$KSFT_OUTPUT:}$tests/asym:$tests/cof:$tests/virtio:$tests/vdpa:$tests/tls
export PATH

clauses=$(sed -n '/^[^#]/q; s/^# needs: *//p' "$test" | sed 's/, */\n/g')
while read -r clause; do
	# shellcheck disable=SC2086 # words
	[ ! "$clause" ] || need $clause
done <<CLAUSES
$clauses
CLAUSES
[ ! "$loop" ] || need_loop

work=$(mktemp -d) || exit 1
trap leave EXIT
trap 'exit 143' INT TERM HUP
if [ "$privileged" ]; then
	mount_if_missing debugfs /sys/kernel/debug
	[ ! "$loop" ] || { modprobe configfs; mount_if_missing configfs /sys/kernel/config; }
	[ ! -r /proc/modules ] || modules_now >"$work/modules"
fi
if [ -z "${KEY_DIR:-}" ] && [ "$keys" ]; then
	KEY_DIR=/run/lab/keys
	[ -d $KEY_DIR ] || { KEY_DIR=$work/keys && mkdir "$KEY_DIR"; }
fi
export KEY_DIR
for key in $keys; do
	key_file "$key"
done
if [ "$loop" ]; then
	describe_loop
	virtio_public=$(cat $public_ops 2>/dev/null)
	if ! sh "$lib/setup.sh" up >"$work/setup" 2>&1; then
		sed 's/^/# /' "$work/setup"
		echo "not ok 1 the loop is set up"
		echo "1..1"
		exit 1
	fi
fi
export KSFT_READY=1 LOOP_SETUP="sh $lib/setup.sh up"
mark="$test begins ($$)"
[ ! "$privileged" ] || echo "selftests: $mark" >/dev/kmsg
shift
# In the background, so that whoever ends this ends both.
if [ -x "$test" ]; then
	"$test" "$@" &
else
	"$(sed -n '1s/^#! *//p' "$test")" "$test" "$@" &
fi
child=$!
wait $child
status=$?
child=
leave
log_is_clean || exit 1
exit $status

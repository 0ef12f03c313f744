#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Not a test, but something to compare cof/rdma_gone.sh with: what the kernel says when the soft-RoCE
# device goes under load that is NVMe/RDMA's, both ends in this machine (loop, --no-setup). Prints the
# warnings that it provokes, and where they come from; a lab run ends with 99 then (--allow-warn .).
#
# TIMES  the device goes and comes (default 4)
TIMES=${TIMES:-4}
nvmet=/sys/kernel/config/nvmet
subsystem=$nvmet/subsystems/gone
port=$nvmet/ports/1
load=

cleanup() {
	[ -z "$load" ] || kill "$load" 2>/dev/null
	for ctrl in /sys/class/nvme/nvme*/delete_controller; do
		[ ! -e "$ctrl" ] || echo 1 >"$ctrl"
	done
	rm -f $port/subsystems/gone
	rmdir $port $subsystem/namespaces/1 $subsystem
} 2>/dev/null
trap cleanup EXIT

die() {
	echo "# $*"
	dmesg | tail -n 5 | sed 's/^/# /'
	exit 1
}

# wait_for SECONDS COMMAND...
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}

device() {
	nvme=$(ls -d /sys/class/nvme/nvme*/nvme*n1 2>/dev/null)
	nvme=${nvme##*/}
	[ -b "/dev/$nvme" ]
}

live() {
	grep -qsx live /sys/class/nvme/nvme*/state
}

connect() {
	echo "transport=rdma,traddr=10.77.0.1,trsvcid=4420,nqn=gone,reconnect_delay=1,keep_alive_tmo=5" \
		>/dev/nvme-fabrics && wait_for 20 device && wait_for 20 live
}

listen() {
	ln -s $subsystem $port/subsystems/gone
}

start_load() {
	fio --name=gone --filename="/dev/$nvme" --rw=randread --bs=512 --direct=1 --ioengine=io_uring \
		--iodepth=32 --numjobs=2 --thread --group_reporting --continue_on_error=all \
		--time_based --runtime=600 >/dev/null 2>&1 &
	load=$!
}

lab rdma || exit 1
modprobe null_blk nr_devices=1 queue_mode=2 irqmode=0 bs=512 && modprobe nvme_core multipath=N &&
	modprobe nvmet-rdma && modprobe nvme-rdma || die "modules of NVMe"
mkdir $subsystem $subsystem/namespaces/1 $port && echo 1 >$subsystem/attr_allow_any_host &&
	echo /dev/nullb0 >$subsystem/namespaces/1/device_path &&
	echo 1 >$subsystem/namespaces/1/enable && echo rdma >$port/addr_trtype &&
	echo ipv4 >$port/addr_adrfam && echo 10.77.0.1 >$port/addr_traddr &&
	echo 4420 >$port/addr_trsvcid && listen || die "nvmet is not configured"
connect || die "not connected"

for time in $(seq "$TIMES"); do
	start_load
	sleep 1
	echo "rdma link del rxe0, time $time" >/dev/kmsg
	start=$SECONDS
	timeout 60 rdma link del rxe0
	echo "# time $time: rdma link del: status $?, $((SECONDS - start)) s;" \
		"controllers left: $(cat /sys/class/nvme/nvme*/state 2>/dev/null | xargs)"
	sleep 1
	kill "$load"
	wait "$load"
	load=
	lab rdma || exit 1
	# Neither end comes back by itself: nvmet-rdma listens again after a delay, nvme-rdma has
	# deleted its controller.
	wait_for 10 live && echo "# time $time: live again by itself" && continue
	rm -f $port/subsystems/gone
	listen || die "the port does not listen any more"
	for ctrl in /sys/class/nvme/nvme*/delete_controller; do
		[ ! -e "$ctrl" ] || echo 1 >"$ctrl"
	done
	connect || die "not connected again"
done
echo "# time $((TIMES + 1)): ip link set rdma0 down, for 12 s"
start_load
sleep 1
echo "ip link set rdma0 down" >/dev/kmsg
ip link set rdma0 down
sleep 12
ip link set rdma0 up
if wait_for 30 live; then
	echo "# live again by itself"
	echo "modprobe -r rdma_rxe" >/dev/kmsg
	timeout 30 modprobe -r rdma_rxe 2>&1 | sed 's/^/# modprobe -r rdma_rxe while in use: /'
	kill "$load"
	wait "$load"
	load=
	cleanup
else
	echo "# not live again: $(cat /sys/class/nvme/nvme*/state 2>/dev/null | xargs); what is blocked:"
	echo w >/proc/sysrq-trigger
	load=
	trap - EXIT
fi

echo "# what the kernel said:"
dmesg | grep -E "lab: (rdma|ip|modprobe)|Workqueue: |WARNING|BUG|Call Trace|possible |refcount|leak|INFO: task|task:|(nvme|rxe|cma|ib_core|rdma_cm)[a-z_]*\\]\$|is trying|but task is already|unregister_netdevice" |
	sed 's/^/# /'
dmesg >/run/lab/files/dmesg

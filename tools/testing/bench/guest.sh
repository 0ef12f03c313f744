#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# How fast is the way from a guest's request to the device and back? Our virtio_crypto and the
# kernel's own, in turn, on the same device in the same run. asym_sim answers without computing,
# so only the path is measured. Prints a line per run, and a table of the medians and ratios.
#
# RUNS=5 SECONDS_EACH=1 QUEUES="1 4" THREADS="1 16" STYLES="keyctl transform"
set -u
. "$(dirname "$0")/lib.sh"
RUNS=${RUNS:-5} SECONDS_EACH=${SECONDS_EACH:-1} BENCH_QUEUES=${BENCH_QUEUES:-1 4}
THREADS=${THREADS:-1 16} STYLES=${STYLES:-keyctl transform}
bench=/sys/kernel/debug/asym_bench
config=/sys/kernel/config/vdpa_crypto/bench
bus=/sys/bus/vdpa
null=/sys/module/asym_sim/parameters/null
results=$(mktemp)
in_tree=$(ls /lib/modules/"$(uname -r)"/kernel/drivers/crypto/virtio/virtio_crypto.ko*)
declare -A module_of=([ours]="$(modinfo -n virtio_crypto)" [in-tree]="$in_tree")

die()
{
	echo "bench: $*" >&2
	dmesg | tail -n 5 >&2
	exit 1
}

driver_is_there() { grep -qs '^driver *: virtio-crypto-rsa$' /proc/crypto; }

# load ours|in-tree
load()
{
	local tries=0
	# While algorithms and devices are tested the accelerator computes.
	echo N >$null
	insmod "${module_of[$1]}" || die "cannot load ${module_of[$1]}"
	until driver_is_there; do
		[ $((tries += 1)) -lt 200 ] || die "the $1 driver registers nothing"
		sleep 0.05
	done
	echo Y >$null
}

unload()
{
	for _ in $(seq 100); do
		! rmmod virtio_crypto 2>/dev/null || return 0
		sleep 0.05
	done
	die "virtio_crypto is not unloaded"
}

# device QUEUES - on the virtio bus of this kernel
device()
{
	mkdir $config && echo "$1" >$config/queues && echo sim-rsa >$config/drivers &&
		echo rsa >$config/algorithms && echo 1 >$config/enable || die "no device"
	if [ "$(basename "$(readlink -f $bus/devices/bench/driver)")" != virtio_vdpa ]; then
		echo virtio_vdpa >$bus/devices/bench/driver_override
		echo bench >$bus/drivers/virtio_vdpa/bind || die "virtio_vdpa does not take the device"
	fi
}

# counters - requests, kicks and interrupts of the device, and time its processors worked (ms)
counters()
{
	echo $(($(cat $config/stats/requests) + $(cat $config/stats/ctrl_requests))) \
		"$(cat $config/stats/kicks)" "$(cat $config/stats/notifications)" \
		"$(awk '$1 == "cpu" { print ($2 + $3 + $4 + $7 + $8) * 10 }' /proc/stat)"
}

# measure DRIVER QUEUES STYLE THREADS
measure()
{
	local before after
	echo "$3" >$bench/style
	echo "$4" >$bench/threads
	echo "$4" >$bench/depth
	before=$(counters)
	echo 1 >$bench/run || die "run: $1 $2 $3 $4"
	after=$(counters)
	awk -v what="$1 $2 $3 $4" -v before="$before" -v after="$after" -v cpus="$(nproc)" '
		{ v[$1] = $2 }
		END {
			split(before, b); split(after, a)
			n = v["ops"] ? v["ops"] : 1
			printf "%s %d %.1f %.1f %.3f %.3f %.3f %.0f %d\n", what, v["ops_per_sec"],
				v["p50_ns"] / 1000, v["p99_ns"] / 1000, (a[1] - b[1]) / n,
				(a[2] - b[2]) / n, (a[3] - b[3]) / n,
				100 * (a[4] - b[4]) / (v["duration_ns"] / 1e6) / cpus, v["errors"]
		}' $bench/result | tee -a "$results"
}

modprobe asym_sim && modprobe asym_bench && modprobe vdpa_crypto && modprobe virtio_vdpa &&
	modprobe crypto_engine || die "modules"
# What both drivers need.
modprobe -q --first-time asym_provider
echo virtio-crypto-rsa >$bench/driver
echo decrypt >$bench/op
echo 0 >$bench/check
echo "$SECONDS_EACH" >$bench/seconds

echo "bench: $(uname -r), $(nproc) CPUs, RSA-2048 private key, answered without computing"
echo "bench: driver queues style threads ops/s p50_us p99_us requests/op kicks/op interrupts/op busy% errors"
for queues in $BENCH_QUEUES; do
	device "$queues"
	for _ in $(seq "$RUNS"); do
		for driver in in-tree ours; do
			load $driver
			for style in $STYLES; do
				for threads in $THREADS; do
					measure $driver "$queues" "$style" "$threads"
				done
			done
			unload
		done
	done
	echo 0 >$config/enable
	rmdir $config || die "the device stays"
done

# The median of each figure over the runs, ours beside the kernel's own.
awk "$median_awk"'
	{
		key = $2 " " $3 " " $4
		if (!(key in seen)) { seen[key] = 1; order[++keys] = key }
		n = ++count[$1 " " key]
		for (f = 5; f <= 12; f++)
			value[$1 " " key, f, n] = $f
		errors += $12
	}
	END {
		printf "%-6s %-9s %-7s %-8s %9s %9s %9s %8s %8s %8s %6s\n", "queues", "style", "threads",
			"driver", "ops/s", "p50 us", "p99 us", "req/op", "kick/op", "intr/op", "busy"
		for (k = 1; k <= keys; k++) {
			split(order[k], part)
			for (d = 1; d <= 2; d++) {
				driver = d == 1 ? "in-tree" : "ours"
				id = driver " " order[k]
				for (f = 5; f <= 11; f++)
					m[d, f] = median(id, f)
				printf "%-6s %-9s %-7s %-8s %9d %9.1f %9.1f %8.2f %8.2f %8.2f %5d%%\n",
					part[1], part[2], part[3], driver, m[d, 5], m[d, 6], m[d, 7],
					m[d, 8], m[d, 9], m[d, 10], m[d, 11]
			}
			printf "%-6s %-9s %-7s %-8s %8.2fx %8.2fx %8.2fx\n", part[1], part[2], part[3],
				"ratio", m[2, 5] / m[1, 5], m[2, 6] / m[1, 6], m[2, 7] / m[1, 7]
		}
		if (errors)
			printf "%d operations failed\n", errors
		exit errors > 0
	}' "$results"

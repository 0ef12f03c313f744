#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# How fast is a guest's device? vdpa_crypto and QEMU's lkcf backend, in turn, each with a guest of its
# own in the same host, which drives it with the same virtio_crypto. The host's asym_sim answers
# without computing, so only the path is measured: guest, QEMU (or not), the host's kernel, and back.
# Beside it the same driver on a vdpa_crypto device of the host's own kernel, without a virtual machine:
# what the driver itself can do. Prints a line per run, and a table of the medians and ratios.
#
# The machine is the host of the lab's "chain", without setup, QEMU being the one with lkcf
# (--device lkcf); device-guest.sh is in both guests.
#
# RUNS=5 SECONDS_EACH=3 DEPTHS="1 16 64"
# COALESCE_USECS=5000  of vdpa_crypto: a hundred times its default, as are the times of these machines
set -u
. "$(dirname "$0")/lib.sh"
RUNS=${RUNS:-5} SECONDS_EACH=${SECONDS_EACH:-3} DEPTHS=${DEPTHS:-1 16 64} COALESCE_USECS=${COALESCE_USECS:-5000}
config=/sys/kernel/config/vdpa_crypto
bus=/sys/bus/vdpa
sim=/sys/module/asym_sim/parameters
files=/run/lab/files/device
results=$(mktemp)
mkdir -p $files
declare -A guest_of=([vdpa]=guest1 [lkcf]=guest2)

die()
{
	echo "bench: $*" >&2
	dmesg | tail -n 5 >&2
	exit 1
}

# A process for each look at a file would take more of the processors than what is measured.
mkfifo "$results.nothing"
exec {nothing}<>"$results.nothing"
rm "$results.nothing"
nap() { read -rt "$1" -u "$nothing"; }

# await FILE SECONDS
await()
{
	local end=$((SECONDS + $2))
	until [ -e "$1" ]; do
		[ $SECONDS -lt $end ] || die "no ${1##*/} after $2 s"
		nap 0.2
	done
}

# device NAME BUS_DRIVER
device()
{
	mkdir $config/"$1" && echo sim-rsa >$config/"$1"/drivers && echo 1 >$config/"$1"/queues &&
		echo "$COALESCE_USECS" >$config/"$1"/coalesce_usecs &&
		echo 1 >$config/"$1"/enable || die "no device $1"
	if [ "$(basename "$(readlink -f $bus/devices/"$1"/driver)")" != "$2" ]; then
		echo "$2" >$bus/devices/"$1"/driver_override
		[ ! -e $bus/devices/"$1"/driver ] || echo "$1" >$bus/devices/"$1"/driver/unbind
		echo "$1" >$bus/drivers/"$2"/bind || die "$2 does not take $1"
	fi
}

# ticks - of 10 ms, that the processors worked; and those of them in guests
ticks() { awk '$1 == "cpu" { print $2 + $3 + $4 + $7 + $8, $10 }' /proc/stat; }

# queue_counts - of vm1: requests, kicks, interrupts
queue_counts() { (cd $config/vm1/stats && echo "$(cat decrypt) $(cat kicks) $(cat notifications)"); }

# exits GUEST - how often its processors were left; of these for an access to a port (notifications), and
# to rest
exits()
{
	(cd /sys/kernel/debug/kvm/"$(cat "/run/$1.pid")"-* && cat exits io_exits halt_exits | tr '\n' ' ')
}

# measure WHAT DEPTH: WHAT is vdpa, lkcf, or driver
measure()
{
	local before after counted left guest=${guest_of[$1]:-}
	before=$(ticks)
	counted=$(queue_counts)
	[ ! "$guest" ] || left=$(exits "$guest")
	if [ "$guest" ]; then
		rm -f "$files/$guest.result"
		echo "$2 $SECONDS_EACH" >"$files/$guest.new"
		mv "$files/$guest.new" "$files/$guest.go"
		await "$files/$guest.result" $((SECONDS_EACH + 120))
	else
		echo "$2" >/sys/kernel/debug/asym_bench/depth
		echo "$SECONDS_EACH" >/sys/kernel/debug/asym_bench/seconds
		echo 1 >/sys/kernel/debug/asym_bench/run || die "asym_bench"
		cat /sys/kernel/debug/asym_bench/result >"$files/driver.result"
	fi
	after=$(ticks)
	awk -v what="$1 $2" -v before="$before" -v after="$after" '
		{ v[$1] = $2 }
		END {
			split(before, b); split(after, a)
			n = v["ops"] ? v["ops"] : 1
			printf "%s %d %.1f %.1f %.1f %.1f %d\n", what, v["ops_per_sec"], v["p50_ns"] / 1000,
				v["p99_ns"] / 1000, 10000 * (a[1] - b[1]) / n,
				10000 * (a[1] - a[2] - b[1] + b[2]) / n, v["errors"]
		}' "$files/${guest:-driver}.result" | tee -a "$results"
	[ ! "$guest" ] || awk -v what="$1" -v left="$left $(exits "$guest")" '
		$1 == "ops" {
			split(left, n)
			printf "bench: %s: %.3f exits for an operation, %.3f for a port, %.3f to rest\n", what,
				(n[4] - n[1]) / ($2 ? $2 : 1), (n[5] - n[2]) / ($2 ? $2 : 1),
				(n[6] - n[3]) / ($2 ? $2 : 1)
		}' "$files/$guest.result"
	[ "$1" != vdpa ] || echo "$counted $(queue_counts)" | awk '$4 > $1 {
		printf "bench: vm1: %.3f kicks and %.3f interrupts for an operation\n", ($5 - $2) / ($4 - $1),
			($6 - $3) / ($4 - $1)
	}'
}

modprobe asym_sim priority=10000 && modprobe -a asym_bench vdpa_crypto vhost_vdpa virtio_vdpa \
	pkcs8_key_parser || die "modules"
device vm1 vhost_vdpa
node=$(ls -d $bus/devices/vm1/vhost-vdpa-*) || die "vm1 has no file"
for guest in guest1 guest2; do
	await "$files/$guest.up" 300
done
lab monitor guest1 device_add \
	"vhost-vdpa-device-pci,id=crypto0,bus=hotplug0,disable-legacy=on,vhostdev=/dev/${node##*/}"
lab monitor guest2 object_add cryptodev-backend-lkcf,id=backend0
lab monitor guest2 device_add virtio-crypto-pci,id=crypto0,bus=hotplug0,cryptodev=backend0
for guest in guest1 guest2; do
	await "$files/$guest.ready" 300
done
device own virtio_vdpa
modprobe virtio_crypto || die "virtio_crypto"
for _ in $(seq 200); do
	! grep -qs '^driver *: virtio-crypto-rsa$' /proc/crypto || break
	nap 0.1
done
echo virtio-crypto-rsa >/sys/kernel/debug/asym_bench/driver || die "the driver registers nothing"
echo decrypt >/sys/kernel/debug/asym_bench/op
echo 0 >/sys/kernel/debug/asym_bench/check
# All devices were tested; from now on it does not compute.
echo Y >$sim/null

echo "bench: $(uname -r), $(nproc) CPUs, RSA-2048 private key, answered without computing"
echo "bench: what depth ops/s p50_us p99_us cpu_us/op (of these not in guests) errors"
for _ in $(seq "$RUNS"); do
	for depth in $DEPTHS; do
		for what in vdpa lkcf driver; do
			measure $what "$depth"
		done
	done
done
for guest in guest1 guest2; do
	: >"$files/$guest.end"
done
served=$(cat $config/vm1/stats/decrypt)
echo "bench: vm1 computed $served operations"
[ "$served" -gt 0 ] || die "what the guest measured was not vdpa_crypto"

awk "$median_awk"'
	{
		if (!($2 in seen)) { seen[$2] = 1; order[++depths] = $2 }
		n = ++count[$1 " " $2]
		for (f = 3; f <= 7; f++)
			value[$1 " " $2, f, n] = $f
		errors += $8
	}
	END {
		printf "%-6s %-8s %9s %9s %9s %9s %9s\n", "depth", "device", "ops/s", "p50 us", "p99 us",
			"cpu us/op", "not guest"
		split("vdpa lkcf driver", whats)
		for (d = 1; d <= depths; d++) {
			for (w = 1; w <= 3; w++) {
				for (f = 3; f <= 7; f++)
					m[w, f] = median(whats[w] " " order[d], f)
				printf "%-6s %-8s %9d %9.1f %9.1f %9.1f %9.1f\n", order[d], whats[w], m[w, 3],
					m[w, 4], m[w, 5], m[w, 6], m[w, 7]
			}
			printf "%-6s %-8s %8.2fx %8.2fx %8.2fx %8.2fx %8.2fx\n", order[d], "ratio",
				m[1, 3] / m[2, 3], m[1, 4] / m[2, 4], m[1, 5] / m[2, 5], m[1, 6] / m[2, 6],
				m[1, 7] / (m[2, 7] ? m[2, 7] : 1)
		}
		if (errors)
			printf "%d operations failed\n", errors
		exit errors > 0
	}' "$results"

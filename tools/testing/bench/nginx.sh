#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What does an nginx gain whose private-key operations are computed by a pool? A nested guest of the
# lab's "chain" serves HTTPS, each request on a connection of its own, with OpenSSL's software and with
# the lkcf provider, in turn. The pool's accelerator is QEMU's virtio-crypto device, computed by
# libgcrypt at native speed. This script is the lab's client: it makes the load (https_load.c) and the
# backend of /proxy, natively, on the guest's network; nginx-node.sh obeys it in the machines.
#
# Guest CPU time is what the guest's processors, threads of a QEMU, ran by the clock of the host that
# runs that QEMU, exits and vhost's part of the kernel not left out, times the share of its time in
# which the host was really there: its own processors are threads of a QEMU, too, and while they wait for
# one of this machine's, which are fewer than all that is emulated, the host's clock goes on. The share
# is what these threads ran by this machine's clock over the time that the host was not idle by its own.
# Both come from the same window, of the software as of the provider. What the guest itself says
# (/proc/stat) has that waiting in it, and is shown as "raw".
#
# The machines' clocks go slower (lab/run --dilate), so that the share of ticks is not the hundredfold of
# what it is on a machine. Requests per second and latencies are by this machine's clock.
#
# RUNS=5 SECONDS_EACH=10 WORKERS=8 CONNECTIONS=64 MODES="rsa-file rsa-proxy tls13-rsa tls13-ecdsa"
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
RUNS=${RUNS:-5} SECONDS_EACH=${SECONDS_EACH:-10} WORKERS=${WORKERS:-8} CONNECTIONS=${CONNECTIONS:-64}
MODES=${MODES:-rsa-file rsa-proxy tls13-rsa tls13-ecdsa}
files=/run/lab/files/nginx
tmp=$(mktemp -d) || exit 1
results=$tmp/results
# Of each mode: port, path, arguments of https_load
declare -A port_of=([rsa-file]=443 [rsa-proxy]=443 [tls13-rsa]=444 [tls13-ecdsa]=445 [plain]=80)
declare -A path_of=([rsa-proxy]=/proxy)
declare -A tls_of=([rsa-file]="-v 1.2 -s AES128-SHA" [rsa-proxy]="-v 1.2 -s AES128-SHA"
	[tls13-rsa]="-v 1.3" [tls13-ecdsa]="-v 1.3" [plain]='')

die()
{
	echo "bench: $*" >&2
	exit 1
}

# ask ADDRESS WORD... - of nginx-node.sh there
ask()
{
	local address=$1
	shift
	echo "$*" | socat -t 600 - "TCP:$address:7000,retry=100,interval=0.3"
}

# certificate NAME ARGUMENT... - of openssl req
certificate()
{
	openssl req -x509 -newkey "${@:2}" -nodes -keyout "$files/$1-key.pem" -out "$files/$1-cert.pem" \
		-days 30 -subj /CN=bench 2>/dev/null || die "openssl makes no certificate"
}

prepare()
{
	mkdir -p $files/lkcf "$tmp/html"
	cc -D_GNU_SOURCE -O2 -o "$tmp/https_load" "$here/https_load.c" -lssl -lcrypto &&
		make -s -C "$LAB_TREE/tools/openssl-lkcf" OUT=$files/lkcf >"$tmp/make.log" 2>&1 &&
		cp "$LAB_TREE/tools/openssl-lkcf/lkcf.cnf" $files/lkcf/ ||
		die "cannot make the tools: $(tail -n 5 "$tmp/make.log")"
	certificate rsa rsa:2048
	certificate ecdsa ec -pkeyopt ec_paramgen_curve:P-256
	seq 200 | head -c 612 >$files/index.html
	cp $files/index.html "$tmp/html/"
	cat >"$tmp/nginx.conf" <<-CONF
		user root;
		pid $tmp/nginx.pid;
		events { worker_connections 8192; }
		http {
			access_log off;
			keepalive_timeout 0;
			server { listen 8080 backlog=4096; root $tmp/html; }
		}
	CONF
	nginx -c "$tmp/nginx.conf" -e "$tmp/error.log" </dev/null || die "the backend does not start"
}

# cpu PID - what its threads ran, in ticks of 10 ms: processors, and the others
cpu()
{
	local task name stat processors=0 all
	read -r stat <"/proc/$1/stat"
	# shellcheck disable=SC2086 # words
	set -- "$1" ${stat##*)}
	all=$((${13} + ${14}))
	for task in /proc/"$1"/task/*; do
		# Threads that do 9p come and go.
		{ read -r name <"$task/comm" && read -r stat <"$task/stat"; } 2>/dev/null || continue
		# shellcheck disable=SC2086 # words
		set -- "$1" ${stat##*)}
		case $name in
		CPU*) processors=$((processors + ${13} + ${14})) ;;
		esac
	done
	echo "$processors $((all - processors))"
}

# snapshot FILE - of this machine and of the host, which asks the pool
snapshot()
{
	local node
	ask "$BRIDGE_ADDR" counters >"$1"
	for node in host target; do
		echo "outer_$node $(cpu "$(cat /run/lab/nodes/$node/pid)")"
	done >>"$1"
	echo "outer_backend $(for pid in $(pgrep -P "$(cat "$tmp/nginx.pid")"); do cpu "$pid"; done |
		awk '{ n += $2 } END { print n + 0 }')" >>"$1"
	awk '{ print "outer_uptime", $1 * 100 }' /proc/uptime >>"$1"
	awk '$1 == "cpu" { print "outer_idle", $5 + $6 }' /proc/stat >>"$1"
}

# measure RUN MODE SIDE
measure()
{
	local mode=$2 cert=rsa
	[ "$mode" != tls13-ecdsa ] || cert=ecdsa
	snapshot "$tmp/before"
	# shellcheck disable=SC2086 # lists of options
	rm -f "$tmp/load"
	"$tmp/https_load" -c "$CONNECTIONS" -t "$SECONDS_EACH" -w 1 ${tls_of[$mode]} \
		${tls_of[$mode]:+-a "$files/$cert-cert.pem"} -p "${path_of[$mode]:-/}" \
		-e $files/index.html "$GUEST_ADDR" "${port_of[$mode]}" >"$tmp/load" || die "https_load"
	snapshot "$tmp/after"
	awk -v what="$1 $2 $3" -v cores="$(nproc)" '
		FILENAME ~ /load$/ { load[$1] = $2; next }
		{ now[$1] = $2; now2[$1] = $3 }
		FILENAME ~ /before$/ { then[$1] = $2; then2[$1] = $3 }
		function d(name) { return now[name] - then[name] }
		function d2(name) { return now2[name] - then2[name] }
		END {
			n = load["requests"] ? load["requests"] : 1
			time = d("outer_uptime") / 100
			busy = now["cpus"] * d("uptime_ns") - d("idle_ns")
			there = busy ? d("outer_host") * 1e7 / busy : 0
			guest = d("vcpu_ns") / 1e9
			client = d("outer_backend") / 100 + load["cpu_us"] / 1e6
			ops = d("pool_pool/pool0.ops")
			printf "%s %.2f %.3f %.1f %.1f %d %.1f %.3f", what, load["per_second"],
				1000 * guest * there / n, load["p50_us"] / 1000, load["p99_us"] / 1000,
				load["failed"], 100 * ops / n, 1000 * guest / n
			printf " %.0f %.0f %.0f %.0f %.0f %.0f %.0f %.0f %.2f",
				100 * guest * there / time, (d("outer_host") - 100 * guest * there) / time,
				d2("outer_host") / time, d("outer_target") / time, d2("outer_target") / time,
				100 * client / time, d("outer_idle") / time,
				100 * guest / (d("uptime_ns") / 1e9), there
			used = 100 * client + d("outer_idle")
			used += d("outer_host") + d2("outer_host")
			used += d("outer_target") + d2("outer_target")
			printf " %.0f %.2f %.2f %.2f %.2f\n", 100 * cores - used / time, d("kvm_exits") / n,
				d("vdpa/crypto0.kicks") / n, d("vdpa/crypto0.notifications") / n,
				d("kvm_io_exits") / n
		}' "$tmp/before" "$tmp/after" "$tmp/load" | tee -a "$results"
}

# ---- the run --------------------------------------------------------------------

prepare
for node in target host guest; do
	lab wait $node || die "no $node"
done
echo "bench: $(ask "$GUEST_ADDR" 'echo "$(uname -r), guest of $(nproc) CPUs, $(nginx -v 2>&1)"');" \
	"worker_processes $WORKERS on both sides, $CONNECTIONS connections, $(nproc) cores under all of it"
echo "bench: run mode side requests/s guest_cpu_ms/request p50_ms p99_ms failed pool% raw_ms" \
	"guest% host% host_io% pool% accelerator% client% idle% vcpus% there others%" \
	"exits/request kicks/request interrupts/request io_exits/request"
for run in $(seq "$RUNS"); do
	for side in software offloaded; do
		[ "$(ask "$GUEST_ADDR" "nginx_start $side $WORKERS" | tail -n 1)" = "started $side" ] ||
			die "nginx does not start: $(ask "$GUEST_ADDR" errors)"
		for mode in $MODES; do
			measure "$run" "$mode" "$side"
		done
	done
done
ask "$GUEST_ADDR" "nginx_stop; errors" >"$tmp/errors"
if [ -s "$tmp/errors" ]; then
	echo "bench: nginx said:"
	head -n 10 "$tmp/errors"
fi
: >$files/end

awk "$median_awk"'
	{
		id = $2 " " $3
		if (!($2 in seen)) { seen[$2] = 1; order[++modes] = $2 }
		n = ++count[id]
		for (f = 4; f <= NF; f++)
			value[id, f, n] = $f
		failed += $8
		if ($3 == "software" && $9 > 0 || $3 == "offloaded" && $9 < 99)
			strayed++
	}
	function ratio(a, b) { return b ? a / b : 0 }
	END {
		split("software offloaded", sides)
		printf "\nmedians\n%-12s %-10s %9s %9s %9s %8s %8s %6s %6s\n", "mode", "side", "requests/s",
			"cpu ms/rq", "rq/cpu s", "p50 ms", "p99 ms", "failed", "pool"
		for (i = 1; i <= modes; i++)
			for (s = 1; s <= 2; s++) {
				id = order[i] " " sides[s]
				for (f = 4; f <= 9; f++)
					m[s, f] = median(id, f)
				printf "%-12s %-10s %9.1f %9.2f %9.1f %8.1f %8.1f %6d %5.1f%%\n", order[i],
					sides[s], m[s, 4], m[s, 5], ratio(1000, m[s, 5]), m[s, 6], m[s, 7],
					m[s, 8], m[s, 9]
			}
		printf "\nwho was busy, %% of a core, and exits of the guest per request\n"
		printf "%-12s %-10s %6s %6s %8s %6s %12s %7s %7s %5s %6s\n", "mode", "side", "guest",
			"host", "host_io", "pool", "accelerator", "client", "others", "idle", "exits"
		for (i = 1; i <= modes; i++)
			for (s = 1; s <= 2; s++) {
				id = order[i] " " sides[s]
				printf "%-12s %-10s %6d %6d %8d %6d %12d %7d %7d %5d %6.1f\n", order[i], sides[s],
					median(id, 11), median(id, 12), median(id, 13), median(id, 14),
					median(id, 15), median(id, 16), median(id, 20), median(id, 17),
					median(id, 21)
			}
		published["rsa-file"] = 7902 / 2207
		published["rsa-proxy"] = 6314 / 2082
		printf "\noffloaded over software\n%-12s %11s %22s %11s %11s %10s\n", "mode", "requests/s",
			"requests/guest CPU s", "latency p50", "latency p99", "published"
		for (i = 1; i <= modes; i++) {
			a = order[i] " offloaded"
			b = order[i] " software"
			printf "%-12s %10.2fx %21.2fx %10.2fx %10.2fx %10s\n", order[i],
				ratio(median(a, 4), median(b, 4)), ratio(median(b, 5), median(a, 5)),
				ratio(median(a, 6), median(b, 6)), ratio(median(a, 7), median(b, 7)),
				order[i] in published ? sprintf("%.2fx", published[order[i]]) : "-"
		}
		if (failed)
			printf "%d requests failed\n", failed
		if (strayed)
			print "operations were not computed where they should be"
		if (!modes)
			print "nothing was measured"
		exit failed > 0 || strayed > 0 || !modes
	}' "$results"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What does a fabric add to an operation? CoF on 127.0.0.1 in front of asym_sim, which answers
# without computing, and NVMe/TCP in front of null_blk, in turn, in one machine, with the same number
# of I/O queues and of operations in flight; and both over RDMA, on one soft-RoCE device. Beside each stands its generator without a fabric, so
# that what remains, 1/with - 1/without, is the fabric's; and beside both the round trip of plain
# TCP between two kernel sockets. Prints a line per measurement, then a table of the medians.
#
# asym_bench is to the crypto API what fio with io_uring is to the block layer: as many threads,
# each with its share of the depth always in flight, which sleeps until something is complete, takes
# all that is, and sends each again. fio pays for system calls; they are in its ceiling, too.
#
# A measurement is a window in the middle of a run, taken from outside with counters of what was
# asked: it has neither start nor end of a program in it. No fork between its first and last reading.
#
# With many associations as much is in flight as with one: 128, where of 64 associations each queue has
# one operation, which is a TCP segment of its own, and 2048, all that one association of two queues may
# have, where each queue still has some to send together.
#
# Latency at depth 1 beside that of plain TCP is of many short runs in turn, each until the thread that
# waits has the answer: a host under the machine that is busy, or a kernel that was loaded at less lucky
# addresses, moves one figure of it by a quarter.
#
# TRANSPORTS="tcp rdma", RUNS=5 SECONDS_EACH=2 BENCH_QUEUES=2 DEPTHS="1 32 128" ASSOCS="1 4 16 64" TOTALS="128 2048" PAIRS=15
set -u
. "$(dirname "$0")/lib.sh"
PAIRS=${PAIRS:-15} TRANSPORTS=${TRANSPORTS:-tcp rdma}
RUNS=${RUNS:-5} SECONDS_EACH=${SECONDS_EACH:-2} BENCH_QUEUES=${BENCH_QUEUES:-2}
DEPTHS=${DEPTHS:-1 32 128} ASSOCS=${ASSOCS:-1 4 16 64} TOTALS=${TOTALS:-128 2048}
bench=/sys/kernel/debug/asym_bench
pingpong=/sys/kernel/debug/tcp_pingpong
sim=/sys/kernel/debug/asym_sim
null=/sys/module/asym_sim/parameters/null
target=/sys/kernel/config/cof_target
initiator=/sys/kernel/config/cof_initiator
nvmet=/sys/kernel/config/nvmet
cpus=$(nproc)
seconds=1	# that a generator runs
results=$(mktemp) log=$(mktemp)
# Of each transport: what measurements are called, what ends the name of what is made, an address, and
# the device that nvme made
declare -A nvme_name=([tcp]=nvme [rdma]=nvme-rdma) cof_name=([tcp]=cof [rdma]=cof-rdma)
declare -A suffix=([tcp]='' [rdma]=-rdma) address=([tcp]=127.0.0.1 [rdma]=10.77.0.1) nvme=()
failed=0

die()
{
	echo "bench: $*" >&2
	dmesg | tail -n 5 >&2
	exit 1
}

# ---- NVMe ----------------------------------------------------------------------

# nvme_up TRANSPORT
nvme_up()
{
	local name=bench${suffix[$1]} device
	local subsystem=$nvmet/subsystems/$name port=$nvmet/ports/$((${#nvme[@]} + 1))
	# Answers in the call that submits, as asym_sim does. One controller: nothing to choose from.
	modprobe null_blk nr_devices=1 queue_mode=2 irqmode=0 bs=512 submit_queues="$cpus" &&
		modprobe nvme_core multipath=N && modprobe "nvmet-$1" && modprobe "nvme-$1" ||
		die "modules of NVMe"
	mkdir "$subsystem" && echo 1 >"$subsystem/attr_allow_any_host" && mkdir "$subsystem/namespaces/1" &&
		echo /dev/nullb0 >"$subsystem/namespaces/1/device_path" &&
		echo 1 >"$subsystem/namespaces/1/enable" && mkdir "$port" && echo "$1" >"$port/addr_trtype" &&
		echo ipv4 >"$port/addr_adrfam" && echo "${address[$1]}" >"$port/addr_traddr" &&
		echo 4420 >"$port/addr_trsvcid" && ln -s "$subsystem" "$port/subsystems/$name" ||
		die "nvmet is not configured"
	echo "transport=$1,traddr=${address[$1]},trsvcid=4420,nqn=$name,nr_io_queues=$BENCH_QUEUES" \
		>/dev/nvme-fabrics || die "nvme: not connected"
	for _ in $(seq 100); do
		device=$(nvme_device "$1") && break
		sleep 0.1
	done
	nvme[$1]=${device##*/}
	[ -b "/dev/${nvme[$1]}" ] || die "nvme: no device"
	[ "$(cat "${device%/*}/queue_count")" -eq $((BENCH_QUEUES + 1)) ] ||
		die "nvme: $(cat "${device%/*}/queue_count") queues, wanted $BENCH_QUEUES and one"
}

# nvme_device TRANSPORT
nvme_device()
{
	local file
	for file in /sys/class/nvme/nvme*/transport; do
		[ "$(cat "$file")" = "$1" ] || continue
		ls -d "${file%/*}"/nvme*n1 2>/dev/null
		return
	done
	return 1
}

# ---- CoF -----------------------------------------------------------------------

cof_target_up()
{
	local transport port
	modprobe -a asym_sim asym_bench tcp_pingpong cof_initiator cof_target ||
		die "modules of CoF"
	mkdir $target/pools/bench && echo rsa >$target/pools/bench/algorithms &&
		echo sim-rsa >$target/pools/bench/drivers && echo 1 >$target/pools/bench/enable ||
		die "cof_target is not configured"
	for transport in $TRANSPORTS; do
		modprobe "cof_$transport" || die "the module cof_$transport"
		port=$target/ports/$(($(ls $target/ports | wc -l) + 1))
		mkdir "$port" && echo "$transport" >"$port/transport" &&
			echo "${address[$transport]}" >"$port/traddr" && echo 4430 >"$port/trsvcid" &&
			echo 1 >"$port/insecure" && ln -s $target/pools/bench "$port/pools/bench" &&
			echo 1 >"$port/enable" || die "cof_target does not listen"
	done
}

# cof_up TRANSPORT FIRST LAST [DEPTH] - associations, each a pool of its own and another host's
cof_up()
{
	local n pool path host
	# Devices are tested with known answers.
	echo N >$null
	for n in $(seq "$2" "$3"); do
		host=bench$n${suffix[$1]} pool=$initiator/b$n${suffix[$1]}
		path=$pool/paths/1
		mkdir "$target/hosts/$host" &&
			ln -s "$target/hosts/$host" "$target/pools/bench/allowed_hosts/$host" &&
			mkdir "$pool" "$path" && echo bench >"$pool/pool" && echo "$host" >"$pool/hostid" &&
			echo "$BENCH_QUEUES" >"$pool/queues" && echo "${4:-128}" >"$pool/depth" &&
			echo error >"$pool/fallback" && echo 1 >"$pool/insecure" &&
			echo remote >"$pool/public_ops" &&
			echo 1 >"$pool/priority" && echo "$1" >"$path/transport" &&
			echo "${address[$1]}" >"$path/traddr" && echo 4430 >"$path/trsvcid" &&
			echo 1 >"$path/enable" && echo 1 >"$pool/enable" || die "cof_initiator is not configured"
	done
	for n in $(seq "$2" "$3"); do
		for _ in $(seq 600); do
			read -r path <"$initiator/b$n${suffix[$1]}/paths/1/state"
			[ "$path" != live ] || break
			sleep 0.1
		done
		[ "$path" = live ] || die "association $n ($1) is '$path'"
	done
	echo Y >$null
}

# ---- measuring -----------------------------------------------------------------

# count FILE - operations so far: of a block device, or of asym_sim
count()
{
	read -r n _ <"$1"
}

# reading FILE - sets now, n, busy (ticks of each CPU), switches, received; forks nothing
reading()
{
	local name rest
	now=${EPOCHREALTIME/./} busy=() switches=0 received=0
	count "$1"
	while read -r name rest; do
		set -- $rest
		case $name in
		cpu[0-9]*) busy+=($(($1 + $2 + $3 + $6 + $7 + $8))) ;;
		ctxt) switches=$1 ;;
		softirq) received=$5 ;;
		esac
	done </proc/stat
}

# measure RUN WHAT DEPTH FILE COMMAND... - FILE counts what COMMAND does
measure()
{
	local run=$1 what=$2 depth=$3 file=$4 before then_n then_switches then_received i
	local ops time sum=0 each= then_busy
	shift 4
	count "$file"
	before=$n
	"$@" >"$log" 2>&1 &
	for _ in $(seq 1000); do
		count "$file"
		[ "$n" -le $((before + 20)) ] || break
		sleep 0.02
	done
	sleep 0.5
	reading "$file"
	before=$now then_n=$n then_busy=("${busy[@]}") then_switches=$switches
	then_received=$received
	sleep "$SECONDS_EACH"
	reading "$file"
	time=$((now - before)) ops=$((n - then_n))
	if ! wait $! || [ $ops -le 0 ]; then
		echo "bench: $what $depth failed ($ops operations):" >&2
		tail -n 5 "$log" >&2
		failed=1
		return
	fi
	for i in "${!busy[@]}"; do
		sum=$((sum + busy[i] - then_busy[i]))
		each="$each $(((busy[i] - then_busy[i]) * 1000000 / time))"
	done
	[[ $what != ping-pong && $what != tcp* ]] || ops=$(awk -v t="$time" '$1 == "ops_per_sec" {
		printf "%d", $2 * t / 1000000 }' $pingpong/result)
	echo "$run $what $depth $((time * 1000 / ops)) $((sum * 10000000 / ops)) $ops $time" \
		"$((1000 * (switches - then_switches) / ops)) $((1000 * (received - then_received) / ops))" \
		"$(latency "$what") $each" >>"$results"
	awk '{
		printf "%-4s %-9s %-6s %9d %9.1f %9.1f %9.1f %8.2f %8.2f ", $1, $2, $3, $6 * 1e6 / $7,
			$4 / 1000, $10 / 1000, $5 / 1000, $8 / 1000, $9 / 1000
		for (i = 11; i <= NF; i++)
			printf " %d%%", $i
		print ""
	}' <<<"$(tail -n 1 "$results")"
}

# latency WHAT - median of the last run, ns; 0: unknown
latency()
{
	local file=$bench/result
	case $1 in
	ping-pong | tcp*) file=$pingpong/result ;;
	nvme* | null_blk) file=/dev/null ;;
	esac
	# until the thread has it, if it says that
	awk '$1 == "p50_ns" || $1 == "woken_p50_ns" { p50 = $2 } END { print p50 + 0 }' $file
}

# run_fio DEVICE DEPTH
run_fio()
{
	local jobs=$((BENCH_QUEUES < $2 ? BENCH_QUEUES : $2))
	fio --name=bench --filename="/dev/$1" --rw=randread --bs=512 --direct=1 --ioengine=io_uring \
		--iodepth=$(($2 / jobs)) --numjobs=$jobs --thread --group_reporting --norandommap \
		--gtod_reduce=1 --time_based --runtime="$seconds"
}

# run_asym DRIVER DEPTH NUMBER
run_asym()
{
	echo "$1" >$bench/driver && echo "$3" >$bench/drivers && echo "$2" >$bench/depth &&
		echo "$BENCH_QUEUES" >$bench/threads && echo "$seconds" >$bench/seconds &&
		echo 1 >$bench/run && grep -qx "errors 0" $bench/result && return
	cat $bench/result
	return 1
}

# run_pingpong CONNECTIONS DEPTH
run_pingpong()
{
	echo "$1" >$pingpong/sockets
	echo "$2" >$pingpong/depth
	echo "$seconds" >$pingpong/seconds
	echo 1 >$pingpong/run
}

# How far a ping-pong is tells only its end: any counter that moves with it will do.
packets=/sys/class/net/lo/statistics/rx_packets

memory()
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sleep 1
	awk '$1 == "MemAvailable:" { a = $2 } $1 == "Slab:" { s = $2 } END { print a, s }' /proc/meminfo
}

# ---- the run -------------------------------------------------------------------

[[ " $TRANSPORTS " != *" rdma "* ]] || lab rdma || die "no soft-RoCE device"
for transport in $TRANSPORTS; do
	nvme_up "$transport"
done
cof_target_up
echo 0 >$bench/check
for transport in $TRANSPORTS; do
	cof_up "$transport" 0 0 1024
done
tcp=
[[ " $TRANSPORTS " != *" tcp "* ]] || tcp=1
echo "bench: $(uname -r), $cpus CPUs, $BENCH_QUEUES I/O queues; RSA-2048 (CoF), 512 bytes read (NVMe);" \
	"$TRANSPORTS"
printf '%-4s %-9s %-6s %9s %9s %9s %9s %8s %8s  %s\n' run what depth ops/s us/op p50_us cpu_us/op \
	switches net_rx busy
seconds=1
for _ in $(seq ${tcp:+"$PAIRS"}); do
	run_pingpong 1 1 && run_asym cof-b0-rsa 1 1 || die "depth 1 failed"
	echo "pair $(latency ping-pong) $(latency cof)" >>"$results"
done
seconds=$((SECONDS_EACH + 2))
for run in $(seq "$RUNS"); do
	[ ! "$tcp" ] || measure "$run" ping-pong 1 $packets run_pingpong 1 1
	for depth in $DEPTHS; do
		measure "$run" null_blk "$depth" /sys/block/nullb0/stat run_fio nullb0 "$depth"
		measure "$run" asym_sim "$depth" $sim/completed run_asym sim-rsa "$depth" 1
		for transport in $TRANSPORTS; do
			device=${nvme[$transport]}
			measure "$run" "${nvme_name[$transport]}" "$depth" "/sys/block/$device/stat" \
				run_fio "$device" "$depth"
			measure "$run" "${cof_name[$transport]}" "$depth" $sim/completed \
				run_asym "cof-b0${suffix[$transport]}-rsa" "$depth" 1
		done
	done
done

most=${ASSOCS##* }
if [ "$tcp" ] && [ "$most" -gt 1 ]; then
	before=$(memory)
	cof_up tcp 1 $((most - 1))
	after=$(memory)
	echo "memory $before $after $((most - 1))" >>"$results"
	for run in $(seq "$RUNS"); do
		for total in $TOTALS; do
			for assocs in $ASSOCS; do
				measure "$run" "cof*$assocs" "$total" $sim/completed run_asym cof-b%-rsa \
					"$total" "$assocs"
				# As many connections, as much in flight, and nothing but TCP.
				measure "$run" "tcp*$assocs" "$total" $packets run_pingpong \
					$((assocs * BENCH_QUEUES)) "$total"
			done
		done
	done
fi

awk -v transports="$TRANSPORTS" "$median_awk"'
	# time (4) or CPU time (5) that the fabric adds to an operation, us
	function added(fabric, alone, depth, field) {
		return (median(fabric " " depth, field) - median(alone " " depth, field)) / 1000
	}
	function ratio(name, a, b, wanted) {
		printf "%-58s %7.2f   wanted: %s\n", name, (b > 0 ? a / b : 0), wanted
	}
	# the most associations beside the number that is best
	function many(name, what, total, wanted,    i, t, best) {
		for (i = 1; i <= nr_assocs[total]; i++) {
			t = median(what "*" assocs[total, i] " " total, 4)
			if (!best || t < best)
				best = t
		}
		ratio(name, best, t, wanted)
	}
	$1 == "memory" {
		available = ($2 - $4) / $6
		slab = ($5 - $3) / $6
		next
	}
	$1 == "pair" {
		pairs = ++count["floor"]
		count["waiter"] = pairs
		value["floor", 10, pairs] = $2
		value["waiter", 10, pairs] = $3
		next
	}
	{
		id = $2 " " $3
		if (!(id in count))
			order[++ids] = id
		n = ++count[id]
		for (f = 4; f <= NF; f++)
			value[id, f, n] = $f
		fields[id] = NF
		if ($2 == "null_blk")
			depths[++nr_depths] = $3
		if ($2 ~ /^cof\*/ && n == 1) {
			if (!($3 in nr_assocs))
				totals[++nr_totals] = $3
			assocs[$3, ++nr_assocs[$3]] = substr($2, 5)
		}
	}
	END {
		printf "\nmedians\n%-9s %-6s %9s %9s %9s %9s %8s %8s  %s\n", "what", "depth", "ops/s",
			"us/op", "p50_us", "cpu_us/op", "switches", "net_rx", "busy"
		for (i = 1; i <= ids; i++) {
			id = order[i]
			split(id, part)
			printf "%-9s %-6s %9d %9.1f %9.1f %9.1f %8.2f %8.2f ", part[1], part[2],
				1e9 / median(id, 4), median(id, 4) / 1000, median(id, 10) / 1000,
				median(id, 5) / 1000, median(id, 8) / 1000, median(id, 9) / 1000
			for (f = 11; f <= fields[id]; f++)
				printf " %d%%", median(id, f)
			print ""
		}
		for (i = 1; i <= nr_depths; i++)
			if (!(depths[i] in shown)) {
				shown[depths[i]] = 1
				list[++nr] = depths[i]
			}
		fabrics = split(transports, fabric)
		for (f = 1; f <= fabrics; f++) {
			end = fabric[f] == "tcp" ? "" : "-" fabric[f]
			printf "\n%-6s %16s %16s %16s %16s   (%s)\n", "depth", "added us: nvme", "cof",
				"added cpu: nvme", "cof", fabric[f]
			for (i = 1; i <= nr; i++)
				printf "%-6s %16.1f %16.1f %16.1f %16.1f\n", list[i],
					added("nvme" end, "null_blk", list[i], 4),
					added("cof" end, "asym_sim", list[i], 4),
					added("nvme" end, "null_blk", list[i], 5),
					added("cof" end, "asym_sim", list[i], 5)
		}
		print ""
		for (f = 1; f <= fabrics; f++) {
			end = fabric[f] == "tcp" ? "" : "-" fabric[f]
			pair = "NVMe/" toupper(fabric[f]) " over CoF"
			for (i = 1; i <= nr; i++)
				ratio("time added, " pair ", depth " list[i],
					added("nvme" end, "null_blk", list[i], 4),
					added("cof" end, "asym_sim", list[i], 4),
					list[i] == 1 || end != "" ? "at least 1.0" : "at least 1.3")
			for (i = 1; i <= nr; i++)
				ratio("CPU time added, " pair ", depth " list[i],
					added("nvme" end, "null_blk", list[i], 5),
					added("cof" end, "asym_sim", list[i], 5),
					end != "" ? "at least 1.0" : "more than 1.0")
		}
		if (!pairs)
			exit
		printf "latency at depth 1, %d runs, us: CoF %.1f, raw ping-pong %.1f\n", pairs,
			median("waiter", 10) / 1000, median("floor", 10) / 1000
		ratio("latency at depth 1, CoF over raw ping-pong", median("waiter", 10),
			median("floor", 10), "at most 1.3")
		for (i = 1; i <= nr_totals; i++) {
			d = totals[i]
			most = assocs[d, nr_assocs[d]]
			many("ops/s of " most " associations over the best, " d " in flight", "cof", d,
				i == nr_totals ? "at least 0.9" : "(see the next)")
			many("the same of plain TCP with as many connections", "tcp", d, "(to compare)")
		}
		if (nr_totals)
			printf "memory per idle association, both ends: %.0f KiB, of which slab %.0f KiB\n",
				available, slab
	}' "$results"

for device in "${nvme[@]}"; do
	echo 1 >"/sys/class/nvme/${device%n1}/delete_controller"
done
exit $failed

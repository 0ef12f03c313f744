#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A pool that is far too slow, and one that says "still working" for ever: callers of every kind wait no
# longer than max_wait_ms, the hung-task detector has nothing to report, and whoever is killed
# goes. With fallback=error the caller is told.
#
# The machine is the lab's "loop"; the pools are its own pool0, throttled to an operation a second, and
# that through mitm.py, above all others by their priority.
#
# CALLERS  at a time (default 40; 200 with COF_SOAK=1); SECS for how long (22; 300)
# WAIT     max_wait_ms of the slow pool (5000; 10000); HUNG kernel.hung_task_timeout_secs (10; 30)
#
# needs: topology loop, modules asym_bench, programs keyctl openssl pkey_stress python3 setsid
# needs: keys 2048 p256
# check: mainline
here=$(dirname "$0")
. "$here/../lib/tap.sh"
case ${COF_SOAK:-} in
'' | 0) CALLERS=${CALLERS:-40} SECS=${SECS:-22} WAIT=${WAIT:-5000} HUNG=${HUNG:-10} ;;
*) CALLERS=${CALLERS:-200} SECS=${SECS:-300} WAIT=${WAIT:-10000} HUNG=${HUNG:-30} ;;
esac
tmp=$(mktemp -d) || exit 1
chmod 755 "$tmp"
. "$here/../lib/pool.sh"
. "$here/../lib/lkcf.sh"
stress=${PKEY_STRESS:-pkey_stress}
bench=/sys/kernel/debug/asym_bench
sysctl=/proc/sys/kernel/hung_task
host=$(cat $pools/pool0/hostid)
quota=/sys/kernel/config/cof_target/pools/pool0/quotas/$host
keys=$KEY_DIR
callers=()
trap leave EXIT

leave() {
	[ ! -d "$quota" ] || rmdir "$quota"
	[ ${#callers[@]} -eq 0 ] || kill -9 "${callers[@]}" 2>/dev/null
	leave_pools slow mute
	[ ! -d /sys/module/asym_bench ] || rmmod asym_bench
	put "$old_timeout" ${sysctl}_timeout_secs
	put "$old_interval" ${sysctl}_check_interval_secs
	put "$old_warnings" ${sysctl}_warnings
}

reports() {
	log_lines " blocked for more than "
}

delta() {
	hop_delta "$tmp/a" "$tmp/b" "$1"
}

caller() {
	"$@" </dev/null >>"$tmp/callers" 2>&1 &
	callers+=($!)
	disown
}

# all_there PREFIX: its algorithms of both kinds
all_there() {
	tested "$1" && registered "$1-ecdsa-nist-p521"
}

# over_and_over FILE: until it is killed: openssl with the lkcf provider
over_and_over() {
	while :; do
		openssl pkeyutl -sign -inkey $keys/2048.pem -in "$tmp/digest" -pkeyopt digest:sha256 \
			-pkeyopt rsa_padding_mode:pkcs1 -out "$1"
	done
}

# call_for_ever N: callers, of each kind the same number
call_for_ever() {
	local n
	put cof-slow-rsa $bench/driver
	put keyctl $bench/style
	put decrypt $bench/op
	put 3600 $bench/seconds
	put 4 $bench/threads
	put 4 $bench/depth
	caller sh -c "echo 1 >$bench/run"
	for ((n = 4; n < $1; n += 8)); do
		caller "$stress" -q -k $keys/2048.pem -t 2 -s 3600 -w 30 -o sign,decrypt
		caller "$stress" -q -k $keys/2048.pem -t 2 -s 3600 -w 30 -o verify,encrypt
		caller "$stress" -q -k $keys/p256.pem -t 2 -s 3600 -w 30 -o sign,verify
		# A program that is killed leaves its child
		caller setsid bash -c "$(declare -f over_and_over); keys=$keys tmp=$tmp; over_and_over $tmp/s.$n"
		caller setsid bash -c "while :; do keyctl pkey_sign $key 0 $tmp/digest enc=pkcs1 hash=sha256 \
			>$tmp/k.$n; done"
	done
}

# threads: those of the callers and their children that are not dead. In one process each: a
# machine that is busy takes long for many.
threads() {
	# shellcheck disable=SC2046	# words, and their wildcards
	grep -lsE '^State:.[^ZX]' $(printf '/proc/%s/task/*/status ' "${callers[@]}" "${children[@]}")
}

# in_wait: threads of the callers, and of their children, in D state
in_wait() {
	cat /proc/[0-9]*/task/[0-9]*/status 2>/dev/null | grep -c '^State:.D'
}

gone() {
	[ -z "$(threads)" ]
}

# survivors: what the first of them wait for
survivors() {
	local task nr=0
	for task in $(threads); do
		task=${task%/status}
		nr=$((nr + 1))
		[ $nr -gt 6 ] || note "$(cat "$task/comm"): $(grep '^State' "$task/status")" \
			"$(cut -d' ' -f2 "$task/stack" | tr '\n' ' ' | cut -c1-300)"
	done 2>/dev/null
	note "after 11 s $nr threads are left"
}

old_timeout=$(cat ${sysctl}_timeout_secs) old_interval=$(cat ${sysctl}_check_interval_secs)
old_warnings=$(cat ${sysctl}_warnings)
put "$HUNG" ${sysctl}_timeout_secs
put 2 ${sysctl}_check_interval_secs
put 20 ${sysctl}_warnings
modprobe asym_bench || fatal "there is no asym_bench"
printf 0123456789abcdef0123456789abcdef >"$tmp/digest"
plain pkcs8 -topk8 -nocrypt -in $keys/2048.pem -outform DER -out "$tmp/p8"
key=$(keyctl padd asymmetric hung @u <"$tmp/p8") || fatal "the kernel does not take the key"
keyctl setperm "$key" 0x3f3f0000
start_reports=$(reports)

# ---- too slow
begin_pool slow 4430 9000
# What is computed here in any case cannot be slow.
put remote $pools/slow/public_ops
put "$WAIT" $pools/slow/max_wait_ms
within 60 all_there cof-slow || fatal "the pool's algorithms are not there"
mkdir "$quota"
put 1 "$quota/ops_per_sec"
check "the path knows the quota" within 10 grep -qx 1 /sys/class/cof/slow-1/ops_per_sec
hops >"$tmp/a"
begin=$(now_ms)
call_for_ever "$CALLERS"
note "${#callers[@]} processes, $(($(now_ms) - begin)) ms"
most=0
while [ $(($(now_ms) - begin)) -lt $((SECS * 1000)) ]; do
	sleep 2
	now=$(in_wait)
	[ "$now" -le $most ] || most=$now
done
hops >"$tmp/b"
expect "callers that waited uninterruptibly at one time" $most -gt 8
expect "a pool of one operation a second: it computed" "$(delta class/cof-slow.device)" -gt 2
expect "... and in $(($(now_ms) - begin)) ms no more than" "$(delta class/cof-slow.device)" -le \
	$((($(now_ms) - begin) / 1000 + 8))
expect "... software, for those that had waited max_wait_ms" "$(delta class/cof-slow.sw_waited)" -ge 8
expect "... failed" "$(delta class/cof-slow.failed)" -eq 0
expect "kernel.hung_task_timeout_secs=$HUNG: reports" $(($(reports) - start_reports)) -eq 0

mapfile -t children < <(cat /proc/[0-9]*/stat 2>/dev/null | awk -v of=" ${callers[*]} " '
	{ pid = $1; sub(/.*\) /, ""); if (index(of, " " $2 " ")) print pid }')
begin=$(now_ms)
kill -9 "${callers[@]}" "${children[@]}" 2>/dev/null
within 11 gone || survivors
within 60 gone
took=$(($(now_ms) - begin))
expect "${#callers[@]} processes and ${#children[@]} children: gone after SIGKILL, ms" $took -le 11000
callers=()
sort "$tmp/callers" | uniq -c | sort -rn | head -n 8 | sed 's/^/# /'
rmdir "$quota"
check "keyctl goes on" "$stress" -k $keys/2048.pem -n 2 -o sign,verify
check "the path is live" path_is slow live
hops >"$tmp/c"
expect "operations that are neither done nor failed" $(($(hop "$tmp/c" class/cof-slow.ops) - \
	$(hop "$tmp/c" class/cof-slow.device) - $(hop "$tmp/c" class/cof-slow.software) - \
	$(hop "$tmp/c" class/cof-slow.local) - $(hop "$tmp/c" class/cof-slow.failed) - \
	$(hop "$tmp/c" class/cof-slow.refused))) -eq 0
end_pool slow

# ---- "still working", for ever
begin_mitm 4494
begin_pool mute 4494 9000
within 60 all_there cof-mute || fatal "the pool's algorithms are not there"
put 2000 $pools/mute/max_wait_ms
fate mute
for fallback in software error; do
	put $fallback $pools/mute/fallback
	for name in 2048 p256; do
		text="a pool that never answers, fallback=$fallback, $name"
		hops >"$tmp/a"
		begin=$(now_ms)
		"$stress" -q -k $keys/$name.pem -n 1 -o sign >"$tmp/out" 2>&1
		rc=$?
		took=$(($(now_ms) - begin))
		hops >"$tmp/b"
		sed 's/^/# /' "$tmp/out"
		expect "$text: it took, ms" $took -ge 2000
		expect "$text: it took, ms" $took -le 10000
		if [ $fallback = software ]; then
			expect "$text: status" $rc -eq 0
			expect "$text: computed by software" "$(delta class/cof-mute.sw_waited)" -eq 1
		else
			expect "$text: status" $rc -ne 0
			expect "$text: failed" "$(delta class/cof-mute.failed)" -eq 1
		fi
	done
done
put 60000 $pools/mute/max_wait_ms
put software $pools/mute/fallback
"$stress" -q -k $keys/2048.pem -n 1 -o sign >"$tmp/out" 2>&1 &
waits=$!
sleep 1
begin=$(now_ms)
put 0 $pools/mute/paths/1/enable
wait $waits
expect "the path is disabled: it ended (status $?), ms" $(($(now_ms) - begin)) -le 10000
begin=$(now_ms)
end_pool mute
expect "the pool is removed, ms" $(($(now_ms) - begin)) -le 10000
expect "the hung-task detector's reports, in all" $(($(reports) - start_reports)) -eq 0
tap_end

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# On the hypervisor of the chain: a guest signs and decrypts with many keys (killed-guest.sh), and
# its QEMU is killed; or the guest is reset, as by its reset button. Each time its sessions die with
# it, nothing of it is left here or at the pool, and a guest that is started again computes by the
# device again. All the while somebody else uses the pool, by keyctl here, and notices nothing.
#
# When that happens its operations are at the pool, and most are answered before QEMU has ended; or
# they wait in the device, for a limit's sake; or the pool takes its time. In the last two cases
# the device must be seen to have dropped some, if QEMU was killed.
#
# The guest is in memory (lab/run --ram chain) and is started here. A boot takes half a minute on
# emulated processors, so one in ten starts, and the first, are boots; for the others QEMU is given
# the state of a guest that has its keys but saw no device yet, and then the device is plugged in.
# To the device they are alike. The pool has a simulated accelerator (--env SIM_LATENCY_US=50000),
# and counters.sh runs on it. Times are of the monotonic clock.
#
# A nested guest on emulated processors now and then ends without a word, or stands still, while it
# starts, with or without an accelerator. A start after which the device was asked for nothing says
# nothing about the device: it is repeated, said, counted, and at most one of four may be so.
#
# KILLS, RESETS  how often (default 2, 1; with COF_SOAK=1: 100, 10)
# BOOTS          one in so many starts is a boot (10)
# KEYS           of the guest (24)
#
# needs: topology chain, lab --ram --env=SIM_LATENCY_US=50000
# needs: beside guest=chain/killed-guest.sh target=chain/counters.sh
# check: stable
here=$(dirname "$0")
. "$here/../lib/tap.sh"
. /run/lab/bin/nested.sh

case ${COF_SOAK:-} in
'' | 0) KILLS=${KILLS:-2} RESETS=${RESETS:-1} ;;
*) KILLS=${KILLS:-100} RESETS=${RESETS:-10} ;;
esac
BOOTS=${BOOTS:-10} KEYS=${KEYS:-24}
# No operation comes to the device for so many seconds: the guest stands still.
STILL_SECS=90
# What a session or a request of a dead guest may last on the device; and what it may last in the
# caches of keys (of this host and the pool), which forget them after session_idle_secs, see below.
DEVICE_MS=5000
CACHE_MS=15000
# What the pool takes for an operation, and what it does when QEMU is to be gone before.
FAST_US=50000 SLOW_US=1500000
hows=(computed waiting slow)

tmp=$(mktemp -d) || exit 1
ask=/run/lab/files/counters
node=/run/lab/nodes/guest
stats=/sys/kernel/config/vdpa_crypto/crypto0/stats
executor=/sys/kernel/debug/asym_executor/crypto0
class=/sys/kernel/debug/asym/cof-pool0/stats
objects=/sys/kernel/debug/asym/objects
path=/sys/class/cof/pool0-1
guest='' user='' pool_two='' asked=0 starts=0 lost=0
leave() {
	[ -z "$guest" ] || kill -KILL "$guest" 2>/dev/null
	[ -z "$user" ] || kill "$user" 2>/dev/null
	: >"$ask.end"
	rm -rf "$tmp"
}
trap leave EXIT

# What is read many times is read by the shell itself: starting a process takes an emulated machine
# a tenth of a second.
mkfifo "$tmp/nothing"
exec {nothing}<>"$tmp/nothing"
nap() {
	read -rt "$1" -u "$nothing"
}

# ms: sets ms, the monotonic clock
ms() {
	local up
	read -r up _ </proc/uptime
	ms=$((10#${up/./} * 10))
}

# stat FILE [NAME]: sets value
stat() {
	local key val
	value=none
	if [ $# -eq 1 ]; then
		read -r value <"$1"
		return
	fi
	while read -r key val; do
		[ "$key" != "$2" ] || value=$val
	done <"$1"
}

# is FILE NAME OP NUMBER: compare a counter, and remember it if it differs
is() {
	stat "$1" ${2:+"$2"}
	test "$value" "$3" "$4" && return
	why="${1#/sys/kernel/} ${2:-}: $value, not $3 $4"
	return 1
}

# by MS COMMAND...: until it succeeds, at the latest when the clock says MS; sets ms to when
by() {
	local end=$1
	shift
	until "$@"; do
		ms
		[ "$ms" -le "$end" ] || return 1
		nap 0.02
	done
	ms
}

# asked: sets value, what the device was asked for
asked_for() {
	local data
	stat $stats/requests
	data=$value
	stat $stats/ctrl_requests
	value=$((data + value))
}

# unwanted: sets value, how many operations the device took whose answers nobody wanted any more
unwanted() {
	local sum=0 name
	for name in encrypt decrypt sign verify cipher_encrypt cipher_decrypt errors; do
		stat $stats/$name
		sum=$((sum + value))
	done
	stat $stats/requests
	value=$((value - sum))
}

# pinned: sets value, pages that are pinned, by QEMU for the device among others
pinned() {
	local acquired
	stat /proc/vmstat nr_foll_pin_acquired
	acquired=$value
	stat /proc/vmstat nr_foll_pin_released
	value=$((acquired - value))
}

# pool: asks the pool for its counters, which are in the file $pool then
pool() {
	asked=$((asked + 1))
	pool=$ask.$asked.answer
	: >"$ask.$asked"
	ms
	by $((ms + 30000)) test -e "$pool" || { why="the pool does not answer"; return 1; }
}

# The device has nothing of a guest's.
device_is_clean() {
	is $stats/sessions '' -eq 0 && is $stats/waiting '' -eq 0 && is $executor keys -eq 0 &&
		is $executor inflight -eq 0 && is $executor queued -eq 0
}

# Nor does this host: only what its own keyctl has. What only that changes may be there or not.
host_is_clean() {
	local name
	is $class keys -le "${host[keys]}" && is $class sessions -le "${host[sessions]}" || return
	for name in keys key_bytes sessions transforms operations devices classes; do
		is $objects "$name" -le "${host[objects.$name]}" || return
	done
	is /sys/kernel/debug/asym_executor/asym_provider keys -le "${host[software]}" &&
		is $path/inflight '' -le 1
}

# Nor are pages of its memory pinned.
memory_is_free() {
	pinned
	why="pinned pages: $value, not ${host[pinned]}"
	[ "$value" -le "${host[pinned]}" ]
}

# Nor does the pool.
pool_is_clean() {
	local name val
	pool || return
	while read -r name val; do
		if [ "${at_pool[$name]:-}" ] && [ "$val" -gt "${at_pool[$name]}" ]; then
			why="$name: $val, not ${at_pool[$name]}"
			return 1
		fi
	done <"$pool"
}

# qmp COMMAND [ARGUMENTS]: tell the guest's QEMU, whose answer is in guest.log
qmp() {
	local arguments="{${2:-}}"
	echo "{\"execute\":\"$1\",\"arguments\":$arguments}" >&"$to_qemu"
}

# start OPTION...: a guest's QEMU
start() {
	rm -f /run/guest.console /run/guest.log /run/guest.qmp
	mkfifo /run/guest.qmp
	exec {to_qemu}<>/run/guest.qmp
	nested_qemu -no-reboot -smp 1 -m 192M -kernel /run/vmlinuz -initrd /run/initrd \
		-append "$cmdline lab.port=hvc0" \
		-chardev file,id=console,path=/run/guest.console,append=on \
		-chardev stdio,id=qmp,signal=off -mon chardev=qmp,mode=control "$@" \
		>>/run/guest.log 2>&1 <&"$to_qemu" &
	guest=$!
	disown "$guest" # bash is not to tell that it was killed
	starts=$((starts + 1))
	qmp qmp_capabilities
}

# said FILE TEXT: it is in it
said() {
	local all
	[ -e "$1" ] || return
	IFS= read -rd '' all <"$1"
	[[ $all == *"$2"* ]]
}

# boot: from nothing, with the device
boot() {
	# shellcheck disable=SC2046 # a list of options
	start $(crypto_device 1)
}

# resume: from the state, and the device is plugged in
resume() {
	start -incoming file:/run/state
	ms
	by $((ms + 60000)) said /run/guest.log '"RESUME"' || return 0 # loaded() sees it
	qmp device_add '"driver":"vhost-vdpa-device-pci","id":"crypto0","bus":"hotplug0",'"$(
		)"'"disable-legacy":"on","vhostdev":"'"$(vhost_node 1)"'"'
}

# save: the state of a guest that was given no device
save() {
	while :; do
		start
		ms
		if by $((ms + 120000)) said /run/guest.console "the keys are loaded"; then
			qmp migrate-set-capabilities '"capabilities":[{"capability":"events","state":true}]'
			qmp migrate '"uri":"file:/run/state"'
			by $((ms + 60000)) said /run/guest.log '"completed"' && break
		fi
		why="no state of it was saved"
		again || return
	done
	kill -KILL "$guest"
	bury
}

# slay: SIGKILL, and the clock
slay() {
	kill -KILL "$guest" 2>/dev/null
	ms
	since=$ms
}

# ended: the guest's QEMU has, though bash may not have noticed yet
ended() {
	local text
	read -r text <"/proc/$guest/stat" || return 0
	[[ $text == *") Z "* || $text == *") X "* ]]
} 2>/dev/null

# bury: what a guest said is kept; if nothing is wrong with its start it is judged by the lab, too
bury() {
	ms
	by $((ms + 30000)) ended || { cat "/proc/$guest/status"; fatal "QEMU does not end"; }
	exec {to_qemu}>&-
	guest=
	cat /run/guest.console >>"$node/console${1:-}"
	cat /run/guest.log >>"$node/qemu.log${1:-}"
}

# The guest computes: its driver has tested the device, and then sessions are open, operations under
# way, and more and more of them done.
loads() {
	why="the guest does not use its keys"
	if [ "$seen" -lt 0 ]; then
		said /run/guest.console "the keys are used" || return
		stat $stats/decrypt
		seen=$value
	fi
	is $stats/decrypt '' -gt $((seen + KEYS)) && is $stats/sessions '' -ge $((KEYS / 2)) &&
		is $executor inflight -gt 0
}

# ends: the guest's QEMU did, or gave it up
ends() {
	ended || said /run/guest.log 'KVM internal error'
}

# loaded: until the guest, started or reset after the device was asked for $before, loads the
# device. Return: 0; 1: it does not; 2: and it never asked the device for anything.
loaded() {
	local idle
	seen=-1
	asked_for
	last=$value
	ms
	idle=$ms
	until loads; do
		if ends; then
			why="its QEMU ended, or gave it up"
			break
		fi
		asked_for
		ms
		[ "$value" -eq "$last" ] || idle=$ms
		last=$value
		if [ "$ms" -gt $((idle + STILL_SECS * 1000)) ]; then
			why="it stands still ($why)"
			break
		fi
		nap 0.1
	done
	loads && return
	# The device could not be had: that is not the guest's.
	if said /run/guest.log vhost; then
		why="$why; QEMU: $(grep -m 2 vhost /run/guest.log | tr '\n' ' ')"
		return 1
	fi
	asked_for
	[ "$value" -ne "$before" ] || return 2
}

# again: a start (or reset) was in vain, before the device had to do with it
again() {
	lost=$((lost + 1))
	note "start $starts: $why, before it asked the device for anything: started again" \
		"(qemu.log.$lost, console.$lost)"
	kill -KILL "$guest" 2>/dev/null
	bury .$lost
	[ $((lost * 4)) -le $((starts + 3)) ] && return
	note "$lost of $starts starts were in vain"
	return 1
}

# start_to_load boot|resume: a guest that loads the device
start_to_load() {
	local rc
	while :; do
		asked_for
		before=$value
		ms
		since=$ms
		"$1"
		loaded
		rc=$?
		[ $rc -eq 2 ] || break
		again || return
	done
	ms
	took=$((ms - since))
	[ $rc -eq 0 ] || note "start $starts: $why, after it asked the device for $((value - before))"
	return $rc
}

# gone WHAT TEXT HOW: the guest, which was busy HOW, is since $since; all it had goes
gone() {
	local text
	by $((since + DEVICE_MS)) is $stats/sessions '' -eq 0
	text="sessions after $((ms - since)) ms"
	at_ease "$3"
	by $((since + DEVICE_MS)) device_is_clean || { note "$1: after $DEVICE_MS ms: $why"; return 1; }
	text="$text, the device after $((ms - since)) ms"
	[ $((ms - since)) -le "$worst_device" ] || worst_device=$((ms - since))
	by $((since + CACHE_MS)) host_is_clean || { note "$1: after $CACHE_MS ms: $why"; return 1; }
	text="$text, the host after $((ms - since)) ms"
	by $((since + CACHE_MS)) pool_is_clean || { note "$1: after $CACHE_MS ms: $why"; return 1; }
	[ $((ms - since)) -le "$worst_cache" ] || worst_cache=$((ms - since))
	note "$1: $2; nothing of it is left: $text, the pool after $((ms - since)) ms"
}

# takes_us N: so long the pool takes for an operation from now on
takes_us() {
	rm -f "$ask.latency_set"
	echo "$1" >"$ask.latency" && mv "$ask.latency" "$ask.latency_us"
	ms
	by $((ms + 10000)) test -e "$ask.latency_set"
}

# busy HOW: what the guest asked for is under way, and sets where: at the pool ("computed"); or, and
# then it is there when QEMU has ended, at the pool for long ("slow"), or here, for a limit of
# the device ("waiting").
busy() {
	case $1 in
	computed)
		by $((ms + 10000)) is $executor inflight -gt 0 ;;
	slow)
		takes_us $SLOW_US || return
		nap 0.3 # until it is at those
		ms
		by $((ms + 10000)) is $executor inflight -gt 4 ;;
	waiting)
		echo 1 >$stats/../ops_per_sec
		# Of its eight threads some wait for a session to be opened.
		by $((ms + 10000)) is $stats/waiting '' -gt 2 ;;
	esac || return
	where="$value of its operations $1"
}

# at_ease HOW: as before
at_ease() {
	case $1 in
	slow) takes_us $FAST_US ;;
	waiting) echo 0 >$stats/../ops_per_sec ;;
	esac
}

# were_cut HOW: what was under way is known to have been in vain, where it should have been
were_cut() {
	unwanted
	why="every operation was answered"
	[ "$1" = computed ] || [ "$value" -gt "$in_vain" ] || return
	cut=$((cut + value - in_vain))
	in_vain=$value
}

# kill_it NR HOW: the guest that loads the device, and look what becomes of what it had
kill_it() {
	local sessions
	why=
	stat $stats/sessions
	sessions=$value
	pinned
	[ "$value" -gt "${host[pinned]}" ] || { note "kill $1: no page of it is pinned"; return 1; }
	busy "$2" || { note "kill $1: $why"; return 1; }
	slay
	gone "kill $1" "$how in $took ms, $sessions sessions, $where" "$2" || return
	bury
	by $((since + CACHE_MS)) memory_is_free && were_cut "$2" && return
	note "kill $1: $why"
	return 1
}

# resets: sets value, how often QEMU did reset the guest
resets() {
	local line
	value=0
	while read -r line; do
		[[ $line != *'"RESET"'* ]] || value=$((value + 1))
	done </run/guest.log
}

# reset_it NR HOW: likewise, but QEMU waits for what is under way; and it computes again
reset_it() {
	local sessions rc
	stat $stats/sessions
	sessions=$value
	busy "$2" || { note "reset $1: $why"; return 1; }
	cat /run/guest.console >>"$node/console"
	: >/run/guest.console
	: >/run/guest.log
	qmp set-action '"reboot":"reset"'
	qmp system_reset
	ms
	by $((ms + 5000)) said /run/guest.log '"RESET"' || { note "reset $1: QEMU does not"; return 1; }
	since=$ms
	gone "reset $1" "$sessions sessions, $where" "$2" || return
	asked_for
	before=$value
	starts=$((starts + 1))
	loaded
	rc=$?
	# SeaBIOS, when it finds itself there, resets once more. Else who resets itself fails, as ever.
	qmp set-action '"reboot":"shutdown"'
	resets
	[ "$value" -le 2 ] || note "reset $1: and $((value - 2)) more, by the guest"
	ms
	took=$((ms - since))
	[ $rc -ne 2 ] || { again && start_to_load boot; rc=$?; }
	if [ $rc -eq 0 ]; then
		note "reset $1: computes again after $took ms"
	else
		note "reset $1: $why"
	fi
	return $rc
}

# What this host has of its own while nobody is there but its own keyctl: the most of some looks.
declare -A host at_pool
look() {
	local name
	more() {
		[ "${host[$1]:-0}" -ge "$value" ] || host[$1]=$value
	}
	for name in keys sessions; do
		stat $class $name
		host[$name]=${host[$name]:-0}
		more $name
	done
	for name in keys key_bytes sessions transforms operations devices classes; do
		stat $objects $name
		host[objects.$name]=${host[objects.$name]:-0}
		more objects.$name
	done
	stat /sys/kernel/debug/asym_executor/asym_provider keys
	host[software]=${host[software]:-0}
	more software
}

# memory: sets value, kB of the kernel's own memory that cannot be reclaimed
memory() {
	stat /proc/meminfo SUnreclaim:
	value=${value% kB}
}

[ -e "$stats/sessions" ] || fatal "there is no device crypto0"
cp $node/vmlinuz $node/initrd /run || fatal "this is no chain with --ram"
# So that keys that nobody uses are forgotten soon: within two seconds.
echo 1 >/sys/module/asym_provider/parameters/session_idle_secs
# shellcheck disable=SC2046 # two words
"${PKEY_STRESS:-pkey_stress}" $(key 2048) -w 50 -s 36000 -o sign,verify,reject,encrypt,decrypt \
	>"$tmp/user" 2>&1 &
user=$!
ms
stat $class device
computed=$value
by $((ms + 30000)) is $class device -gt $((computed + 10))
verdict $? "somebody else uses the pool"
nap 6 # the last sweep of the caches was before they were told to hurry
for ((i = 0; i < 50; i++)); do
	look
	nap 0.05
done
pinned
host[pinned]=$value
pool || fatal "$why"
pool_first=$pool
for name in pool/pool0.keys exec/target-pool0.keys pool/pool0.associations; do
	at_pool[$name]=$(hop "$pool" $name)
done
at_pool[exec/target-pool0.inflight]=1
at_pool[exec/target-pool0.queued]=0
note "without a guest: keys here ${host[keys]}, at the pool ${at_pool[pool/pool0.keys]};" \
	"transforms ${host[objects.transforms]}; pinned pages ${host[pinned]}"
hops >"$tmp/before"
for file in association reconnects errors lost timeouts late_answers protocol_errors crc_errors; do
	stat $path/$file
	before_path[${#before_path[@]}]="$file $value"
done

worst_device=0 worst_cache=0 kills=0
unwanted
in_vain=$value cut=0
save || fatal "the state of a guest cannot be saved"
ms
begin=$ms
while [ $kills -lt "$KILLS" ]; do
	how=resume
	[ $((kills % BOOTS)) -ne 0 ] || how=boot
	start_to_load $how || break
	kill_it $((kills + 1)) "${hows[kills % 3]}" || break
	kills=$((kills + 1))
	# The first ones fill what is kept for the next.
	if [ $kills -eq 2 ]; then
		memory
		slab=$value
		pool && pool_two=$pool
	fi
done
expect "QEMU killed under load, nothing of the guest left, and started again" $kills -eq "$KILLS"
memory
[ $kills -gt 2 ] || slab=$value
expect "kB more in the kernel's slabs than after the second kill" $((value - slab)) -lt \
	$((1024 + 8 * KILLS))
ms
note "$(((ms - begin) / 1000)) s; at most $worst_device ms until nothing was left on the device," \
	"$worst_cache ms until nothing was left at all"
note "operations whose guest was gone before the answer: $cut"

resets=0
how=resume
if [ $kills -eq "$KILLS" ] && [ "$RESETS" -gt 0 ] && start_to_load $how; then
	while [ $resets -lt "$RESETS" ]; do
		reset_it $((resets + 1)) "${hows[(resets + 1) % 3]}" || break
		resets=$((resets + 1))
	done
	[ $resets -lt "$RESETS" ] || kill_it "after resets" waiting
	verdict $? "the guest that was reset is killed, and nothing of it is left"
fi
[ -z "$guest" ] || { slay; bury; }
expect "guest reset under load, its sessions gone, and it computes by the device again" \
	$resets -eq "$RESETS"
expect "starts of a guest in vain, of $starts" $lost -le $(((starts + 3) / 4))
expect "operations of guests that failed or were wrong" \
	"$(grep -c '^pkey_stress: ' "$node/console")" -eq 0
expect "answers of errors by the device" \
	"$(hop_delta "$tmp/before" <(hops) vdpa/crypto0.errors)" -eq 0

# The pool, all the while.
pool || fatal "$why"
stat $path/association
for line in "${before_path[@]}"; do
	read -r file old <<<"$line"
	stat $path/"$file"
	expect "the path to the pool, as at the start: $file" "$value" -eq "$old"
done
expect "the pool: associations" "$(hop "$pool" pool/pool0.associations)" -eq 1
for name in errors refused_hosts crc_errors; do
	expect "the pool: $name" "$(hop_delta "$pool_first" "$pool" pool/pool0.$name)" -eq 0
done
[ -z "$pool_two" ] || expect "the pool: kB more in its slabs than after the second kill" \
	"$(hop_delta "$pool_two" "$pool" memory.slab_kb)" -lt $((1024 + 8 * KILLS))
kill -TERM "$user"
wait "$user"
verdict $? "who else used the pool: nothing failed, nothing was wrong"
user=
sed 's/^/# /' "$tmp/user"
hops >"$tmp/after"
for name in software failed refused kat_failed; do
	expect "cof-pool0: $name" "$(hop_delta "$tmp/before" "$tmp/after" class/cof-pool0.$name)" -eq 0
done

# Now nobody uses anything any more: take it all away. A module that is gone has freed what it had.
config=/sys/kernel/config
# unload MODULE...: one with a leak may wait for ever
unload() {
	rmmod "$@" &
	ms
	by $((ms + 30000)) eval "! kill -0 $! 2>/dev/null" || { echo "it does not end"; return 1; }
	wait $!
}
device_goes() {
	echo 0 >$config/vdpa_crypto/crypto0/enable && rmdir $config/vdpa_crypto/crypto0 &&
		unload vhost_vdpa vdpa_crypto
}
pool_goes() {
	echo 0 >$config/cof_initiator/pool0/enable && rmdir $config/cof_initiator/pool0/paths/1 \
		$config/cof_initiator/pool0 && unload cof_initiator
}
check "the device goes, and its module" device_goes
check "the host leaves the pool, and the module goes" pool_goes
for name in classes devices keys key_bytes sessions transforms operations; do
	stat $objects $name
	expect "left: $name" "$value" -eq 0
done
pool || fatal "$why"
for name in pool/pool0.keys pool/pool0.associations exec/target-pool0.keys \
	exec/target-pool0.inflight; do
	expect "left at the pool: ${name#*/}" "$(hop "$pool" $name)" -eq 0
done
tap_end

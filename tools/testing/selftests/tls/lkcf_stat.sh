#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# lkcf-stat: what it makes of files of counters, good and bad. Needs root only to see other users'
# processes, no kernel module and no OpenSSL; python3 makes the files.
#
# LKCF_STAT  the program, if it is not on PATH; one with AddressSanitizer sees more
#
# needs: programs python3
# check: scripts/checks/provider
here=$(dirname "$0")
. "$here/../lib/tap.sh"

stat=${LKCF_STAT:-$(command -v lkcf-stat)} || skip "no lkcf-stat: LKCF_STAT=<file>"
dir=$(mktemp -d) || exit 1
holders=
trap '[ -z "$holders" ] || kill $holders 2>/dev/null; rm -rf "$dir"' EXIT

# make FILE [KEY=VALUE...]: a file of counters, as counters.h has it
make() {
	_file=$dir/$1
	shift
	python3 - "$_file" "$@" <<-'END'
	import os, struct, sys
	def start(pid):
	    with open("/proc/%d/stat" % pid) as f:
	        return int(f.read().rsplit(")", 1)[1].split()[19])
	o = dict(a.split("=", 1) for a in sys.argv[2:])
	names = o.get("names", "rsa_kernel,ecdsa_kernel,in_flight").split(",")
	values = [int(v) for v in o.get("values", "7,5,1").split(",")]
	pid = int(o.get("pid", os.getppid()))
	start = int(o["started"]) if "started" in o else start(pid)
	program = o.get("program", "nginx").encode().decode("unicode_escape").encode("latin-1")
	data = struct.pack("=8sIIIiq32s256s", o.get("magic", "lkcfstat").encode(),
	                   int(o.get("version", 1)), int(o.get("size", 1344)), int(o.get("number", len(names))), pid, start, program,
	                   struct.pack("=i", 1))
	for n, v in zip(names, values):
	    data += struct.pack("=24sQ", n.encode(), v)
	data = data.ljust(1344, b"\xff" if "fill" in o else b"\0")
	with open(sys.argv[1], "wb") as f:
	    f.write(data[:int(o.get("cut", 1344))])
	END
}

# hold FILE [KEY=VALUE...]: a process that makes it, and has it in its memory: $holder. On SIGUSR1 it
# executes another program.
hold() {
	_hold=$1
	shift
	rm -f "$dir/mapped"
	python3 -c 'import mmap, os, signal, sys, time
while not os.path.exists(sys.argv[1]) or not os.path.getsize(sys.argv[1]): time.sleep(0.02)
f = open(sys.argv[1], "r+b")
m = mmap.mmap(f.fileno(), 0)
f.close()
signal.signal(signal.SIGUSR1, lambda *_: os.execv("/bin/sleep", ["sleep", "1000"]))
print("mapped", flush=True)
while True: time.sleep(100)' "$dir/$_hold" >"$dir/mapped" &
	holder=$!
	holders="$holders $holder"
	make "$_hold" "$@" pid=$holder
	within 20 grep -q mapped "$dir/mapped"
}

# run ARGUMENT...: $status, $dir/out, $dir/err
run() {
	timeout 20 "$stat" "$@" >"$dir/out" 2>"$dir/err"
	status=$?
}

# says TEXT REGEX: what is on standard error
says() {
	check "$1" grep -qE "$2" "$dir/err" || sed 's/^/# /' "$dir/err"
}

# json EXPRESSION: of d, what is on standard output
json() {
	python3 -c 'import json, sys
d = json.load(open(sys.argv[1], encoding="utf-8"))
s = {x["file"]: x for x in d["servers"]}
if not eval(sys.argv[2]): sys.exit("%s: %s" % (sys.argv[2], d))' "$dir/out" "$1"
}

fresh() {
	rm -rf "$dir/f"
	mkdir "$dir/f"
}

run --help
expect "--help" $status -eq 0
run --version
check "--version names a version" grep -qE '^lkcf-stat [0-9]+\.[0-9]+' "$dir/out"
for bad in "--nonsense" "--watch" "--watch 0" "--watch nan" "--watch 1x" "--prune --json" "a b"; do
	# shellcheck disable=SC2086
	run $bad
	expect "lkcf-stat $bad: usage" $status -eq 64
done

run "$dir/nowhere"
expect "no folder" $status -eq 1
says "and how to get one" 'statistics = .*configuration'
make plain
run "$dir/plain"
expect "a file for a folder" $status -eq 1

fresh
run "$dir/f"
expect "an empty folder" $status -eq 0
run --json "$dir/f"
check "is no server in JSON" json 'd["servers"] == [] and d["sum"] == {}'

# Two that are running, one that is gone.
hold f/1.0
first=$holder
hold f/2.0 program=haproxy values=100,200,3
second=$holder
make f/3.0 pid=$$ started=1 values=1000,2000,4
run "$dir/f"
expect "three servers" $status -eq 0
check "sums" grep -qE '^rsa_kernel +100 +7 +1000 +1107$|^rsa_kernel +100 +1000 +7 +1107$' "$dir/out"
check "two run, one is gone" sh -c "grep '^state' '$dir/out' | tr ' ' '\n' | sort | uniq -c |
	tr -s ' \n' ' ' | grep -q '1 gone 2 running'"
run --json "$dir/f"
check "JSON: states" json '[s[f]["state"] for f in ("1.0", "2.0", "3.0")] == ["running", "running", "gone"]'
check "JSON: counters" json 's["2.0"]["counters"] == {"rsa_kernel": 100, "ecdsa_kernel": 200, "in_flight": 3}'
check "JSON: sums; nothing is in flight of who is gone" json \
	'd["sum"] == {"rsa_kernel": 1107, "ecdsa_kernel": 2205, "in_flight": 4}'

# The process that made it is gone, one that it forked is not: it has the file mapped.
hold f/3.0
mapper=$holder
make f/3.0 pid=$$ started=1 values=1000,2000,4
run --json "$dir/f"
check "a server in the background is running" json \
	"s['3.0']['state'] == 'running' and s['3.0']['pid'] == $mapper"
run --prune "$dir/f"
expect "--prune" $status -eq 0
check "leaves what is in use" [ -e "$dir/f/1.0" -a -e "$dir/f/2.0" -a -e "$dir/f/3.0" ]
kill -KILL $mapper
wait $mapper 2>/dev/null
run --prune "$dir/f"
check "removes what is not" [ -e "$dir/f/1.0" -a -e "$dir/f/2.0" -a ! -e "$dir/f/3.0" ]
check "and says so" grep -q "^removed .*/3\.0$" "$dir/out"

# A process that executed another program has its number, and is another one all the same.
kill -USR1 $second
check "a server executes another program" within 10 sh -c "grep -q '^sleep' /proc/$second/comm"
run --json "$dir/f"
check "a server that executed another program is gone" json \
	's["1.0"]["state"] == "running" and s["2.0"]["state"] == "gone"'
run --prune "$dir/f"
check "and its file is removed" [ -e "$dir/f/1.0" -a ! -e "$dir/f/2.0" ]

# What the kernel says of quotas: as it says it, or nothing if it has no keys.
run --json "$dir/f"
wanted=$(awk '{ split($4, k, "/"); if (k[1]) { printf "%s%d %d/%d", s, $1, k[1], k[2]; s = "," } }' \
	/proc/key-users 2>/dev/null)
check "JSON: quotas of keys" json \
	"','.join('%d %d/%d' % (q['user'], q['keys'], q['max_keys']) for q in d['quotas']) == '$wanted'"

# Rates
(sleep 1; make f/1.0 pid=$$ values=507,5,1) &
timeout 5 "$stat" --json --watch 2 "$dir/f" | head -1 >"$dir/out"
wait $!
check "--watch: rates" json '200 < s["1.0"]["rates"]["rsa_kernel"] < 260 and d["sum_rates"]["ecdsa_kernel"] == 0'
check "--watch: a gauge has none" json '"in_flight" not in s["1.0"]["rates"]'

# Whatever is wrong with one file is said, and the others are shown.
# bad WHAT SAYS [KEY=VALUE...]
bad() {
	_what=$1 _says=$2
	shift 2
	fresh
	make f/1.0 pid=$$
	make f/9.0 pid=$$ "$@"
	run --json "$dir/f"
	expect "$_what" $status -eq 1
	says "$_what: said" "9\.0: left out: .*$_says"
	check "$_what: the others are shown" json 'list(s) == ["1.0"]'
	run --prune "$dir/f"
	check "$_what: not removed" [ -e "$dir/f/9.0" ]
}
bad "empty" "it is empty" cut=0
bad "a few bytes" "not a file of counters" cut=5
bad "the head only" "cut off" cut=300
bad "one byte missing" "cut off" cut=1343
bad "wrong magic" "not a file of counters" magic=lkcfstAt
bad "another version" "another version" version=2
bad "a size that is not its own" "damaged" size=4294967295
bad "more counters than there is room" "damaged" number=33 "names=$(seq -f c%g -s, 32)" "values=$(seq -s, 32)"
bad "4294967295 counters" "damaged" number=4294967295
bad "pid -1" "damaged" pid=-1 started=1
bad "a name that is none" "damaged" 'names=rsa_kernel,a"b,in_flight'
bad "a name twice" "damaged" names=rsa_kernel,rsa_kernel,in_flight
bad "a name without end" "damaged" number=32 fill=1
bad "an empty name" "damaged" number=32

# Not regular files: nothing waits, nothing is followed.
fresh
make f/1.0 pid=$$
make other pid=$$ started=1
ln -s "$dir/other" "$dir/f/7.0"
mkfifo "$dir/f/8.0"
mkdir "$dir/f/9.0"
echo hello >"$dir/f/README"
ln -s /dev/zero "$dir/f/10.0"
run --json "$dir/f"
expect "a link, a pipe, a folder, a device" $status -eq 1
expect "are left out, and nothing else is said" "$(grep -c 'not a regular file' "$dir/err")" -eq 4
check "the others are shown" json 'list(s) == ["1.0"]'
run --prune "$dir/f"
check "and none is removed" [ -e "$dir/other" -a -h "$dir/f/7.0" -a -p "$dir/f/8.0" ]

# Names: quotes, escapes of a terminal, not UTF-8, a character cut off, no end.
fresh
make f/1.0 pid=$$ 'program=a"b\\c\x1b[2J\n'
make f/2.0 pid=$$ 'program=\xff\xc3\xa4\xc3'
make f/3.0 pid=$$ program=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
make f/4.0 pid=$$ program= values=18446744073709551615,0,0
run --json "$dir/f"
check "JSON: quotes and escapes" json 's["1.0"]["program"] == "a\"b\\c\x1b[2J\n"'
check "JSON: what is not UTF-8" json 's["2.0"]["program"] == "\ufffd\u00e4\ufffd"'
check "JSON: no end" json 's["3.0"]["program"] == 32 * "x"'
check "JSON: no name, 64 bits" json \
	's["4.0"]["program"] == "" and s["4.0"]["counters"]["rsa_kernel"] == 2**64 - 1'
run "$dir/f"
check "a table sends a terminal nothing but text" sh -c "! LC_ALL=C grep -q '[^ -~]' '$dir/out'"

"$stat" "$dir/f" >/dev/full 2>"$dir/err"
expect "output that goes nowhere" $? -eq 1

# A file that changes all the time, and random ones.
fresh
make f/1.0 pid=$$
(until [ -e "$dir/stop" ]; do : >"$dir/f/1.0"; cat "$dir/plain" >"$dir/f/1.0"; done) &
crashed=0
for _ in $(seq 30); do
	run "$dir/f"
	[ $status -le 1 ] || crashed=$((crashed + 1))
done
touch "$dir/stop"
wait $!
for n in $(seq 50); do
	{ head -c $((n % 24)) "$dir/plain"; head -c 1400 /dev/urandom; } >"$dir/f/$n.0"
done
run --json "$dir/f"
[ $status -eq 1 ] || crashed=$((crashed + 1))
expect "crashes" $crashed -eq 0

tap_end

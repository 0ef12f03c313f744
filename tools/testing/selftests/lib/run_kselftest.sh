#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs kselftests where there is no kernel tree that has a runner. TAP; a test's own lines are comments in it.
#
# run_kselftest.sh [OPTION]... [COLLECTION:TEST]...    (default: those of kselftest-list.txt beside it)
#   -c COLLECTION   those of it
#   -d FOLDER       where the collections are (default: the folder of this script)
#   -o SECONDS      for each, instead of what its settings say
#   -l              only list them
folder=$(dirname "$0")
collection=
seconds=
list=
while getopts c:d:o:l option; do
	case $option in
	c) collection=$OPTARG ;;
	d) folder=$OPTARG ;;
	o) seconds=$OPTARG ;;
	l) list=1 ;;
	*) sed -n '5,10s/^# \{0,1\}//p' "$0" >&2; exit 64 ;;
	esac
done
shift $((OPTIND - 1))
folder=$(cd "$folder" && pwd) || exit
# shellcheck disable=SC2046 # words
[ $# -gt 0 ] || set -- $(grep "^${collection:-.*}:" "$folder/kselftest-list.txt")
[ -z "$list" ] || { printf '%s\n' "$@"; exit; }

nr=0
bad=0
echo "TAP version 13"
echo "1..$#"
for entry; do
	nr=$((nr + 1))
	place=$folder/${entry%%:*}
	limit=${seconds:-$(sed -n 's/^timeout=//p' "$place/settings" 2>/dev/null)}
	text="selftests: ${entry%%:*}: ${entry#*:}"
	echo "# timeout set to ${limit:=45}"
	echo "# $text"
	{
		(cd "$place" && exec timeout "$limit" "./${entry#*:}" </dev/null) 2>&1
		echo "ksft status $?"
	} | {
		status=1
		while IFS= read -r line; do
			case $line in
			"ksft status "*) status=${line#ksft status } ;;
			*) printf '# %s\n' "$line" ;;
			esac
		done
		exit "$status"
	}
	status=$?
	case $status in
	0) echo "ok $nr $text" ;;
	4) echo "ok $nr $text # SKIP" ;;
	124) echo "not ok $nr $text # TIMEOUT $limit seconds" ;;
	*) echo "not ok $nr $text # exit=$status" ;;
	esac
	[ $status -eq 0 ] || [ $status -eq 4 ] || bad=$((bad + 1))
done
[ $bad -eq 0 ]

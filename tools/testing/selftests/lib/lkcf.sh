# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# shellcheck disable=SC2154	# of the test: tmp
# What the tests of OpenSSL's provider share. After tap.sh; the test has made its folder $tmp.

# What the programs are told, by their environment alone
OPENSSL_CONF=$tmp/openssl.cnf
OPENSSL_MODULES=${OPENSSL_MODULES:-/run/lab/bin}
[ -e "$OPENSSL_MODULES/lkcf.so" ] || OPENSSL_MODULES=$(dirname "$(command -v lkcf.so)")
KEEP_COUNTERS=$tmp/statistics
export OPENSSL_CONF OPENSSL_MODULES KEEP_COUNTERS
plain_cnf=$tmp/plain.cnf
lkcf_example=$OPENSSL_MODULES/lkcf.cnf
preload=$OPENSSL_MODULES/keep_counters.so

# lkcf_config FILE [PARAMETER=VALUE]...: the drop-in that comes with the provider, with these
lkcf_config() {
	_file=$1
	shift
	awk -v params="$(printf '%s\n' "$@")" '{ print } /^\[lkcf_section\]/ { print params }' \
		"$lkcf_example" >"$_file"
}

# plain ARGUMENT...: the openssl command without the provider
plain() {
	OPENSSL_CONF=$plain_cnf openssl "$@"
}

# kept COMMAND...: a command whose counters stay
kept() {
	LD_PRELOAD=$preload "$@"
}

# counters FILE: what all processes counted until now
counters() {
	lkcf_ops -C "$KEEP_COUNTERS" >"$1"
}

# counted NAME: how much more of it there is in $tmp/after than in $tmp/before
counted() {
	hop_delta "$tmp/before" "$tmp/after" "$1"
}

# in_kernel: operations that the kernel computed, between those
in_kernel() {
	echo $(($(counted rsa_kernel) + $(counted ecdsa_kernel)))
}

# no_fallback TEXT: nothing was lost on the way to the kernel, or failed for it
no_fallback() {
	for _name in rsa_software ecdsa_software wrong_results keys_refused; do
		[ "$(counted $_name)" -eq 0 ] || note "$1: $_name $(counted $_name)"
	done
	expect "$1: done in software for the kernel failed, or wrong" \
		$(($(counted rsa_software) + $(counted ecdsa_software) + $(counted wrong_results))) -eq 0
}

# kernel_keys: how many keys of the provider are in the kernel
kernel_keys() {
	awk '$9 ~ /^lkcf:/ && $2 !~ /[RDi]/ { n++ } END { print n + 0 }' /proc/keys
}

# keys_are N: within 10 s
keys_are() {
	within 10 sh -c "[ \$(awk '\$9 ~ /^lkcf:/ && \$2 !~ /[RDi]/ { n++ } END { print n + 0 }' \
		/proc/keys) -eq $1 ]"
}

mkdir -p "$KEEP_COUNTERS"
chmod 1777 "$KEEP_COUNTERS"
lkcf_config "$OPENSSL_CONF" "statistics = $KEEP_COUNTERS" "log = stderr"
cat >"$plain_cnf" <<'CNF'
openssl_conf = init
[init]
providers = providers
[providers]
default = default_section
[default_section]
activate = 1
CNF

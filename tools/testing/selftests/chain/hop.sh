#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On the hypervisor and on the pool, beside asym/rsa.sh in the guest or on an
# initiator: as many operations as the caller was answered passed here, and none
# fell back.
#
# hop.sh host|target SCRIPTS     SCRIPTS: how many meet at the barriers
#
# needs: topology pair chain
here=$(dirname "$0")
. "$here/../lib/tap.sh"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# computed: by whom how much was
computed() {
	hops | grep -E '[._](ops|requests|device|kat_run|ec_local|ec_remote) '
}

# Every node is set up. The last known-answer tests may still run: begin to count when nothing was
# computed for two seconds.
lab barrier rsa-ready "$2"
was=
for _ in $(seq 30); do
	now=$(computed)
	[ "$now" != "$was" ] || break
	was=$now
	sleep 2
done
hops >"$tmp/before"
lab barrier rsa-begin "$2"
lab barrier rsa-end "$2"
hops >"$tmp/after"
lab barrier rsa-counted "$2"
ops=$(cat /run/lab/rsa-ops)
ecdsa=$(cat /run/lab/rsa-ops.ecdsa 2>/dev/null || echo 0)
note "the caller did $ops operations, $ecdsa of them of ECDSA"

expect "the caller's operations" "$ops" -gt 0
case $1 in
host)
	# The guest's driver asks for nothing but its caller's operations.
	expect "vdpa_crypto: operations" "$(delta vdpa/crypto0.requests)" -eq "$ops"
	expect "cof-pool0: operations" "$(delta class/cof-pool0.ops)" -eq "$ops"
	expect "cof-pool0: computed by the pool" "$(delta class/cof-pool0.device)" -eq "$ops"
	expect "cof-pool0: fell back to software" "$(delta class/cof-pool0.software)" -eq 0
	expect "cof-pool0: failed" "$(delta class/cof-pool0.failed)" -eq 0
	expect "cof-pool0: known-answer tests run" "$(hop "$tmp/after" class/cof-pool0.kat_run)" -gt 0
	expect "cof-pool0: known-answer tests failed" "$(hop "$tmp/after" class/cof-pool0.kat_failed)" -eq 0
	expect "vdpa_crypto's executor: ECDSA that was sent on" "$(delta exec/crypto0.ec_remote)" -eq "$ecdsa"
	expect "vdpa_crypto's executor: ECDSA computed here" "$(delta exec/crypto0.ec_local)" -eq 0
	check_selftests
	check_drivers cof-pool0-rsa cof-pool0-pkcs1-rsa cof-pool0-pkcs1-rsa-sha256 \
		cof-pool0-ecdsa-nist-p192 cof-pool0-ecdsa-nist-p256 cof-pool0-ecdsa-nist-p384 \
		cof-pool0-ecdsa-nist-p521 ;;
target)
	expect "cof_target: operations of the pool" "$(delta pool/pool0.ops)" -eq "$ops"
	expect "LKCF: operations of the pool's driver" "$(delta exec/target-pool0.driver0_ops)" -eq \
		$((ops - ecdsa))
	expect "LKCF: operations of the pool's signer" "$(delta exec/target-pool0.ec_local)" -eq "$ecdsa"
	check_drivers ecdsa-sign-nist-p192 ecdsa-sign-nist-p256 ecdsa-sign-nist-p384 ecdsa-sign-nist-p521
	grep -E '^(pool|exec)/' "$tmp/after" | sed 's/^/# /' ;;
esac
tap_end

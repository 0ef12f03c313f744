#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Outside the machines: verify the guest's signatures with OpenSSL, show the counters of each machine
# before and after, and say what that proves.
#
# report.sh FOLDER FILES
set -uo pipefail
folder=$1 files=$2
. "$folder/tap.sh"

row() # NODE COUNTER TEXT
{
	local before after
	before=$(hop "$files/$1.before" "$2") after=$(hop "$files/$1.after" "$2")
	printf '  %-7s  %-52s %8s %8s %8s\n' "$1" "$3" "$before" "$after" "+$((after - before))"
}

verified=0 made=0
for sig in "$files"/*.sig; do
	name=${sig##*/}
	bits=${name%%.*} digest=${name#*.}
	made=$((made + 1))
	padding=(-pkeyopt rsa_padding_mode:pkcs1)
	[ "$bits" != p256 ] || padding=()
	openssl pkeyutl -verify -pubin -inkey "$folder/$bits.pub" -in "$folder/${digest%.sig}" \
		-sigfile "$sig" "${padding[@]}" -pkeyopt digest:sha256 >/dev/null &&
		verified=$((verified + 1))
done

decrypted=0 secrets=0
for plain in "$files"/*.plain; do
	secrets=$((secrets + 1))
	! cmp -s "$folder/secret" "$plain" || decrypted=$((decrypted + 1))
done

printf '\nCounters of each machine, before and after the guest used its keys\n\n'
printf '  %-7s  %-52s %8s %8s %8s\n' machine counter before after added
row guest class/virtio.ops "virtio_crypto: operations requested by keyctl"
row guest class/virtio.device "virtio_crypto:   computed by the device"
row guest class/virtio.software "virtio_crypto:   computed by the guest's own software"
row host vdpa/crypto0.requests "vdpa_crypto: requests from the guest's virtqueues"
row host class/cof-pool0.ops "cof_initiator: operations requested by vdpa_crypto"
row host class/cof-pool0.device "cof_initiator:   computed by the pool"
row host class/cof-pool0.software "cof_initiator:   computed by the host's software"
row target pool/pool0.ops "cof_target: operations from the hypervisor"
driver=$(awk '$1 == "exec/target-pool0.driver0" { print $2 }' "$files/target.after")
row target exec/target-pool0.driver0_ops "LKCF: operations of the driver ${driver:-(none)}"
row target exec/target-pool0.ec_local "LKCF: ECDSA operations of the best signer"
echo
soft=$(($(hop_delta "$files/guest.before" "$files/guest.after" class/virtio.software) +
	$(hop_delta "$files/host.before" "$files/host.after" class/cof-pool0.software)))
pool=$(hop_delta "$files/target.before" "$files/target.after" pool/pool0.ops)
asked=$(hop_delta "$files/guest.before" "$files/guest.after" class/virtio.ops)
[ "$soft" -eq 0 ] || echo "demo: $soft operations fell back to software in the guest or the hypervisor"
[ "$pool" -ge "$asked" ] || echo "demo: the pool computed $pool of $asked operations"
[ "$verified" -eq "$made" ] || echo "demo: OpenSSL rejects $((made - verified)) signatures"
[ "$decrypted" -eq "$secrets" ] || echo "demo: $((secrets - decrypted)) secrets were decrypted wrongly"
cat <<TEXT
What this shows
  * Right:      $verified of $made signatures of the guest verified by OpenSSL outside; $decrypted of $secrets secrets decrypted.
  * Offloaded:  the guest requested $asked operations; the pool computed $pool, software of the guest or
                the hypervisor $soft.
  * Unchanged:  the guest's program is keyctl, the hypervisor's QEMU is Debian's.
TEXT
[ "$made" -gt 0 ] && [ "$verified" -eq "$made" ] && [ "$decrypted" -eq "$secrets" ] &&
	[ "$soft" -eq 0 ] && [ "$pool" -ge "$asked" ]

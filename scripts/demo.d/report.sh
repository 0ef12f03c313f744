#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Outside the machines: openssl verifies the guest's signatures; then the counters of every hop,
# before and after.
#
# report.sh FOLDER FILES
set -uo pipefail
folder=$1 files=$2
. "$folder/tap.sh"

row() # NODE COUNTER TEXT
{
	local before after
	before=$(hop "$files/$1.before" "$2") after=$(hop "$files/$1.after" "$2")
	printf '  %-7s  %-34s %8s %8s %8s\n' "$1" "$3" "$before" "$after" "+$((after - before))"
}

verified=0 made=0
for sig in "$files"/*.sig; do
	name=${sig##*/}
	bits=${name%%.*} digest=${name#*.}
	made=$((made + 1))
	openssl pkeyutl -verify -pubin -inkey "$folder/$bits.pub" -in "$folder/${digest%.sig}" \
		-sigfile "$sig" -pkeyopt rsa_padding_mode:pkcs1 -pkeyopt digest:sha256 >/dev/null &&
		verified=$((verified + 1))
done

cat <<TEXT

Where the work was done

  machine  counter                              before    after
TEXT
row guest class/virtio.ops "virtio_crypto: asked by keyctl"
row guest class/virtio.device "virtio_crypto: done by the device"
row guest class/virtio.software "virtio_crypto: done in software"
row host vdpa/crypto0.requests "vdpa_crypto: requests"
row host class/cof-pool0.device "cof_initiator: done by the pool"
row host class/cof-pool0.software "cof_initiator: done in software"
row target pool/pool0.ops "cof_target: operations"
row target pool/pool0.sign "cof_target:   of these, sign"
driver=$(awk '$1 ~ /^exec\/.*\.driver\./ { print $1; exit }' "$files/target.after")
grep '^exec/' "$files/target.after" | awk '$2 > 0' | while read -r counter _; do
	case $counter in
	*rsa* | *driver*) row target "$counter" "LKCF: ${counter#exec/}" ;;
	esac
done
echo
soft=$(($(hop_delta "$files/guest.before" "$files/guest.after" class/virtio.software) +
	$(hop_delta "$files/host.before" "$files/host.after" class/cof-pool0.software)))
pool=$(hop_delta "$files/target.before" "$files/target.after" pool/pool0.ops)
asked=$(hop_delta "$files/guest.before" "$files/guest.after" class/virtio.ops)
[ "$soft" -eq 0 ] || echo "demo: $soft operations fell back to software on the way"
[ "$pool" -ge "$asked" ] || echo "demo: the pool computed $pool of $asked operations"
echo "$verified of $made signatures verified by OpenSSL, $pool operations computed by the pool"
[ "$made" -gt 0 ] && [ "$verified" -eq "$made" ] && [ "$soft" -eq 0 ] && [ "$pool" -ge "$asked" ]

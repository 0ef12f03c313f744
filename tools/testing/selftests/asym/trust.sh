#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A pool that says of every signature that it is good, or nothing at all: this kernel loads no module that
# was changed, adds no forged certificate to a restricted keyring, and pkey_verify accepts no wrong
# signature, be the pool the host's or what a guest's device computes with. Then with public_ops=remote,
# which is somebody's explicit choice, operations with a public key do go there.
#
# The machine is the lab's "loop"; its last test, for sig_enforce and lockdown stay until it ends, and
# modules of ours are not signed. The pool 'evil' is its own pool0 through mitm.py.
#
# needs: topology loop, disposable, programs keyctl openssl pkey_stress python3 xz
# needs: keys 2048 p256 p384
# check: stable last, mainline last
# soak: uml last
here=$(dirname "$0")
. "$here/../lib/tap.sh"
# The keys of this test are in a session keyring of its own.
[ "$OWN_SESSION" ] || OWN_SESSION=1 exec keyctl session - "$0"
tmp=$(mktemp -d) || exit 1
. "$here/../lib/pool.sh"
stress=${PKEY_STRESS:-pkey_stress}
model=$pools/pool0
virtio_public=/sys/module/virtio_crypto/parameters/public_ops
lockdown=/sys/kernel/security/lockdown
keys=$KEY_DIR
# What the lab chose (remote, so that its tests see operations of every kind at each hop)
chosen=$(cat $model/public_ops) virtio_chosen=$(cat $virtio_public)
trap leave EXIT

leave() {
	fate nothing
	[ ! -e $virtio_public ] || echo "$virtio_chosen" >$virtio_public
	[ ! -e $model/public_ops ] || echo "$chosen" >$model/public_ops
	through 4430
	leave_pools evil
}

# through PORT: pool0, which computes for the guest's device
through() {
	[ "$(cat $model/paths/1/trsvcid)" != "$1" ] || return 0
	echo 0 >$model/paths/1/enable
	echo "$1" >$model/paths/1/trsvcid
	echo 1 >$model/paths/1/enable
	within 60 path_is pool0 live
}

choose() { # local|remote FILE
	[ -e "$2" ] || { verdict 1 "there is ${2##*/} in ${2%/*}"; return; }
	put "$1" "$2"
}

delta() {
	hop_delta "$tmp/a" "$tmp/b" "$1"
}

# refused TEXT COMMAND...: it fails, and not because it is killed
refused() {
	local text=$1 rc
	shift
	"$@" >"$tmp/out" 2>&1
	rc=$?
	[ $rc -gt 0 ] && [ $rc -lt 124 ]
	verdict $? "$text: status $rc, $(tr '\n' ' ' <"$tmp/out")"
}

# ---- what is to be judged

# A module of the distribution, and that module with a letter changed
make_modules() {
	xz -dc "$(modinfo -n dummy)" >"$tmp/good.ko" || fatal "no module to try with"
	sed 's/alias=rtnl-link-dummy/alias=rtnl-link-Dummy/' "$tmp/good.ko" >"$tmp/bad.ko"
	cmp -s "$tmp/good.ko" "$tmp/bad.ko" && fatal "the module was not changed"
}

# make_certificates NAME KEY: an authority, a certificate by it, one that was changed, and the block
# that a verification of that one would like to see as RSA's result
make_certificates() {
	local dir=$tmp/$1 pem=$2
	mkdir "$dir"
	cat >"$dir/cnf" <<-'CNF'
		[req]
		distinguished_name = dn
		[dn]
		[ca]
		basicConstraints = critical,CA:true
		keyUsage = keyCertSign
		subjectKeyIdentifier = hash
		[leaf]
		basicConstraints = critical,CA:false
		subjectKeyIdentifier = hash
		authorityKeyIdentifier = keyid
	CNF
	{
		openssl req -x509 -new -sha256 -key "$pem" -subj /CN=ca -days 3000 -extensions ca -config "$dir/cnf" \
			-out "$dir/ca.pem"
		openssl x509 -in "$dir/ca.pem" -outform DER -out "$dir/ca.der"
		openssl req -new -key $keys/p384.pem -subj /CN=leafone -config "$dir/cnf" -out "$dir/csr"
		openssl x509 -req -sha256 -in "$dir/csr" -CA "$dir/ca.pem" -CAkey "$pem" -days 2999 -set_serial 5 \
			-extfile "$dir/cnf" -extensions leaf -outform DER -out "$dir/good.der"
		sed 's/leafone/forgedX/' "$dir/good.der" >"$dir/forged.der"
		openssl asn1parse -inform DER -in "$dir/forged.der" -strparse 4 -noout -out "$dir/tbs"
		openssl dgst -sha256 -binary "$dir/tbs" >"$dir/digest"
	} 2>"$tmp/out" || fatal "openssl: $(cat "$tmp/out")"
	authority=$(keyctl padd asymmetric "$1" @s <"$dir/ca.der") || fatal "no authority $1"
	ring=$(keyctl newring "$1-ring" @s)
	keyctl restrict_keyring "$ring" asymmetric "key_or_keyring:$authority" || fatal "no restriction"
}

# block FILE: PKCS#1 v1.5 of this SHA-256, as mitm.py wants it
block() {
	python3 - "$1" >"$tmp/control.block" <<'EOT'
import sys
info = bytes.fromhex("3031300d060960864801650304020105000420") + open(sys.argv[1], "rb").read()
print((b"\0\1" + b"\xff" * (256 - 3 - len(info)) + b"\0" + info).hex())
EOT
}

# A signature that is none, of its size
wrong_signature() {
	case $1 in
	rsa) python3 -c 'import sys; sys.stdout.buffer.write(bytes([1]) + bytes(range(255)))' ;;
	*) openssl pkeyutl -sign -inkey $keys/p256.pem -in "$tmp/other" ;;
	esac
}

# encoded NAME: what pkey_verify is told of the signature
encoded() {
	case $1 in
	rsa) echo enc=pkcs1 hash=sha256 ;;
	*) echo enc=x962 hash=sha256 ;;
	esac
}

# try_module TEXT
try_module() {
	[ -e "$tmp/bad.ko" ] || return 0
	refused "$1: insmod of the changed module" timeout 60 insmod "$tmp/bad.ko" numdummies=0
	rmmod dummy 2>/dev/null
}

# try_keys TEXT: with each authority
try_keys() {
	local name
	for name in rsa ecdsa; do
		authority=$(keyctl search @s asymmetric $name) ring=$(keyctl search @s keyring $name-ring)
		block "$tmp/$name/digest"
		refused "$1, $name: a forged certificate into a restricted keyring" \
			sh -c "timeout 60 keyctl padd asymmetric forged $ring <$tmp/$name/forged.der"
		block "$tmp/digest"
		wrong_signature $name >"$tmp/signature"
		# shellcheck disable=SC2046 # words
		refused "$1, $name: pkey_verify of a wrong signature" timeout 60 keyctl pkey_verify "$authority" 0 \
			"$tmp/digest" "$tmp/signature" $(encoded $name)
		authority=$(keyctl search @s asymmetric $name)
		check "$1, $name: the right certificate" \
			sh -c "keyctl padd asymmetric leaf $ring <$tmp/$name/good.der && keyctl clear $ring"
	done
}

# answered TEXT SECONDS COMMAND...: it succeeds in this time, whoever waits for an answer
answered() {
	local text=$1 seconds=$2 start child
	shift 2
	start=$(now_ms)
	"$@" >"$tmp/out" 2>&1 &
	child=$!
	within "$seconds" eval "! kill -0 $child 2>/dev/null" ||
		note "after $seconds s: $(grep State "/proc/$child/status"), $(cat /proc/$child/wchan)"
	[ $(($(now_ms) - start)) -lt $((seconds * 1000)) ]
	verdict $? "$text: it ended ($(($(now_ms) - start)) ms)"
	# So that it does end.
	if [ -d /proc/$child ]; then
		fate nothing
		echo 0 >"$answers/enable"
		within 30 eval "[ ! -d /proc/$child ]"
		echo 1 >"$answers/enable"
	fi
	wait $child
	verdict $? "$text: $(tr '\n' ' ' <"$tmp/out")"
}

load_and_unload() {
	insmod "$tmp/good.ko" numdummies=0 && rmmod dummy
}

# seen: operations with a public key that the pool counted
seen() {
	echo $(($(delta pool/pool0.verify) + $(delta pool/pool0.encrypt)))
}

# public_operations TEXT: twelve of keyctl, all of them right
public_operations() {
	hops >"$tmp/a"
	# shellcheck disable=SC2046 # two words
	check "$1" "$stress" $(key 2048) $(key p256) -R -n 12 -o verify,encrypt
	hops >"$tmp/b"
}

# settled: the guest's device is live, and had no request for a second
settled() {
	local before
	grep -qs '^state live$' /sys/kernel/debug/virtio_crypto/*/stats || return
	before=$(cat /sys/kernel/config/vdpa_crypto/crypto0/stats/requests)
	sleep 1
	[ "$(cat /sys/kernel/config/vdpa_crypto/crypto0/stats/requests)" = "$before" ]
}

printf 0123456789abcdef0123456789abcdef >"$tmp/digest"
printf 0123456789abcdef0123456789abcdeX >"$tmp/other"
enforced=
if [ -e /sys/module/module/parameters/sig_enforce ]; then
	enforced=1
	make_modules
else
	note "this kernel checks no signatures of modules"
fi
make_certificates rsa $keys/2048.pem
make_certificates ecdsa $keys/p256.pem
begin_mitm 4493

# ---- the host
begin_pool evil 4493 9000
check "public_ops is local unless somebody says otherwise" grep -qx local $pools/evil/public_ops
within 60 tested cof-evil || fatal "the pool's algorithms are not there"
public_operations "public_ops=local, by keyctl"
expect "public_ops=local: operations that the pool saw" "$(seen)" -eq 0
expect "public_ops=local: computed by software, and called local" "$(delta class/cof-evil.local)" -eq 12
expect "public_ops=local: called a fallback" "$(delta class/cof-evil.software)" -eq 0
choose remote $pools/evil/public_ops
public_operations "public_ops=remote, by keyctl"
expect "public_ops=remote: operations that the pool saw" "$(seen)" -eq 12
expect "public_ops=remote: computed by the device" "$(delta class/cof-evil.device)" -eq 12
expect "public_ops=remote: called local" "$(delta class/cof-evil.local)" -eq 0
choose local $pools/evil/public_ops

if [ "$enforced" ]; then
	try_module "an honest pool, before signatures are enforced"
	mountpoint -q /sys/kernel/security || mount -t securityfs none /sys/kernel/security
	echo 1 >/sys/module/module/parameters/sig_enforce
	echo integrity >$lockdown
	check "signatures are enforced" grep -q Y /sys/module/module/parameters/sig_enforce
	check "the kernel is locked down" grep -qF '[integrity]' $lockdown
fi
text="a host's pool that lies"
fate lie
hops >"$tmp/a"
try_module "$text"
try_keys "$text"
hops >"$tmp/b"
expect "$text: it was asked" "$(seen)" -eq 0
text="a host's pool that verifies nothing"
fate silent
answers=$pools/evil/paths/1
[ -z "$enforced" ] || answered "$text: insmod" 15 load_and_unload
ring=$(keyctl search @s keyring ecdsa-ring)
fate silent
answered "$text: a certificate" 15 sh -c "keyctl padd asymmetric leaf $ring <$tmp/ecdsa/good.der"
fate nothing
end_pool evil

# ---- a guest: its device's host believes in its pool
choose remote $model/public_ops
choose local $virtio_public
through 4493
verdict $? "pool0, which computes for the guest's device, goes through the peer: $(cat $model/paths/1/state)"
# Its driver tests the device again.
within 60 settled
verdict $? "the guest's device is live, and its known-answer tests are over"
public_operations "a guest, public_ops=local"
expect "a guest, public_ops=local: requests of its device" "$(delta vdpa/crypto0.requests)" -eq 0
expect "a guest, public_ops=local: computed by software, and called local" "$(delta class/virtio.local)" -eq 12
choose remote $virtio_public
public_operations "a guest, public_ops=remote"
expect "a guest, public_ops=remote: requests of its device" "$(delta vdpa/crypto0.requests)" -ge 12
expect "a guest, public_ops=remote: computed by the device" "$(delta class/virtio.device)" -eq 12
choose local $virtio_public
text="a guest's pool that lies"
fate lie
hops >"$tmp/a"
try_module "$text"
try_keys "$text"
hops >"$tmp/b"
expect "$text: requests of the device" "$(delta vdpa/crypto0.requests)" -eq 0
text="a guest's pool that verifies nothing"
fate silent
answers=$model/paths/1
[ -z "$enforced" ] || answered "$text: insmod" 15 load_and_unload
fate silent
answered "$text: a certificate" 15 sh -c "keyctl padd asymmetric leaf $ring <$tmp/ecdsa/good.der"
fate nothing
tap_end

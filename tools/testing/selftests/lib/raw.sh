# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2154	# of the test: tmp
# Raw RSA through keyctl, whose results begin with zeros. After tap.sh; the test has made its folder $tmp.
raw_zeros="0 1 2 9 200"

# make_raw PEM: $raw_key, in the session keyring, and operations with it. An input is made of its result,
# with the key's other half.
make_raw() {
	local z
	openssl pkcs8 -topk8 -nocrypt -in "$1" -outform DER -out "$tmp/p8" &&
		raw_key=$(keyctl padd asymmetric raw @s <"$tmp/p8") || return 1
	# shellcheck disable=SC2086 # words
	python3 - "$tmp" "$(openssl rsa -in "$1" -noout -modulus | cut -d= -f2)" $raw_zeros <<'EOT' || return 1
import random, sys
folder, modulus = sys.argv[1], int(sys.argv[2], 16)
size = (modulus.bit_length() + 7) // 8
for zeros in map(int, sys.argv[3:]):
    result = bytes(zeros) + b"\x7f" + random.randbytes(size - zeros - 1)
    for name, value in (("decrypt.%d.result", result), ("encrypt.%d.result", result),
                        ("decrypt.%d", pow(int.from_bytes(result, "big"), 65537, modulus).to_bytes(size, "big"))):
        open(f"{folder}/{name % zeros}", "wb").write(value)
EOT
	for z in $raw_zeros; do
		openssl pkeyutl -decrypt -inkey "$1" -pkeyopt rsa_padding_mode:none \
			-in "$tmp/encrypt.$z.result" -out "$tmp/encrypt.$z" || return 1
	done
}

# raw_results TEXT: each operation, both ways
raw_results() {
	local z op right=0 all=0
	for z in $raw_zeros; do
		for op in decrypt encrypt; do
			all=$((all + 1))
			if keyctl pkey_$op "$raw_key" 0 "$tmp/$op.$z" enc=raw >"$tmp/out" 2>"$tmp/err" &&
				cmp -s "$tmp/out" "$tmp/$op.$z.result"; then
				right=$((right + 1))
			else
				note "$1: $op, a result with $z zeros in front:" \
					"$(wc -c <"$tmp/out") bytes, wrong $(cat "$tmp/err")"
			fi
		done
	done
	expect "$1: right results with 0 to 200 zeros in front" $right -eq $all
}

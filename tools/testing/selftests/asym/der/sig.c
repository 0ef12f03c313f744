// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signatures: encodings, what is right, and what the kernel says of them.
 */
#include "der.h"

static void put_integer(struct buf *b, const BIGNUM *bn)
{
	unsigned char *der = NULL, *p;
	ASN1_INTEGER *i = BN_to_ASN1_INTEGER(bn, NULL);
	int len = i2d_ASN1_INTEGER(i, &der);

	for (p = der + 1; *p & 0x80 && p == der + 1;)
		p += *p & 0x7f;
	p++;
	put_element(b, 0x02, p, len - (p - der));
	OPENSSL_free(der);
	ASN1_INTEGER_free(i);
}

static void oddify(BIGNUM *v, const struct curve *c)
{
	switch (rnd(10)) {
	case 0:
		BN_zero(v);
		break;
	case 1:
		BN_one(v);
		break;
	case 2:
		BN_copy(v, c->n);
		break;
	case 3:
		BN_copy(v, c->n);
		BN_sub_word(v, 1);
		break;
	case 4:
		BN_copy(v, c->n);
		BN_add_word(v, 1);
		break;
	case 5:
		BN_set_negative(v, 1);
		break;
	case 6:
		BN_add(v, v, c->n);
		break;
	case 7:
		BN_sub(v, c->n, v);	/* of s: the other right one */
		break;
	case 8:
		BN_one(v);
		BN_lshift(v, v, c->bytes * 8 + rnd(3) * 8);
		BN_sub_word(v, rnd(2));
		break;
	case 9:
		BN_add_word(v, 1);
	}
}

static void make_sig(struct buf *out, const struct curve *c, const uint8_t *good, size_t good_len)
{
	struct buf rs = { .len = 0 };
	const uint8_t *p = good;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, good_len);
	BIGNUM *r = BN_dup(ECDSA_SIG_get0_r(sig)), *s = BN_dup(ECDSA_SIG_get0_s(sig));
	unsigned int kind = rnd(10);

	ECDSA_SIG_free(sig);
	switch (kind) {
	case 0:
		break;
	case 1:
		oddify(r, c);
		break;
	case 2:
	case 3:
		oddify(s, c);
		break;
	case 4:
		oddify(r, c);
		oddify(s, c);
		break;
	case 5:
	case 6:
		break_one_of(3);
	}
	put_integer(&rs, r);
	put_integer(&rs, s);
	put_element(out, 0x30, rs.d, rs.len);
	break_none();
	if (kind > 6)
		break_blindly(out);
	if (kind == 9)
		break_blindly(out);
	BN_free(r);
	BN_free(s);
}

/* In DER, and r and s in [1, n - 1]? Then it is a signature, if of another key or digest. */
static bool well_formed(const struct curve *c, const uint8_t *der, size_t der_len)
{
	const uint8_t *p = der;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, der_len);
	unsigned char *again = NULL;
	const BIGNUM *r, *s;
	bool ok = false;
	int len;

	if (!sig)
		return false;
	r = ECDSA_SIG_get0_r(sig);
	s = ECDSA_SIG_get0_s(sig);
	len = i2d_ECDSA_SIG(sig, &again);
	if (len >= 0 && (size_t)len == der_len && !memcmp(again, der, len))
		ok = !BN_is_zero(r) && !BN_is_negative(r) && BN_cmp(r, c->n) < 0 &&
		     !BN_is_zero(s) && !BN_is_negative(s) && BN_cmp(s, c->n) < 0;
	OPENSSL_free(again);
	ECDSA_SIG_free(sig);
	return ok;
}

/*
 * The judge of signatures: ECDSA_verify(), which wants DER, of the element that begins at @p.
 * What is after it counts for nothing: KEYCTL_PKEY_VERIFY hands over as many bytes as the longest
 * signature has, however many the caller said, so that shorter ones are always followed by
 * something. For the same reason one that is cut off is as good as what is behind it in memory.
 */
static bool oracle_sig(const struct curve *c, EC_KEY *key, const uint8_t *digest,
		       size_t digest_len, const uint8_t *p, bool *wrong_but_good)
{
	const uint8_t *end = p, *value;
	size_t left = c->max_sig, len;
	int tag, class;

	*wrong_but_good = false;
	if (!der_next(&end, &left, &tag, &class, &value, &len))
		return false;
	if (ECDSA_verify(0, digest, digest_len, p, end - p, key) == 1)
		return true;
	*wrong_but_good = well_formed(c, p, end - p);
	return false;
}

void test_sig(const struct curve *c)
{
	unsigned int hash = rnd(ARRAY_SIZE(hashes)), k = rnd(KEYS_PER_CURVE);
	uint8_t digest[64], good[MAX_DER];
	struct buf mutant = { .len = 0 };
	bool by_cert = one_in(2), right, wrong_but_good;
	char info[64], what[128];
	size_t len;
	long ret;
	int err;

	rnd_bytes(digest, sizeof(digest));
	len = openssl_sign(c->key[k], digest, hashes[hash].bytes, good);
	make_sig(&mutant, c, good, len);
	if (one_in(12))
		digest[rnd(20)] ^= 1;
	if (one_in(2))
		rnd_bytes(mutant.d + mutant.len, sizeof(mutant.d) - mutant.len);
	else
		memset(mutant.d + mutant.len, 0, sizeof(mutant.d) - mutant.len);
	right = oracle_sig(c, c->key[k], digest, hashes[hash].bytes, mutant.d, &wrong_but_good);
	snprintf(info, sizeof(info), "enc=x962 hash=%s", hashes[hash].name);
	ret = keyctl_pkey_verify(by_cert ? c->cert[k] : c->private[k], info, digest,
				 hashes[hash].bytes, mutant.d, mutant.len);
	err = ret < 0 ? errno : 0;
	if (!err)
		accepted[SIGS]++;
	else
		refused[SIGS]++;
	snprintf(what, sizeof(what), "%s, %s: %s", by_cert ? "certificate" : "private key",
		 hashes[hash].name,
		 err ? strerror(err) : "the kernel verifies it, OpenSSL does not");
	if (mutant.len > c->max_sig) {
		if (err == EINVAL)
			return;
	} else if (!err == right && (!err || err == EKEYREJECTED ||
				     ((err == EBADMSG || err == EINVAL) && !wrong_but_good))) {
		return;
	}
	mutant.len = c->max_sig;
	disagree(SIGS, c, what, &mutant);
	print_hex("digest", digest, hashes[hash].bytes);
	len = 0;
	mutant.len = 0;
	put_point(&mutant, c, EC_KEY_get0_public_key(c->key[k]), POINT_CONVERSION_UNCOMPRESSED);
	print_hex("point ", mutant.d, mutant.len);
}

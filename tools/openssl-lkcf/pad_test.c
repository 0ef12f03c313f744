// SPDX-License-Identifier: MIT
/*
 * pad_test [--leak]: RSA's paddings, against plain implementations of the same that take no care of
 * time, in TAP. Under valgrind's memcheck every decrypted block is marked as undefined, so that a
 * branch or an address that depends on it is reported (A. Langley's "ctgrind"). --leak has such a
 * branch: valgrind must report it, or the rest means nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <valgrind/memcheck.h>

/* With its static functions, and what it tells valgrind. */
#include "pad.c"

#define ROUNDS 40

static const size_t sizes[] = { 256, 384, 512 };
static unsigned int number, failures;
static bool quick;

static void check(bool ok, const char *what)
{
	printf("%sok %u %s\n", ok ? "" : "not ", ++number, what);
	failures += !ok;
}

static void secret(const void *data, size_t size)
{
	VALGRIND_MAKE_MEM_UNDEFINED(data, size);
}

static void public(const void *data, size_t size)
{
	VALGRIND_MAKE_MEM_DEFINED(data, size);
}

static unsigned int below(unsigned int n)
{
	unsigned int r;

	if (RAND_bytes((unsigned char *)&r, sizeof(r)) != 1)
		abort();
	return r % n;
}

static void random_bytes(unsigned char *out, size_t size, bool zero_too)
{
	size_t i;

	if (RAND_bytes(out, size) != 1)
		abort();
	for (i = 0; !zero_too && i < size; i++)
		out[i] += !out[i];
}

/* A block as it is meant to be, with a message of @size bytes; most of the time then spoilt. */
static void make_pkcs1(unsigned char *em, size_t k, size_t size, unsigned int how)
{
	em[0] = 0;
	em[1] = 2;
	random_bytes(em + 2, k - 3 - size, false);
	em[k - 1 - size] = 0;
	random_bytes(em + k - size, size, true);
	switch (how) {
	case 1:
		em[0] = 1;
		break;
	case 2:
		em[1] = below(256);
		break;
	case 3:		/* no zero at all */
		random_bytes(em + 2, k - 2, false);
		break;
	case 4:		/* too early, or just not */
		em[2 + below(12)] = 0;
		break;
	case 5:
		random_bytes(em, k, true);
		break;
	}
}

static int plain_pkcs1(const unsigned char *em, size_t k)
{
	size_t i;

	if (em[0] || em[1] != 2)
		return -1;
	for (i = 2; i < k && em[i]; i++)
		;
	return i == k || i < 10 ? -1 : (int)(k - i - 1);
}

static bool test_pkcs1(size_t k)
{
	unsigned char em[512], copy[512], synthetic[512], out[512], none[512];
	unsigned char key[32], d[512], in[512];
	int wanted, got, got_open;
	size_t start = 0, start2 = 0;
	unsigned int round;

	for (round = 0; round < ROUNDS; round++) {
		make_pkcs1(em, k, round % 7 ? below(k - 11 + 1) : k - 11, round % 6);
		memcpy(copy, em, k);
		random_bytes(d, k, true);
		random_bytes(in, k, true);
		secret(d, k);
		if (!rejection_key(NULL, d, in, k, key) ||
		    !rejection_message(NULL, key, k, synthetic, &start))
			return false;
		secret(em, k);
		secret(synthetic, k);
		got = unpad_pkcs1(em, k, synthetic, start, out);
		got_open = unpad_pkcs1(em, k, NULL, 0, none);
		public(&got, sizeof(got));
		public(&got_open, sizeof(got_open));
		public(&start, sizeof(start));
		public(out, k);
		public(none, k);
		public(synthetic, k);
		wanted = plain_pkcs1(copy, k);
		if (got_open != wanted || (wanted >= 0 && memcmp(none, copy + k - wanted, wanted)))
			return false;
		if (wanted >= 0 ? got != wanted || memcmp(out, copy + k - wanted, wanted) :
		    got != (int)(k - start) || memcmp(out, synthetic + start, got))
			return false;
		/* The same again is the same: who asks twice learns nothing. */
		public(d, k);
		if (!rejection_key(NULL, d, in, k, key) ||
		    !rejection_message(NULL, key, k, em, &start2))
			return false;
		public(&start2, sizeof(start2));
		public(em, k);
		if (start != start2 || memcmp(em, synthetic, k) || start > k || k - start >= k - 10)
			return false;
	}
	return true;
}

static bool test_premaster(size_t k)
{
	unsigned char em[512], copy[512], random[PREMASTER_SIZE], out[PREMASTER_SIZE];
	unsigned int round, version;
	int alternative;
	bool good;

	for (round = 0; round < ROUNDS; round++) {
		make_pkcs1(em, k, round % 5 == 4 ? below(60) : PREMASTER_SIZE,
			   round % 6 == 4 ? 4 : round % 6 % 4);
		version = 0x0301 + below(3);
		alternative = round % 2 ? 0 : 0x0301 + (int)below(3);
		em[k - PREMASTER_SIZE] = 3;
		em[k - PREMASTER_SIZE + 1] = 1 + below(3);
		memcpy(copy, em, k);
		random_bytes(random, sizeof(random), true);
		good = plain_pkcs1(copy, k) == PREMASTER_SIZE;
		good = good && (copy[k - PREMASTER_SIZE] << 8 | copy[k - PREMASTER_SIZE + 1]) ==
			(int)version;
		if (alternative > 0 && plain_pkcs1(copy, k) == PREMASTER_SIZE &&
		    (copy[k - PREMASTER_SIZE] << 8 | copy[k - PREMASTER_SIZE + 1]) == alternative)
			good = true;
		secret(em, k);
		secret(random, sizeof(random));
		unpad_premaster(em, k, version, alternative, random, out);
		public(random, sizeof(random));
		public(out, sizeof(out));
		if (memcmp(out, good ? copy + k - PREMASTER_SIZE : random, PREMASTER_SIZE))
			return false;
	}
	return true;
}

/* libcrypto pads, in public: only what undoes it is on trial. */
static bool test_oaep(size_t k, EVP_PKEY *pkey, const EVP_MD *md, const EVP_MD *mgf1)
{
	unsigned char block[512], in[512], out[512], message[512], label[] = "a label";
	EVP_PKEY_CTX *enc = EVP_PKEY_CTX_new(pkey, NULL), *dec = EVP_PKEY_CTX_new(pkey, NULL);
	size_t size, written, max = k - 2 * EVP_MD_get_size(md) - 2;
	unsigned int round;
	bool ok = true, spoilt;
	int got;

	for (round = 0; ok && round < ROUNDS / 4; round++) {
		size = round % 3 ? below(max + 1) : max;
		random_bytes(message, size, true);
		written = sizeof(in);
		ok = EVP_PKEY_encrypt_init(enc) > 0 &&
		     EVP_PKEY_CTX_set_rsa_padding(enc, RSA_PKCS1_OAEP_PADDING) > 0 &&
		     EVP_PKEY_CTX_set_rsa_oaep_md(enc, md) > 0 &&
		     EVP_PKEY_CTX_set_rsa_mgf1_md(enc, mgf1) > 0 &&
		     EVP_PKEY_CTX_set0_rsa_oaep_label(enc, OPENSSL_memdup(label, sizeof(label)),
						      sizeof(label)) > 0 &&
		     EVP_PKEY_encrypt(enc, in, &written, message, size) > 0;
		written = sizeof(block);
		ok = ok && EVP_PKEY_decrypt_init(dec) > 0 &&
		     EVP_PKEY_CTX_set_rsa_padding(dec, RSA_NO_PADDING) > 0 &&
		     EVP_PKEY_decrypt(dec, block, &written, in, k) > 0;
		spoilt = round % 4 == 3;
		if (spoilt)
			block[below(k)] ^= 1 << below(7);
		secret(block, k);
		got = unpad_oaep(block, k, md, mgf1, label, round % 5 == 4 ? 1 : sizeof(label),
				 out);
		public(&got, sizeof(got));
		public(out, sizeof(out));
		ok = ok &&
		     (spoilt || round % 5 == 4 ? got == -1
					       : got == (int)size && !memcmp(out, message, size));
	}
	EVP_PKEY_CTX_free(enc);
	EVP_PKEY_CTX_free(dec);
	return ok;
}

/* Blocks that nobody makes who pads as he should: each has one thing wrong, but for the first. */
static bool test_oaep_wrong(size_t k, const EVP_MD *md)
{
	unsigned char em[512], out[512], *db;
	size_t h = EVP_MD_get_size(md), one;
	unsigned int how;
	int got;

	for (how = 0; how < 6; how++) {
		random_bytes(em, k, true);
		em[0] = how == 1;
		db = em + 1 + h;
		one = k - h - 1 - 30;
		if (!EVP_Digest("", 0, db, NULL, md, NULL))
			return false;
		memset(db + h, 0, one - h);
		db[one] = how == 2 ? 2 : 1;
		if (how == 2)
			memset(db + one + 1, 1, 29);
		if (how == 3)
			db[h + below(one - h)] = 0x80;
		if (how == 4)
			memset(db + one, 0, 30);
		if (how == 5)
			db[below(h)] ^= 1;
		if (!mgf1_xor(db, k - h - 1, em + 1, h, md) ||
		    !mgf1_xor(em + 1, h, db, k - h - 1, md))
			return false;
		secret(em, k);
		got = unpad_oaep(em, k, md, md, NULL, 0, out);
		public(&got, sizeof(got));
		if (got != (how ? -1 : 29))
			return false;
	}
	return true;
}

/* What we sign, libcrypto opens again. */
static bool test_sign(size_t k, EVP_PKEY *pkey, const EVP_MD *md, const EVP_MD *mgf1, int salt)
{
	unsigned char em[512], sig[512], digest[EVP_MAX_MD_SIZE];
	EVP_PKEY_CTX *raw = EVP_PKEY_CTX_new(pkey, NULL), *verify = EVP_PKEY_CTX_new(pkey, NULL);
	size_t size = EVP_MD_get_size(md), written = sizeof(sig);
	int real = mgf1 ? pss_salt_size(salt, k, size) : 0;
	bool ok;

	random_bytes(digest, size, true);
	memset(em, 0x55, sizeof(em));
	ok = mgf1 ? real >= 0 && pad_pss(NULL, em, k, md, mgf1, digest, real)
		  : pad_pkcs1_sign(em, k, md, digest, size);
	ok = ok && EVP_PKEY_sign_init(raw) > 0 &&
	     EVP_PKEY_CTX_set_rsa_padding(raw, RSA_NO_PADDING) > 0 &&
	     EVP_PKEY_sign(raw, sig, &written, em, k) > 0 && EVP_PKEY_verify_init(verify) > 0 &&
	     EVP_PKEY_CTX_set_rsa_padding(verify,
					  mgf1 ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) > 0 &&
	     EVP_PKEY_CTX_set_signature_md(verify, md) > 0;
	if (ok && mgf1)
		ok = EVP_PKEY_CTX_set_rsa_mgf1_md(verify, mgf1) > 0 &&
			EVP_PKEY_CTX_set_rsa_pss_saltlen(verify, real) > 0;
	ok = ok && EVP_PKEY_verify(verify, sig, written, digest, size) == 1;
	EVP_PKEY_CTX_free(raw);
	EVP_PKEY_CTX_free(verify);
	return ok;
}

static const char *const digests[] = {
	"MD5",	      "SHA1",	  "SHA224",   "SHA256",	  "SHA384",   "SHA512",	   "SHA512-224",
	"SHA512-256", "SHA3-224", "SHA3-256", "SHA3-384", "SHA3-512", "RIPEMD160",
};

static void test_size(size_t k)
{
	static const int salts[] = {
		RSA_PSS_SALTLEN_DIGEST, RSA_PSS_SALTLEN_MAX, RSA_PSS_SALTLEN_AUTO, 0, 1, 33
	};
	EVP_PKEY *pkey = EVP_RSA_gen(k * 8);
	EVP_MD *md, *sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	char what[100];
	size_t i, j;

	snprintf(what, sizeof(what), "PKCS#1 v1.5 decryption, %zu bits", k * 8);
	check(test_pkcs1(k), what);
	snprintf(what, sizeof(what), "TLS premaster secret, %zu bits", k * 8);
	check(test_premaster(k), what);
	for (i = 0; i < sizeof(digests) / sizeof(*digests); i += quick ? 4 : 1) {
		md = EVP_MD_fetch(NULL, digests[i], NULL);
		snprintf(what, sizeof(what), "PKCS#1 v1.5 signature, %s, %zu bits", digests[i],
			 k * 8);
		check(test_sign(k, pkey, md, NULL, 0), what);
		for (j = 0; j < sizeof(salts) / sizeof(*salts); j++) {
			snprintf(what, sizeof(what), "PSS, %s, salt %d, %zu bits", digests[i],
				 salts[j], k * 8);
			check(test_sign(k, pkey, md, j % 2 ? sha1 : md, salts[j]), what);
		}
		snprintf(what, sizeof(what), "OAEP, %s, %zu bits", digests[i], k * 8);
		check(test_oaep(k, pkey, md, i % 2 ? sha1 : md) && test_oaep_wrong(k, md), what);
		EVP_MD_free(md);
	}
	check(pss_salt_size((int)k, k, 32) == -1, "a salt too long is refused");
	check(pss_salt_size(-9, k, 32) == -1, "a salt of no size is refused");
	EVP_MD_free(sha1);
	EVP_PKEY_free(pkey);
}

int main(int argc, char **argv)
{
	unsigned char em[256];
	size_t i;

	if (argc > 1 && !strcmp(argv[1], "--leak")) {
		random_bytes(em, sizeof(em), true);
		secret(em, sizeof(em));
		check(em[0] != em[1] || em[2] != em[3], "a branch on a secret");
	} else {
		/*
		 * Valgrind takes its time; which digest and how long a key makes no other branch.
		 */
		quick = RUNNING_ON_VALGRIND;
		for (i = 0; i < (quick ? 1 : sizeof(sizes) / sizeof(*sizes)); i++)
			test_size(sizes[i]);
	}
	printf("1..%u\n", number);
	return failures != 0;
}

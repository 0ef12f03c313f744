// SPDX-License-Identifier: GPL-2.0-only
/*
 * ecdsa_der - encodings of ECDSA, right and wrong ones, to the kernel and to OpenSSL.
 *
 * Makes keys, signatures and points, changes most of them, by structure or blindly, and asks both.
 * They must agree on each. Three classes:
 *
 * keys    PKCS#8 private keys. The kernel accepts one if add_key() does, and signs with it what
 *         OpenSSL verifies by its public key. (What add_key() accepts and does not sign is
 *         always wrong.) See oracle_key() for what is right.
 * sigs    DER signatures, given to KEYCTL_PKEY_VERIFY with a private key or a certificate's key.
 *         See oracle_sig() for what is right. A signature that is well-formed, its numbers in
 *         range, and not of this key must be EKEYREJECTED.
 * points  public keys in certificates. The kernel accepts one if KEYCTL_PKEY_QUERY does; if so,
 *         a signature is verified with it, with the result of ECDSA_verify(). See oracle_point().
 *
 * All that is random comes from the seed.
 */
#include <getopt.h>
#include <time.h>

#include "der.h"

static const char * const class_names[CLASS_NR] = { "keys", "sigs", "points" };

struct curve curves[CURVE_NR] = {
	{ .name = "P-256", .nid = NID_X9_62_prime256v1 },
	{ .name = "P-384", .nid = NID_secp384r1 },
	{ .name = "P-521", .nid = NID_secp521r1 },
	{ .name = "P-192", .nid = NID_X9_62_prime192v1 },	/* last: not every kernel has it */
};

unsigned int nr_curves = ARRAY_SIZE(curves);

const point_conversion_form_t forms[FORM_NR] = {
	POINT_CONVERSION_UNCOMPRESSED, POINT_CONVERSION_COMPRESSED, POINT_CONVERSION_HYBRID,
};

const struct hash hashes[HASH_NR] = {
	{ "sha256", 32 }, { "sha1", 20 }, { "sha384", 48 }, { "sha512", 64 }
};

uint64_t rng_state;
BN_CTX *bn_ctx;
unsigned long accepted[CLASS_NR], refused[CLASS_NR];
static unsigned long disagreed;

void die(const char *what)
{
	fprintf(stderr, "ecdsa_der: %s: %s\n", what, strerror(errno));
	ERR_print_errors_fp(stderr);
	exit(2);
}

void print_hex(const char *what, const uint8_t *p, size_t len)
{
	printf("  %s ", what);
	while (len--)
		printf("%02x", *p++);
	printf("\n");
}

void disagree(enum class class, const struct curve *c, const char *what, const struct buf *b)
{
	disagreed++;
	printf("DISAGREE %s %s: %s\n", class_names[class], c->name, what);
	print_hex("mutant", b->d, b->len);
}

static key_serial_t add_private(EC_KEY *key, const char *name)
{
	EVP_PKEY *pkey = EVP_PKEY_new();
	PKCS8_PRIV_KEY_INFO *p8;
	unsigned char *der = NULL;
	key_serial_t serial;
	int len;

	if (!pkey || !EVP_PKEY_set1_EC_KEY(pkey, key))
		die("EVP_PKEY_set1_EC_KEY");
	p8 = EVP_PKEY2PKCS8(pkey);
	len = p8 ? i2d_PKCS8_PRIV_KEY_INFO(p8, &der) : -1;
	if (len < 0)
		die("i2d_PKCS8_PRIV_KEY_INFO");
	serial = add_key("asymmetric", name, der, len, KEY_SPEC_PROCESS_KEYRING);
	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(p8);
	EVP_PKEY_free(pkey);
	return serial;
}

static bool set_up(struct curve *c)
{
	struct keyctl_pkey_query query;
	unsigned char *der = NULL;
	unsigned int i;
	char name[32];
	EC_GROUP *explicit;

	c->group = EC_GROUP_new_by_curve_name(c->nid);
	c->n = EC_GROUP_get0_order(c->group);
	c->p = EC_GROUP_get0_field(c->group);
	c->bytes = BN_num_bytes(c->n);
	put(&c->oid, der, 0);
	i = i2d_ASN1_OBJECT(OBJ_nid2obj(c->nid), &der);
	put(&c->oid, der, i);
	OPENSSL_free(der);
	der = NULL;
	explicit = EC_GROUP_dup(c->group);
	EC_GROUP_set_asn1_flag(explicit, OPENSSL_EC_EXPLICIT_CURVE);
	i = i2d_ECPKParameters(explicit, &der);
	put(&c->explicit, der, i);
	OPENSSL_free(der);
	EC_GROUP_free(explicit);

	for (i = 0; i < KEYS_PER_CURVE; i++) {
		BIGNUM *d = random_scalar(c);
		struct buf point = { .len = 0 };

		c->key[i] = key_of(c, d);
		BN_free(d);
		snprintf(name, sizeof(name), "%s-%u", c->name, i);
		c->private[i] = add_private(c->key[i], name);
		if (c->private[i] < 0 ||
		    keyctl_pkey_query(c->private[i], "enc=x962 hash=sha256", &query) < 0)
			return false;
		c->max_sig = query.max_sig_size;
		put_point(&point, c, EC_KEY_get0_public_key(c->key[i]),
			  POINT_CONVERSION_UNCOMPRESSED);
		snprintf(name, sizeof(name), "%s-%u cert", c->name, i);
		c->cert[i] = add_cert(c, &point, name);
		if (c->cert[i] < 0)
			die("loading a certificate");
	}
	return true;
}

static const char usage[] =
"Usage: ecdsa_der [OPTION]...\n"
"Encodings of ECDSA keys, signatures and points, most of them wrong, to the kernel and to OpenSSL.\n\n"
"  -n, --count N       of each class (default 2000)\n"
"  -S, --seed N        default: the time; printed\n"
"  -c, --class CLASS   keys, sigs or points alone\n\n"
"Exit status: 0 they agree, 1 they do not (mutants are printed), 2 it could not start.\n";

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "count", 1, NULL, 'n' }, { "seed", 1, NULL, 'S' }, { "class", 1, NULL, 'c' },
		{ "help", 0, NULL, 'h' }, { }
	};
	static void (* const tests[CLASS_NR])(const struct curve *) = {
		test_key, test_sig, test_point,
	};
	unsigned long count = 2000, seed = time(NULL), i;
	struct timespec start, end;
	unsigned int class, only = CLASS_NR;
	int c;

	while ((c = getopt_long(argc, argv, "n:S:c:h", options, NULL)) != -1) {
		switch (c) {
		case 'n':
			count = strtoul(optarg, NULL, 0);
			break;
		case 'S':
			seed = strtoul(optarg, NULL, 0);
			break;
		case 'c':
			for (only = 0; only < CLASS_NR && strcmp(optarg, class_names[only]);)
				only++;
			if (only < CLASS_NR)
				break;
			__attribute__((__fallthrough__));
		default:
			fputs(usage, c == 'h' ? stdout : stderr);
			return c == 'h' ? 0 : 2;
		}
	}
	rng_state = seed;
	bn_ctx = BN_CTX_new();
	printf("seed=%lu\n", seed);
	for (i = 0; i < ARRAY_SIZE(curves); i++)
		if (!set_up(&curves[i])) {
			if (i < 3)
				die("loading a private key (is our pkcs8_key_parser loaded?)");
			printf("this kernel has no P-192: %s\n", strerror(errno));
			nr_curves = 3;
		}

	for (class = 0; class < CLASS_NR; class++) {
		if (only < CLASS_NR && class != only)
			continue;
		clock_gettime(CLOCK_MONOTONIC, &start);
		for (i = 0; i < count && disagreed < 20; i++) {
			tests[class](&curves[rnd(nr_curves)]);
			ERR_clear_error();
		}
		clock_gettime(CLOCK_MONOTONIC, &end);
		printf("%s: accepted=%lu refused=%lu seconds=%.1f\n", class_names[class],
		       accepted[class], refused[class],
		       end.tv_sec - start.tv_sec + (end.tv_nsec - start.tv_nsec) / 1e9);
	}
	printf("mutants=%lu disagreements=%lu seed=%lu\n",
	       accepted[0] + accepted[1] + accepted[2] + refused[0] + refused[1] + refused[2],
	       disagreed, seed);
	return !!disagreed;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mode ops: one of each padding, digest, salt and error, again and again.
 */
#include "ops.h"

static const char * const digests[] = {
	"SHA1", "SHA2-224", "SHA2-256", "SHA2-384", "SHA2-512", "SHA2-512/224", "SHA2-512/256",
	"SHA3-224", "SHA3-256", "SHA3-384", "SHA3-512",
};

/* These for PKCS#1 only */
static const char * const old_digests[] = { "MD5", "MD5-SHA1", "RIPEMD-160" };

static const int salts[] = {
	UNSET, RSA_PSS_SALTLEN_DIGEST, RSA_PSS_SALTLEN_AUTO, RSA_PSS_SALTLEN_MAX,
	RSA_PSS_SALTLEN_AUTO_DIGEST_MAX, 0, 17,
};

static struct shape shapes[MAX_SHAPES];
static unsigned int nr_shapes;

static struct shape *shape(const char *class, bool ec, enum kind kind, enum judge judge)
{
	struct shape *s = &shapes[nr_shapes];

	if (++nr_shapes > MAX_SHAPES)
		die("too many shapes");
	s->ec = ec;
	s->op = (struct op){ .class = class, .kind = kind, .judge = judge, .salt = UNSET,
			     .implicit = UNSET, .room = MAX_OUT };
	return s;
}

/* A digest of the right length, or a message */
void make_input(const struct shape *s, const struct key *key, struct op *op,
		uint64_t *state)
{
	(void)key;
	op->in_len = op->kind == DIGEST_SIGN ? chance(state, 600) : digest_size(op->md);
	op->in_len += s->extra;
	chance_bytes(state, op->in, op->in_len);
}

/* No digest is named: as many bytes as PKCS#1 has place for */
static void make_no_digest(const struct shape *s, const struct key *key, struct op *op,
			   uint64_t *state)
{
	op->in_len = s->extra ? key->bytes - 11 + s->extra : chance(state, key->bytes - 10);
	chance_bytes(state, op->in, op->in_len);
}

static void make_odd_digest(const struct shape *s, const struct key *key, struct op *op,
			    uint64_t *state)
{
	static const size_t of_hashes[] = { 20, 28, 32, 48, 64 };

	(void)s;
	(void)key;
	op->in_len = 1 + chance(state, 90);
	chance_bytes(state, op->in, op->in_len);
	/* The kernel wants to know which hash it is; there is none for other lengths. */
	op->where = UNQUALIFIED;
	for (unsigned int i = 0; i < ARRAY_SIZE(of_hashes); i++)
		if (op->in_len == of_hashes[i])
			op->where = KERNEL;
}

/* As long as the modulus, and below it; with extra, longer or shorter */
static void make_raw(const struct shape *s, const struct key *key, struct op *op,
		     uint64_t *state)
{
	op->in_len = key->bytes + s->extra;
	chance_bytes(state, op->in, op->in_len);
	op->in[0] &= 0x7f;
}

static void make_above(const struct shape *s, const struct key *key, struct op *op,
		       uint64_t *state)
{
	(void)s;
	(void)state;
	op->in_len = key->bytes;
	memset(op->in, 0xff, op->in_len);
}

/* A constant: 0 (decrypts to 0), 1 */
static void make_small(const struct shape *s, const struct key *key, struct op *op,
		       uint64_t *state)
{
	(void)state;
	op->in_len = key->bytes;
	memset(op->in, 0, op->in_len);
	op->in[op->in_len - 1] = s->extra;
}

/* Too small a buffer for the result: by one byte, or none */
static void make_short_buffer(const struct shape *s, const struct key *key, struct op *op,
			      uint64_t *state)
{
	make_input(s, key, op, state);
	op->room = op->nonce_type ? 8 : key->bytes - 1;
}

/* Encrypt op->plain as the decryption is told to expect it: raw, if the caller padded it itself */
static void encrypt(const struct key *key, const struct op *how, struct op *op)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(soft, key->soft, NULL);
	struct op plain = *how;

	plain.client_version = 0;
	plain.implicit = UNSET;
	op->in_len = sizeof(op->in);
	if (!ctx || EVP_PKEY_encrypt_init(ctx) <= 0 || !set_up(ctx, &plain) ||
	    EVP_PKEY_encrypt(ctx, op->in, &op->in_len, how->plain, how->plain_len) <= 0)
		die("no ciphertext");
	EVP_PKEY_CTX_free(ctx);
}

void make_encrypted(const struct shape *s, const struct key *key, struct op *op,
		    uint64_t *state)
{
	size_t most = key->bytes - 11;

	if (op->pad == RSA_PKCS1_OAEP_PADDING)
		most = key->bytes - 2 - 2 * digest_size(op->md);
	op->plain_len = chance(state, most + 1);
	chance_bytes(state, op->plain, op->plain_len);
	encrypt(key, op, op);
	/* The buffer may be small, the ciphertext shorter, or not what it was. */
	switch (s->extra) {
	case 1:
		op->in[op->in_len / 2] ^= 1;
		op->in[0] &= 0x7f;
		break;
	case 2:
		op->in_len--;
		break;
	case 3:
		op->room = op->plain_len ? op->plain_len - 1 : 0;
		break;
	case 4:
		op->room = key->bytes - 1;
		break;
	}
}

/*
 * A block 00 02, padding, 00, premaster, in which something is wrong: extra is what. The padding
 * checks of the two providers see the very same block.
 */
static void make_block(const struct shape *s, const struct key *key, struct op *op,
		       uint64_t *state)
{
	struct op raw = { .pad = RSA_NO_PADDING, .salt = UNSET, .implicit = UNSET };
	size_t len = TLS_PREMASTER, at;
	uint8_t *block = raw.plain;

	if (s->extra == 6)
		len--;
	if (s->extra == 7)
		len++;
	raw.plain_len = key->bytes;
	at = raw.plain_len - len;
	for (size_t i = 2; i < at - 1; i++)
		block[i] = 1 + chance(state, 255);
	block[1] = 2;
	chance_bytes(state, block + at, len);
	block[at] = op->client_version >> 8;
	block[at + 1] = op->client_version & 0xff;
	switch (s->extra) {
	case 1:
		block[0] = 1;
		break;
	case 2:
		block[1] = 1;
		break;
	case 3:
		block[2 + chance(state, 8)] = 0;
		break;
	case 4:	/* no zero at all */
		block[at - 1] = 1;
		for (size_t i = at; i < raw.plain_len; i++)
			block[i] |= 1;
		break;
	case 5:	/* another version */
		block[at + 1] ^= 0x40;
		break;
	case 8:	/* the negotiated one, which old clients send */
		block[at] = op->version >> 8;
		block[at + 1] = op->version & 0xff;
		break;
	}
	op->plain_len = len;
	memcpy(op->plain, block + at, len);
	encrypt(key, &raw, op);
}

static struct shape *add(struct shape *s, int pad, const char *md, enum where where, int extra,
			 void (*make)(const struct shape *shape, const struct key *key,
				      struct op *op, uint64_t *state))
{
	s->op.pad = pad;
	s->op.md = md;
	s->op.where = where;
	s->make = make;
	s->extra = extra;
	return s;
}

static void make_shapes_sign(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(digests) + ARRAY_SIZE(old_digests); i++) {
		bool old = i >= ARRAY_SIZE(digests);
		const char *md = old ? old_digests[i - ARRAY_SIZE(digests)] : digests[i];

		add(shape("PKCS#1", false, SIGN, EQUAL), RSA_PKCS1_PADDING, md, KERNEL, 0,
		    make_input);
		add(shape("PKCS#1 message", false, DIGEST_SIGN, EQUAL), RSA_PKCS1_PADDING, md,
		    KERNEL, 0, make_input);
		if (old)
			continue;
		for (unsigned int j = 0; j < ARRAY_SIZE(salts); j++) {
			enum kind kind = (i + j) % 2 ? SIGN : DIGEST_SIGN;

			add(shape("PSS", false, kind, salts[j] ? VERIFIED : EQUAL),
			    RSA_PKCS1_PSS_PADDING, md, KERNEL, 0, make_input)->op.salt = salts[j];
		}
		for (unsigned int j = 1; j < ARRAY_SIZE(digests); j += 4) {
			struct shape *s = add(shape("PSS mgf1", false, SIGN, VERIFIED),
					      RSA_PKCS1_PSS_PADDING, md, KERNEL, 0, make_input);

			s->op.mgf1 = digests[(i + j) % ARRAY_SIZE(digests)];
			s->op.salt = salts[(i + j) % ARRAY_SIZE(salts)];
		}
		add(shape("ECDSA", true, SIGN, VERIFIED), 0, md, KERNEL, 0, make_input);
		add(shape("ECDSA message", true, DIGEST_SIGN, VERIFIED), 0, md, KERNEL, 0,
		    make_input);
	}
	add(shape("PKCS#1 no digest", false, SIGN, EQUAL), RSA_PKCS1_PADDING, NULL, KERNEL, 0,
	    make_no_digest);
	add(shape("raw", false, SIGN, EQUAL), RSA_NO_PADDING, NULL, KERNEL, 0, make_raw);
	for (unsigned int i = 0; i < 4; i++)
		add(shape("ECDSA odd digest", true, SIGN, VERIFIED), 0, NULL, KERNEL, 0,
		    make_odd_digest);
	add(shape("ECDSA deterministic", true, SIGN, EQUAL), 0, "SHA2-256", UNQUALIFIED, 0,
	    make_input)->op.nonce_type = 1;
}

static void make_shapes_decrypt(void)
{
	static const char * const oaep[][2] = {
		{ "SHA1", NULL }, { "SHA2-256", NULL }, { "SHA2-512", NULL },
		{ "SHA2-256", "SHA1" }, { "SHA3-256", NULL }, { "SHA2-224", "SHA2-384" },
	};

	for (unsigned int i = 0; i < 3; i++) {
		add(shape("decrypt PKCS#1", false, DECRYPT, EQUAL), RSA_PKCS1_PADDING, NULL,
		    KERNEL, 0, make_encrypted);
		add(shape("implicit rejection, flipped", false, DECRYPT, EQUAL),
		    RSA_PKCS1_PADDING, NULL, KERNEL, 1, make_encrypted);
		add(shape("implicit rejection, random", false, DECRYPT, EQUAL),
		    RSA_PKCS1_PADDING, NULL, KERNEL, 0, make_raw);
	}
	for (int i = 1; i <= 4; i++)
		add(shape("implicit rejection, block", false, DECRYPT, EQUAL),
		    RSA_PKCS1_PADDING, NULL, KERNEL, i, make_block)->op.client_version = 0;
	for (int i = 0; i < 2; i++)
		add(shape("explicit rejection", false, DECRYPT, EQUAL), RSA_PKCS1_PADDING, NULL,
		    KERNEL, i, make_encrypted)->op.implicit = 0;
	add(shape("decrypt raw", false, DECRYPT, EQUAL), RSA_NO_PADDING, NULL, KERNEL, 0,
	    make_raw);
	for (unsigned int i = 0; i < ARRAY_SIZE(oaep) * 4; i++) {
		struct shape *s = add(shape("OAEP", false, DECRYPT, EQUAL),
				      RSA_PKCS1_OAEP_PADDING, oaep[i / 4][0], KERNEL, i & 1,
				      make_encrypted);

		s->op.mgf1 = oaep[i / 4][1];
		s->op.label = i & 2;
	}
	for (int i = 0; i <= 8; i++) {
		struct shape *s = add(shape("TLS premaster", false, DECRYPT,
					    i == 0 || i == 8 ? EQUAL : PREMASTER),
				      RSA_PKCS1_WITH_TLS_PADDING, NULL, KERNEL, i, make_block);

		s->op.client_version = 0x303;
		s->op.version = i == 8 ? 0x301 : 0;
	}
}

static void make_shapes_errors(void)
{
	static const int pads[] = {
		RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING, RSA_NO_PADDING, 0
	};
	struct shape *s;

	for (unsigned int i = 0; i < ARRAY_SIZE(pads); i++) {
		int pad = pads[i];
		const char *md = pad == RSA_NO_PADDING ? NULL : "SHA2-256";

		s = shape("size query", !pad, SIGN, EQUAL);
		add(s, pad, md, ANYWHERE, 0, md ? make_input : make_raw)->op.query = true;
		s = shape("size query", !pad, DIGEST_SIGN, EQUAL);
		add(s, pad, "SHA2-256", ANYWHERE, 0, make_input)->op.query = true;
		if (!md)
			continue;
		for (int extra = -1; extra <= 1; extra += 2)
			add(shape("wrong digest length", !pad, SIGN, EQUAL), pad, md, ANYWHERE,
			    extra, make_input);
		/* Long enough for some signatures of ECDSA: these are not for here. */
		s = shape("short buffer", !pad, SIGN, EQUAL);
		add(s, pad, md, ANYWHERE, 0, make_short_buffer);
		if (!pad)
			s->op.nonce_type = 1;
	}
	add(shape("above the modulus", false, SIGN, EQUAL), RSA_NO_PADDING, NULL, ANYWHERE, 0,
	    make_above);
	add(shape("above the modulus", false, DECRYPT, EQUAL), RSA_NO_PADDING, NULL, ANYWHERE, 0,
	    make_above);
	add(shape("above the modulus", false, DECRYPT, EQUAL), RSA_PKCS1_PADDING, NULL, ANYWHERE,
	    0, make_above);
	for (int extra = -1; extra <= 1; extra += 2) {
		add(shape("raw, wrong length", false, SIGN, EQUAL), RSA_NO_PADDING, NULL,
		    ANYWHERE, extra, make_raw);
		add(shape("raw, wrong length", false, DECRYPT, EQUAL), RSA_NO_PADDING, NULL,
		    ANYWHERE, extra, make_raw);
		add(shape("decrypt, wrong length", false, DECRYPT, EQUAL), RSA_PKCS1_PADDING,
		    NULL, ANYWHERE, extra, make_raw);
	}
	for (int i = 0; i < 2; i++) {
		add(shape("decrypt 0 and 1", false, DECRYPT, EQUAL), RSA_PKCS1_PADDING, NULL,
		    ANYWHERE, i, make_small);
		add(shape("decrypt 0 and 1", false, DECRYPT, EQUAL), RSA_NO_PADDING, NULL,
		    ANYWHERE, i, make_small);
	}
	for (int i = 2; i <= 4; i++)
		add(shape("decrypt, short", false, DECRYPT, EQUAL), RSA_PKCS1_PADDING, NULL,
		    ANYWHERE, i, make_encrypted);
	add(shape("decrypt, query", false, DECRYPT, EQUAL), RSA_PKCS1_PADDING, NULL, ANYWHERE, 0,
	    make_encrypted)->op.query = true;
	add(shape("OAEP, query", false, DECRYPT, EQUAL), RSA_PKCS1_OAEP_PADDING, "SHA1",
	    ANYWHERE, 0, make_encrypted)->op.query = true;
	add(shape("OAEP, short", false, DECRYPT, EQUAL), RSA_PKCS1_OAEP_PADDING, "SHA1",
	    ANYWHERE, 3, make_encrypted);
	add(shape("no digest, too long", false, SIGN, EQUAL), RSA_PKCS1_PADDING, NULL, ANYWHERE,
	    1, make_no_digest);
	add(shape("PSS, salt too long", false, SIGN, EQUAL), RSA_PKCS1_PSS_PADDING, "SHA2-512",
	    ANYWHERE, 0, make_input)->op.salt = 4096 / 8;
}

/* RSA: most of the small ones, which are fast; ECDSA: any */
static struct key *pick(bool ec, uint64_t *state)
{
	struct key *of[MAX_KEYS];
	unsigned int n = 0, i;

	for (i = 0; i < nr_keys; i++)
		if (keys[i].ec == ec)
			of[n++] = &keys[i];
	if (!n)
		return NULL;
	i = chance(state, n);
	return of[ec || chance(state, 10) < 3 ? i : 0];
}

void mode_ops(void)
{
	unsigned long of[MAX_SHAPES] = { }, total = 0;
	uint64_t state = seed;

	make_contexts();
	load_keys();
	make_shapes_sign();
	make_shapes_decrypt();
	make_shapes_errors();
	for (unsigned long i = 0; total < count && i < 2 * (count + MAX_SHAPES); i++) {
		/* In turn, from a place of the seed's: a few operations are others each time. */
		unsigned int nr = (i + seed) % nr_shapes;
		struct shape *s = &shapes[nr];
		const struct key *key = pick(s->ec, &state);
		struct op op = s->op;

		if (!key)
			continue;
		s->make(s, key, &op, &state);
		check_one(key, &op);
		of[nr]++;
		total++;
	}
	for (unsigned int i = 0; i < nr_shapes; i++) {
		unsigned long n = 0;

		for (unsigned int j = i; j < nr_shapes; j++) {
			if (strcmp(shapes[i].op.class, shapes[j].op.class))
				continue;
			n += of[j];
			of[j] = 0;
		}
		if (n)
			printf("lkcf_ops: %s: %lu\n", shapes[i].op.class, n);
	}
	if (total < count)
		complain("ops", "fewer than asked for");
	judge_counters(false);
	free_keys();
	drop_contexts();
}

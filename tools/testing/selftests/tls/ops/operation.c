// SPDX-License-Identifier: GPL-2.0-only
/*
 * One operation: computed, judged, and where it was computed.
 */
#include "ops.h"

int set_up(EVP_PKEY_CTX *ctx, const struct op *op)
{
	static const char negotiated[] = OSSL_ASYM_CIPHER_PARAM_TLS_NEGOTIATED_VERSION;
	OSSL_PARAM params[4], *p = params;
	unsigned int client = op->client_version, version = op->version, nonce = op->nonce_type;
	unsigned int implicit = op->implicit;

	if (op->pad && EVP_PKEY_CTX_set_rsa_padding(ctx, op->pad) <= 0)
		return 0;
	if (op->kind == DECRYPT && op->pad == RSA_PKCS1_OAEP_PADDING) {
		if (op->md && EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, op->md, NULL) <= 0)
			return 0;
		if (op->label) {
			char *label = OPENSSL_strdup("a label");

			if (EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, label, 7) <= 0) {
				OPENSSL_free(label);
				return 0;
			}
		}
	}
	if (op->mgf1 && EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, op->mgf1, NULL) <= 0)
		return 0;
	if (op->salt != UNSET && EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, op->salt) <= 0)
		return 0;
	if (client) {
		*p++ = OSSL_PARAM_construct_uint(OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION,
						 &client);
		if (version)
			*p++ = OSSL_PARAM_construct_uint(negotiated, &version);
	}
	if (op->implicit != UNSET)
		*p++ = OSSL_PARAM_construct_uint(OSSL_ASYM_CIPHER_PARAM_IMPLICIT_REJECTION,
						 &implicit);
	if (nonce)
		*p++ = OSSL_PARAM_construct_uint(OSSL_SIGNATURE_PARAM_NONCE_TYPE, &nonce);
	*p = OSSL_PARAM_construct_end();
	return p == params || EVP_PKEY_CTX_set_params(ctx, params) > 0;
}

static int set_digest(EVP_PKEY_CTX *ctx, const char *md)
{
	OSSL_PARAM params[2] = {
		OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, (char *)md, 0),
		OSSL_PARAM_construct_end()
	};

	return !md || EVP_PKEY_CTX_set_params(ctx, params) > 0;
}

static int digest_sign(OSSL_LIB_CTX *ctx, EVP_PKEY *pkey, const struct op *op, struct result *r)
{
	EVP_MD_CTX *mdctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	size_t half = op->in_len / 2;
	int ok;

	ok = mdctx && EVP_DigestSignInit_ex(mdctx, &pctx, op->md, ctx, NULL, pkey, NULL) > 0 &&
		set_up(pctx, op) && EVP_DigestSignUpdate(mdctx, op->in, half) > 0 &&
		EVP_DigestSignUpdate(mdctx, op->in + half, op->in_len - half) > 0 &&
		EVP_DigestSignFinal(mdctx, op->query ? NULL : r->out, &r->len) > 0;
	EVP_MD_CTX_free(mdctx);
	return ok;
}

void compute(OSSL_LIB_CTX *libctx, EVP_PKEY *pkey, const struct op *op, struct result *r)
{
	uint8_t *out = op->query ? NULL : r->out;
	EVP_PKEY_CTX *ctx;

	memset(r, 0, sizeof(*r));
	r->len = op->room;
	ERR_set_mark();
	if (op->kind == DIGEST_SIGN) {
		r->rc = digest_sign(libctx, pkey, op, r);
	} else {
		ctx = EVP_PKEY_CTX_new_from_pkey(libctx, pkey, NULL);
		if (op->kind == SIGN)
			r->rc = ctx && EVP_PKEY_sign_init(ctx) > 0 && set_up(ctx, op) &&
				set_digest(ctx, op->md) &&
				EVP_PKEY_sign(ctx, out, &r->len, op->in, op->in_len) > 0;
		else
			r->rc = ctx && EVP_PKEY_decrypt_init(ctx) > 0 && set_up(ctx, op) &&
				EVP_PKEY_decrypt(ctx, out, &r->len, op->in, op->in_len) > 0;
		EVP_PKEY_CTX_free(ctx);
	}
	if (!r->rc)
		r->len = 0;
	/* The caller shows what is on the queue if it does not like the result. */
	ERR_clear_last_mark();
}

size_t digest_size(const char *name)
{
	EVP_MD *md = EVP_MD_fetch(soft, name, NULL);
	int size = md ? EVP_MD_get_size(md) : 0;

	EVP_MD_free(md);
	return size > 0 ? size : 0;
}

/* The salt that a signature of @op must have: it is verified with that length */
static int salt_of(const struct key *key, const struct op *op)
{
	int hash = digest_size(op->md), most = (int)key->bytes - hash - 2;

	switch (op->salt) {
	case UNSET:
	case RSA_PSS_SALTLEN_AUTO_DIGEST_MAX:
		return hash < most ? hash : most;
	case RSA_PSS_SALTLEN_DIGEST:
		return hash;
	case RSA_PSS_SALTLEN_MAX:
	case RSA_PSS_SALTLEN_AUTO:
		return most;
	}
	return op->salt;
}

static int verify(const struct key *key, const struct op *op, const struct result *r)
{
	struct op how = *op;
	int ok;

	how.nonce_type = 0;
	if (op->pad == RSA_PKCS1_PSS_PADDING)
		how.salt = salt_of(key, op);
	if (op->kind == DIGEST_SIGN) {
		EVP_MD_CTX *mdctx = EVP_MD_CTX_new();
		EVP_PKEY_CTX *pctx;

		ok = mdctx && EVP_DigestVerifyInit_ex(mdctx, &pctx, op->md, soft, NULL, key->soft,
						      NULL) > 0 &&
			set_up(pctx, &how) &&
			EVP_DigestVerify(mdctx, r->out, r->len, op->in, op->in_len) == 1;
		EVP_MD_CTX_free(mdctx);
	} else {
		EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(soft, key->soft, NULL);

		ok = ctx && EVP_PKEY_verify_init(ctx) > 0 && set_up(ctx, &how) &&
			set_digest(ctx, op->md) &&
			EVP_PKEY_verify(ctx, r->out, r->len, op->in, op->in_len) == 1;
		EVP_PKEY_CTX_free(ctx);
	}
	return ok;
}

bool is_right(const struct key *key, const struct op *op, const struct result *got)
{
	struct result want;

	switch (op->judge) {
	case EQUAL:
		compute(soft, key->soft, op, &want);
		return got->rc == want.rc && got->len == want.len &&
			(op->query || !memcmp(got->out, want.out, want.len));
	case VERIFIED:
		return got->rc && verify(key, op, got);
	case PREMASTER:
		compute(soft, key->soft, op, &want);
		return got->rc && want.rc && got->len == TLS_PREMASTER && want.len == got->len &&
			memcmp(got->out, op->plain, TLS_PREMASTER);
	}
	return false;
}

void describe(char *text, size_t size, const struct key *key, const struct op *op)
{
	snprintf(text, size, "%s, pad %d, md %s, mgf1 %s, salt %d, %zu bytes, room %zd%s, %s%d",
		 op->class, op->pad, op->md ? : "-", op->mgf1 ? : "-", op->salt, op->in_len,
		 (ssize_t)op->room, op->query ? ", query" : "", key->ec ? "EC-" : "RSA-",
		 EVP_PKEY_get_bits(key->soft));
}

/* One operation, its result and its counters; only one thread may do so */
void check_one(const struct key *key, const struct op *op)
{
	struct values before = read_counters(), after;
	struct result got;
	char text[256];
	uint64_t here, other, lost;

	compute(kern, key->kern, op, &got);
	describe(text, sizeof(text), key, op);
	if (!is_right(key, op, &got))
		complain("not what the default provider says", text);
	ERR_clear_error();
	atomic_fetch_add(&done, 1);
	if (without)
		return;
	after = read_counters();
	here = in_kernel(&after) - in_kernel(&before);
	other = after.v[UNQUALIFIED_OPS] - before.v[UNQUALIFIED_OPS];
	lost = after.v[RSA_SOFTWARE] + after.v[ECDSA_SOFTWARE] -
		before.v[RSA_SOFTWARE] - before.v[ECDSA_SOFTWARE];
	if (lost || (op->where == KERNEL ? here != 1 || other :
		     op->where == UNQUALIFIED ? here || other != 1 : here > 1))
		complain("not computed where it should be", text);
}

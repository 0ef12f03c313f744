// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkcs8_key_parser: private keys in PKCS#8 (RFC 5208, RFC 5958), unencrypted, for keys of type
 * "asymmetric". The module replaces the kernel's own parser, has its name, and accepts ECDSA keys
 * besides RSA keys: the kernel asks only the first parser that recognizes a format.
 *
 * This file decodes the outer structure with the kernel's BER decoder and the grammar of the
 * kernel's own parser, so that RSA keys are accepted and refused as before. When the algorithm is
 * ECDSA, it passes the whole key to ec.c.
 *
 * Parsers run in process context, with a read lock held by the caller. They share no state.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/array_size.h>
#include <linux/asn1.h>
#include <linux/asn1_ber_bytecode.h>
#include <linux/asn1_decoder.h>
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/oid_registry.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <crypto/public_key.h>
#include <keys/asymmetric-parser.h>
#include <keys/asymmetric-subtype.h>

#include "types.h"

/* The charge of a key to its owner's quota, as in the kernel's own parser */
#define PKCS8_QUOTA	100

/*
 * A key outlives this module: the names that it points to are in its own memory, which
 * public_key_free() frees by its first member.
 */
struct pkcs8_payload {
	struct public_key pub;
	char id_type[8];
	char algo[sizeof("ecdsa-nist-p256")];
};

static_assert(!offsetof(struct pkcs8_payload, pub));

struct pkcs8_ctx {
	struct pkcs8_key key;
	enum OID oid;
	u8 version;
	bool is_ec;
};

static int note_version(void *context, size_t hdrlen, unsigned char tag, const void *value,
			size_t vlen)
{
	struct pkcs8_ctx *ctx = context;

	if (vlen != 1)
		return -EBADMSG;
	ctx->version = *(const u8 *)value;
	return 0;
}

static int note_oid(void *context, size_t hdrlen, unsigned char tag, const void *value, size_t vlen)
{
	struct pkcs8_ctx *ctx = context;

	ctx->oid = look_up_OID(value, vlen);
	return 0;
}

/* After the algorithm's parameters, which are ignored for RSA */
static int note_algorithm(void *context, size_t hdrlen, unsigned char tag, const void *value,
			  size_t vlen)
{
	struct pkcs8_ctx *ctx = context;

	if (ctx->oid == OID_id_ecPublicKey) {
		ctx->is_ec = true;
		return -ECANCELED;
	}
	if (ctx->version)
		return -EBADMSG;
	if (ctx->oid != OID_rsaEncryption)
		return -ENOPKG;
	ctx->key.algo = "rsa";
	return 0;
}

static int note_key(void *context, size_t hdrlen, unsigned char tag, const void *value, size_t vlen)
{
	struct pkcs8_ctx *ctx = context;

	ctx->key.der = value;
	ctx->key.der_len = vlen;
	return 0;
}

enum {
	ACT_VERSION,
	ACT_OID,
	ACT_ALGORITHM,
	ACT_KEY,
};

static const asn1_action_t pkcs8_actions[] = {
	[ACT_VERSION]	= note_version,
	[ACT_OID]	= note_oid,
	[ACT_ALGORITHM]	= note_algorithm,
	[ACT_KEY]	= note_key,
};

/*
 * RFC 5208, 5, as a program for the decoder. It is written out because the header packages of
 * distributions have no asn1_compiler:
 *
 *	SEQUENCE {
 *		INTEGER ({ note_version }),
 *		SEQUENCE { OBJECT IDENTIFIER ({ note_oid }), ANY OPTIONAL } ({ note_algorithm }),
 *		OCTET STRING ({ note_key }),
 *		[0] IMPLICIT SET OF ANY OPTIONAL
 *	}
 */
#define ATTRIBUTE	22	/* where the program's part for one of them begins */

static const unsigned char pkcs8_program[] = {
	ASN1_OP_MATCH, _tag(UNIV, CONS, SEQ),
	ASN1_OP_MATCH_ACT, _tag(UNIV, PRIM, INT), ACT_VERSION,
	ASN1_OP_MATCH, _tag(UNIV, CONS, SEQ),
	ASN1_OP_MATCH_ACT, _tag(UNIV, PRIM, OID), ACT_OID,
	ASN1_OP_MATCH_ANY_OR_SKIP,
	ASN1_OP_END_SEQ,
	ASN1_OP_ACT, ACT_ALGORITHM,
	ASN1_OP_MATCH_ACT, _tag(UNIV, PRIM, OTS), ACT_KEY,
	ASN1_OP_MATCH_JUMP_OR_SKIP, _tagn(CONT, CONS, 0), ATTRIBUTE,
	ASN1_OP_END_SEQ,
	ASN1_OP_COMPLETE,
	[ATTRIBUTE] = ASN1_OP_MATCH_ANY,
	ASN1_OP_END_SET_OF, ATTRIBUTE,
	ASN1_OP_RETURN,
};

static const struct asn1_decoder pkcs8_decoder = {
	.machine	= pkcs8_program,
	.machlen	= sizeof(pkcs8_program),
	.actions	= pkcs8_actions,
};

/**
 * pkcs8_parse() - make a public key payload, which holds the private key
 * @data: a key that may be PKCS#8
 * @len: bytes at @data
 *
 * Context: process; may sleep.
 * Return: the payload, to be freed with public_key_free(), or ERR_PTR(): -EBADMSG if @data is not
 * PKCS#8 (the kernel then asks other parsers), -ENOPKG for an algorithm or curve that is not
 * supported, -EMSGSIZE above 64 KiB, -ENOMEM; for ECDSA also the errors of pkcs8_parse_ec().
 */
struct public_key *pkcs8_parse(const void *data, size_t len)
{
	struct pkcs8_payload *payload;
	struct pkcs8_ctx ctx = { };
	struct public_key *pub;
	int err;

	err = asn1_ber_decoder(&pkcs8_decoder, &ctx, data, len);
	if (ctx.is_ec)
		err = pkcs8_parse_ec(&ctx.key, data, len);
	if (err)
		return ERR_PTR(err);

	payload = kzalloc_obj(*payload);
	if (!payload)
		return ERR_PTR(-ENOMEM);
	pub = &payload->pub;
	pub->key = kmemdup(ctx.key.der, ctx.key.der_len, GFP_KERNEL);
	if (!pub->key) {
		kfree(payload);
		return ERR_PTR(-ENOMEM);
	}
	strscpy(payload->id_type, "PKCS8");
	strscpy(payload->algo, ctx.key.algo);
	pub->keylen = ctx.key.der_len;
	pub->key_is_private = true;
	pub->pkey_algo = payload->algo;
	pub->id_type = payload->id_type;
	return pub;
}

static int pkcs8_preparse(struct key_preparsed_payload *prep)
{
	struct public_key *pub = pkcs8_parse(prep->data, prep->datalen);

	if (IS_ERR(pub))
		return PTR_ERR(pub);

	/* The key type puts it when the key goes. */
	__module_get(public_key_subtype.owner);
	prep->payload.data[asym_subtype] = &public_key_subtype;
	prep->payload.data[asym_key_ids] = NULL;
	prep->payload.data[asym_crypto] = pub;
	prep->payload.data[asym_auth] = NULL;
	prep->quotalen = PKCS8_QUOTA;
	return 0;
}

static struct asymmetric_key_parser pkcs8_parser = {
	.owner	= THIS_MODULE,
	.name	= "pkcs8",
	.parse	= pkcs8_preparse,
};

static int __init pkcs8_init(void)
{
	int err = register_asymmetric_key_parser(&pkcs8_parser);

	/* Only a built-in parser can be registered already: a module would have the same name. */
	if (err == -EEXIST)
		pr_err("the kernel has a PKCS#8 parser built in, which takes RSA keys alone; build it with CONFIG_PKCS8_PRIVATE_KEY_PARSER=m to load ECDSA keys\n");
	return err;
}
module_init(pkcs8_init);

static void __exit pkcs8_exit(void)
{
	unregister_asymmetric_key_parser(&pkcs8_parser);
}
module_exit(pkcs8_exit);

MODULE_DESCRIPTION("PKCS#8 private keys of RSA and ECDSA");
MODULE_LICENSE("GPL");

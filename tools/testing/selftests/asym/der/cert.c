// SPDX-License-Identifier: GPL-2.0-only
/*
 * Certificates, for public keys.
 */
#include "der.h"

static const uint8_t ecdsa_with_sha256[] = {
	0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02
};

static void put_name(struct buf *b, char letter)
{
	uint8_t name[] = { 0x30, 0x0c, 0x31, 0x0a, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c,
			   0x01, letter };

	put(b, name, sizeof(name));
}

/*
 * A certificate whose public key is @bits. Its signature is none; as issuer and subject differ,
 * nobody looks at it before the certificate is trusted.
 */
static void make_cert(struct buf *out, const struct curve *c, const struct buf *point)
{
	static const char validity[] = "\x30\x1e\x17\x0d\062\060" "0101000000Z"
				       "\x17\x0d\064\071" "0101000000Z";
	struct buf tbs = { .len = 0 }, spki = { .len = 0 }, t = { .len = 0 }, cert = { .len = 0 };

	put(&tbs, "\xa0\x03\x02\x01\x02\x02\x01\x01", 8);
	put(&tbs, ecdsa_with_sha256, sizeof(ecdsa_with_sha256));
	put_name(&tbs, 'a');
	put(&tbs, validity, sizeof(validity) - 1);
	put_name(&tbs, 'b');
	put_plain(&t, 0x06, ec_oid, sizeof(ec_oid));
	put(&t, c->oid.d, c->oid.len);
	put_plain(&spki, 0x30, t.d, t.len);
	t.len = 0;
	put_byte(&t, 0);
	put(&t, point->d, point->len);
	put_plain(&spki, 0x03, t.d, t.len);
	put_plain(&tbs, 0x30, spki.d, spki.len);

	put_plain(&cert, 0x30, tbs.d, tbs.len);
	put(&cert, ecdsa_with_sha256, sizeof(ecdsa_with_sha256));
	put(&cert, "\x03\x09\x00\x30\x06\x02\x01\x01\x02\x01\x01", 11);
	put_plain(out, 0x30, cert.d, cert.len);
}

key_serial_t add_cert(const struct curve *c, const struct buf *point, const char *name)
{
	struct buf cert = { .len = 0 };

	make_cert(&cert, c, point);
	return add_key("asymmetric", name, cert.d, cert.len, KEY_SPEC_PROCESS_KEYRING);
}

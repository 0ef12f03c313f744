// SPDX-License-Identifier: GPL-2.0-only
/*
 * The meaning of the numbers on the wire: virtio 1.3, 5.9 "Crypto Device". Pure
 * functions: no state, no locks, any context. All input is the host's and not
 * trusted.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <crypto/internal/asym/provider.h>
#include <uapi/linux/virtio_crypto.h>
#include <uapi/linux/virtio_crypto_stateless.h>

#include "proto.h"

static_assert(sizeof(struct virtio_crypto_op_header) == 24);
static_assert(sizeof(struct virtio_crypto_op_data_req) == 24 + 48);
static_assert(sizeof(struct virtio_crypto_inhdr) == 1);

/**
 * vcrypto_errno() - what asym_request_done() and ->open() take for a status (5.9.7.1)
 * @status: as the device wrote it. ERR is "any failure not mentioned above", so it is the device
 *	that failed
 *
 * Return: 0 or an error, never -ENODEV.
 */
int vcrypto_errno(u32 status)
{
	switch (status) {
	case VIRTIO_CRYPTO_OK:
		return 0;
	case VIRTIO_CRYPTO_BADMSG:
		return -EBADMSG;
	case VIRTIO_CRYPTO_NOTSUPP:
		return -EOPNOTSUPP;
	case VIRTIO_CRYPTO_INVSESS:
		return -ESTALE;
	case VIRTIO_CRYPTO_NOSPC:
		return -ENOSPC;
	case VIRTIO_CRYPTO_KEY_REJECTED:
		return -EKEYREJECTED;
	default:
		return -EIO;
	}
}

/**
 * vcrypto_result() - the result of an operation that the device calls a success
 * @req: operation. Bytes are moved within @req->out only
 * @used: bytes the device says it wrote: the result, then one byte of status ("the driver needs to
 *	check how many bytes the device has written", 5.9.7.8)
 * @out_len: bytes of the result, 0 if there is none
 *
 * An ECDSA signature is as long as it is. A result of RSA is a number as long as the modulus;
 * leading zeros the device left out are put back.
 *
 * Return: 0, or -EIO: the device wrote what cannot be.
 */
int vcrypto_result(struct asym_request *req, unsigned int used, unsigned int *out_len)
{
	unsigned int max, len;

	*out_len = 0;
	if (req->op == ASYM_VERIFY)
		return 0;

	max = min(req->out_len, req->key_bytes);
	if (used < sizeof(struct virtio_crypto_inhdr))
		return -EIO;
	len = used - sizeof(struct virtio_crypto_inhdr);

	if (req->algo == ASYM_ECDSA) {
		if (!len || len > max)
			return -EIO;
		*out_len = len;
		return 0;
	}

	if (!len || len > max || max != req->key_bytes)
		return -EIO;
	if (len < max) {
		memmove(req->out + max - len, req->out, len);
		memset(req->out, 0, max - len);
	}
	*out_len = max;
	return 0;
}

/**
 * vcrypto_max_bits() - the largest modulus whose operations a device has room for
 * @max_size: bytes of source and destination (5.9.5); 0: the device names no limit
 *
 * Return: bits. It may take less: there is no field for that.
 */
unsigned int vcrypto_max_bits(u64 max_size)
{
	if (!max_size)
		return ASYM_DEVICE_MAX_BITS;
	return min_t(u64, max_size / 2, ASYM_DEVICE_MAX_BITS / 8) * 8;
}

/**
 * vcrypto_data_hdr_len() - bytes of an AKCIPHER request in front of its variable part (5.9.7.3)
 * @rev1: VIRTIO_CRYPTO_F_REVISION_1 is negotiated
 * @stateless: VIRTIO_CRYPTO_F_AKCIPHER_STATELESS_MODE is
 *
 * Return: the header's; padded to 48 bytes before revision 1, those of the lengths of source and
 * destination; with the stateless mode those of the session's parameters before them.
 */
unsigned int vcrypto_data_hdr_len(bool rev1, bool stateless)
{
	unsigned int len = sizeof(struct virtio_crypto_op_header);

	if (!rev1)
		return sizeof(struct virtio_crypto_op_data_req);
	return len + (stateless ? sizeof(struct virtio_crypto_akcipher_stateless_para) :
				  sizeof(struct virtio_crypto_akcipher_para));
}

/**
 * vcrypto_ctrl_req_len() - bytes of a request on the control queue in front of the key (5.9.7.2.1)
 * @rev1: VIRTIO_CRYPTO_F_REVISION_1 is negotiated
 * @destroy: the request closes a session
 *
 * Return: padded to 56 behind the header before revision 1, which those that create a session fill
 * anyway.
 */
unsigned int vcrypto_ctrl_req_len(bool rev1, bool destroy)
{
	if (rev1 && destroy)
		return sizeof(struct virtio_crypto_ctrl_header) +
		       sizeof_field(struct virtio_crypto_destroy_session_req, session_id);
	return sizeof(struct virtio_crypto_op_ctrl_req);
}

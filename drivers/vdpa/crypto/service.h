/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a service of the device is to the queues: akcipher.c and cipher.c each have a table.
 */
#ifndef _VDPA_CRYPTO_SERVICE_H
#define _VDPA_CRYPTO_SERVICE_H

#include <linux/types.h>
#include <uapi/linux/virtio_crypto.h>

struct vc_dev;
struct vc_request;
struct vc_session;

/* One more than the last VIRTIO_CRYPTO_SERVICE_* that a device may have */
#define VC_SERVICES	(VIRTIO_CRYPTO_SERVICE_AKCIPHER + 1)

/**
 * struct vc_create_req - a key that is opened, or comes with a request, checked
 * @key_len: bytes of key that follow the header
 * @decrypt: of a cipher: what it is for
 * @is_private: it is a private key
 * @algo: enum asym_algo
 * @curve: enum asym_curve of ECDSA, or 0
 * @padding: enum asym_padding
 * @hash: enum asym_hash
 */
struct vc_create_req {
	u32 key_len;
	bool decrypt;
	bool is_private;
	u8 algo;
	u8 curve;
	u8 padding;
	u8 hash;
};

/**
 * struct vc_service - a service of the device (virtio 1.3, 5.9.1), as its queues use it
 * @parse_create: check a request to open a session, after whose fixed part the driver supplied
 *	@readable bytes. Any context. Return: VIRTIO_CRYPTO_OK and @out; _NOTSUPP; _ERR: lengths
 * @key_cost: what @open costs, milliunits. Any context
 * @open: prepare the key of a session, which is copied. May sleep, no lock is held. Return: 0 or
 *	-errno, and nothing is to be closed
 * @close: undo @open; the last reference to the session is gone. Process context
 * @init_request: allocate what a new request object needs besides; NULL: nothing. May sleep.
 *	Return: 0 or -ENOMEM
 * @start: read the rest of a request from vc_queue.riov, which has @readable bytes more, and begin
 *	with it, vc_data_begin(). The queue's worker, vc_queue.lock and vc_dev.map_sem held. Return:
 *	-EINPROGRESS: @finish follows; -EALREADY: it is answered; else the status to answer with
 * @dispatch: the request, whose job has no executor's request, waited for its turn, which has come.
 *	asym_job_done() follows, perhaps within this call. As asym_qos_ops.dispatch; else NULL
 * @finish: vc_data_over() was called, vc_request.err is the result: answer. The queue's worker,
 *	vc_queue.lock and vc_dev.map_sem held. Return: true if it is answered; false: more of it is
 *	being computed
 */
struct vc_service {
	u8 (*parse_create)(const struct vc_dev *vc, const struct virtio_crypto_op_ctrl_req *req,
			   size_t readable, struct vc_create_req *out);
	u32 (*key_cost)(const struct vc_create_req *create, const u8 *key);
	int (*open)(struct vc_dev *vc, const struct vc_create_req *create, const u8 *key,
		    struct vc_session *session);
	void (*close)(struct vc_session *session);

	int (*init_request)(struct vc_request *req);
	int (*start)(struct vc_request *req, const struct virtio_crypto_op_header *header,
		     size_t readable);
	void (*dispatch)(struct vc_request *req);
	bool (*finish)(struct vc_request *req);
};

#endif /* _VDPA_CRYPTO_SERVICE_H */

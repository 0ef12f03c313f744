/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cbc(aes). See cipher.c.
 */
#ifndef _VIRTIO_CRYPTO_CIPHER_H
#define _VIRTIO_CRYPTO_CIPHER_H

#include <linux/list.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct seq_file;
struct vcrypto;

/**
 * struct vcrypto_cipher - a device's part in cbc(aes)
 * @node: in cipher.c's list of devices while it takes keys; protected, with @keys and @calls, by a
 *	lock there
 * @keys: what it has of them
 * @calls: callers that open or close a session there
 * @max: bytes of one operation; fixed while the device takes keys
 * @watch: finds operations that are not answered in time
 */
struct vcrypto_cipher {
	struct list_head node;
	struct list_head keys;
	unsigned int calls;
	u64 max;
	struct delayed_work watch;
};

int vcrypto_cipher_init(void);
void vcrypto_cipher_exit(void);
void vcrypto_cipher_new(struct vcrypto *vc);
bool vcrypto_cipher_offered(struct vcrypto *vc);
int vcrypto_cipher_test(struct vcrypto *vc);
int vcrypto_cipher_join(struct vcrypto *vc);
void vcrypto_cipher_leave(struct vcrypto *vc);
void vcrypto_cipher_show(struct seq_file *m);

#endif /* _VIRTIO_CRYPTO_CIPHER_H */

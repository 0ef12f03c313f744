// SPDX-License-Identifier: GPL-2.0-only
/*
 * The asynchronous entry for ECDSA that asym_executor uses instead of LKCF's: there signatures are
 * synchronous since 6.13, and each would block a thread. Any context but hard interrupts; keys are
 * created and dropped in process context.
 */
#include <linux/err.h>
#include <linux/string.h>

#include "../class.h"
#include "../key.h"
#include "../op/pool.h"
#include "../op/start.h"
#include "../op/types.h"
#include "akcipher.h"
#include "remote.h"

static void *remote_key_get(struct crypto_akcipher *tfm, const struct asym_key_data *data)
{
	struct asym_class *class = provider_akcipher_class(tfm);

	return class ? provider_key_get(class, data) : ERR_PTR(-ENODEV);
}

static void remote_key_put(void *key)
{
	provider_key_put(key);
}

/* Give the answer to the executor, and wipe it. */
static void remote_finish(struct provider_op *op, int err)
{
	struct asym_exec_remote_op *rop = op->data;

	if (!err && rop->op == ASYM_SIGN) {
		memcpy(rop->out, op->out, op->out_len);
		rop->out_len = op->out_len;
	}
	provider_op_wipe(op);
	provider_op_free(op);
	local_bh_disable();
	rop->done(rop, err);
	local_bh_enable();
}

static void remote_complete(struct provider_op *op)
{
	remote_finish(op, op->err);
}

static void remote_submit(void *data, struct asym_exec_remote_op *rop)
{
	struct provider_key *key = data;
	struct provider_op *op = provider_op_alloc(GFP_ATOMIC);
	int err;

	if (!op) {
		local_bh_disable();
		rop->done(rop, -ENOMEM);
		local_bh_enable();
		return;
	}
	provider_op_init(op, key->class);
	op->op = rop->op;
	op->padding = ASYM_PAD_RAW;
	op->hash = ASYM_HASH_NONE;
	op->in_len = rop->in_len;
	op->digest_len = rop->digest_len;
	op->complete = remote_complete;
	op->data = rop;
	err = provider_op_set_key(op, key->key_bytes, GFP_ATOMIC);
	memcpy(op->in, rop->in, rop->in_len + rop->digest_len);
	if (!err)
		err = provider_op_start(op, key, 0);
	if (err != -EINPROGRESS)
		remote_finish(op, err);
}

/* Given with the leaf's name to asym_exec_mark_remote(). */
const struct asym_exec_remote_ops provider_remote_ops = {
	.key_get = remote_key_get,
	.key_put = remote_key_put,
	.submit = remote_submit,
};

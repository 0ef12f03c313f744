// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fake asynchronous RSA driver for asym_executor's unit tests: computes with
 * rsa-generic in a work item, or misbehaves as fake_rsa.mode says.
 *
 * held_lock protects the requests it holds back. It completes with bottom
 * halves disabled, in a work item or in fake_rsa_release().
 */
#include <linux/err.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <crypto/internal/akcipher.h>

#include "../drivers.h"
#include "../key.h"
#include "../main.h"
#include "../wq.h"
#include "fake.h"

struct fake_rsa fake_rsa;

static LIST_HEAD(held);
static unsigned int running;
static DEFINE_SPINLOCK(held_lock);

struct fake_ctx {
	struct crypto_akcipher *child;
};

struct fake_req {
	struct work_struct work;
	struct list_head list;
	struct akcipher_request *req;
	bool decrypt;
	struct akcipher_request child_req;
};

static void fake_echo(struct akcipher_request *req, unsigned int skip)
{
	u8 block[ASYM_MAX_KEY_BYTES];
	unsigned int len = req->src_len;

	sg_copy_to_buffer(req->src, 1, block, len);
	while (skip && len > 1 && !block[req->src_len - len])
		len--;
	sg_copy_from_buffer(req->dst, 1, block + req->src_len - len, len);
	req->dst_len = len;
}

static void fake_answer(struct akcipher_request *req, int err)
{
	local_bh_disable();
	akcipher_request_complete(req, err);
	local_bh_enable();
}

static void fake_work(struct work_struct *work)
{
	struct fake_req *freq = container_of(work, struct fake_req, work);
	struct akcipher_request *req = freq->req, *child = &freq->child_req;
	struct fake_ctx *ctx = akcipher_tfm_ctx(crypto_akcipher_reqtfm(req));
	int err;

	if (fake_rsa.mode == FAKE_FAIL_LATE) {
		fake_answer(req, -EIO);
		return;
	}
	if (fake_rsa.mode == FAKE_BACKLOG)
		fake_answer(req, -EINPROGRESS);
	akcipher_request_set_tfm(child, ctx->child);
	akcipher_request_set_callback(child, CRYPTO_TFM_REQ_MAY_SLEEP, NULL, NULL);
	akcipher_request_set_crypt(child, req->src, req->dst, req->src_len, req->dst_len);
	err = freq->decrypt ? crypto_akcipher_decrypt(child) : crypto_akcipher_encrypt(child);
	fake_answer(req, err);
}

static int fake_submit(struct akcipher_request *req, bool decrypt)
{
	struct fake_req *freq = akcipher_request_ctx(req);

	if (atomic_dec_if_positive(&fake_rsa.nospc) >= 0)
		return -ENOSPC;

	freq->req = req;
	freq->decrypt = decrypt;
	switch (fake_rsa.mode) {
	case FAKE_ECHO:
		fake_echo(req, 0);
		return 0;
	case FAKE_SHORT:
		fake_echo(req, 1);
		return 0;
	case FAKE_LONG:
		fake_echo(req, 0);
		req->dst_len++;
		return 0;
	case FAKE_FAIL:
		return -EIO;
	case FAKE_REFUSE:
		return -EINVAL;
	case FAKE_HOLD:
		spin_lock_bh(&held_lock);
		list_add_tail(&freq->list, &held);
		running++;
		fake_rsa.most = max(fake_rsa.most, running);
		spin_unlock_bh(&held_lock);
		return -EINPROGRESS;
	default:
		INIT_WORK(&freq->work, fake_work);
		queue_work(exec_house_wq, &freq->work);
		return fake_rsa.mode == FAKE_BACKLOG ? -EBUSY : -EINPROGRESS;
	}
}

/* Answer the request that waits longest; false if none does. */
bool fake_rsa_release(void)
{
	struct fake_req *freq;

	spin_lock_bh(&held_lock);
	freq = list_first_entry_or_null(&held, struct fake_req, list);
	if (freq) {
		list_del(&freq->list);
		running--;
	}
	spin_unlock_bh(&held_lock);
	if (!freq)
		return false;
	fake_echo(freq->req, 0);
	fake_answer(freq->req, 0);
	return true;
}

static int fake_encrypt(struct akcipher_request *req)
{
	return fake_submit(req, false);
}

static int fake_decrypt(struct akcipher_request *req)
{
	return fake_submit(req, true);
}

static int fake_set_pub_key(struct crypto_akcipher *tfm, const void *key, unsigned int len)
{
	struct fake_ctx *ctx = akcipher_tfm_ctx(tfm);

	return crypto_akcipher_set_pub_key(ctx->child, key, len);
}

static int fake_set_priv_key(struct crypto_akcipher *tfm, const void *key, unsigned int len)
{
	struct fake_ctx *ctx = akcipher_tfm_ctx(tfm);

	return crypto_akcipher_set_priv_key(ctx->child, key, len);
}

static unsigned int fake_max_size(struct crypto_akcipher *tfm)
{
	struct fake_ctx *ctx = akcipher_tfm_ctx(tfm);

	return crypto_akcipher_maxsize(ctx->child);
}

static int fake_init(struct crypto_akcipher *tfm)
{
	struct fake_ctx *ctx = akcipher_tfm_ctx(tfm);

	ctx->child = crypto_alloc_akcipher("rsa-generic", 0, 0);
	if (IS_ERR(ctx->child))
		return PTR_ERR(ctx->child);
	akcipher_set_reqsize(tfm, sizeof(struct fake_req) + crypto_akcipher_reqsize(ctx->child));
	return 0;
}

static void fake_exit(struct crypto_akcipher *tfm)
{
	struct fake_ctx *ctx = akcipher_tfm_ctx(tfm);

	crypto_free_akcipher(ctx->child);
}

static struct akcipher_alg fake_alg = {
	.encrypt = fake_encrypt,
	.decrypt = fake_decrypt,
	.set_pub_key = fake_set_pub_key,
	.set_priv_key = fake_set_priv_key,
	.max_size = fake_max_size,
	.init = fake_init,
	.exit = fake_exit,
	.base = {
		.cra_name = "rsa",
		.cra_driver_name = "kunit-rsa",
		.cra_priority = 30000,
		.cra_flags = CRYPTO_ALG_ASYNC | CRYPTO_ALG_NEED_FALLBACK,
		.cra_module = THIS_MODULE,
		.cra_ctxsize = sizeof(struct fake_ctx),
	},
};

int fake_rsa_register(void)
{
	return crypto_register_akcipher(&fake_alg);
}

void fake_rsa_unregister(void)
{
	crypto_unregister_akcipher(&fake_alg);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio_crypto_fake: a virtio crypto device in the same kernel, for tests of its driver.
 *
 * It computes raw RSA and cbc(aes) with the kernel's software, and misbehaves as its parameters
 * say: keeps requests, forgets sessions, has no room for them, leaves out leading zeros. One data
 * queue and a control queue, split rings, no interrupts of their own: a work item takes requests
 * from the rings, answers them and calls the driver's callbacks with interrupts off.
 *
 * fake.lock serialises the work item and the transport (reset, virtqueues come and go). Process
 * context, but for notifications, which only queue the work item.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uio.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <linux/workqueue.h>
#include <crypto/akcipher.h>
#include <crypto/skcipher.h>
#include <uapi/linux/virtio_crypto.h>
#include <uapi/linux/virtio_ids.h>
#include <uapi/linux/virtio_ring.h>

#define FAKE_VQS		2
#define FAKE_DATA		0
#define FAKE_CTRL		1
#define FAKE_MAX_IN		(128 * 1024)
#define FAKE_MAX_SEGMENTS	16
#define FAKE_MAX_SESSIONS	4096

static void fake_run(void);

/* A parameter that may have something to do for the work item */
static int fake_switch_set(const char *text, const struct kernel_param *kp)
{
	int err = param_set_bool(text, kp);

	if (!err)
		fake_run();
	return err;
}

static const struct kernel_param_ops fake_switch_ops = {
	.set = fake_switch_set,
	.get = param_get_bool,
};

static bool hold_ctrl;
module_param_cb(hold_ctrl, &fake_switch_ops, &hold_ctrl, 0600);
MODULE_PARM_DESC(hold_ctrl, "keep requests of the control queue; N answers them");

static bool hold_data;
module_param_cb(hold_data, &fake_switch_ops, &hold_data, 0600);
MODULE_PARM_DESC(hold_data, "keep requests of the data queue; N answers them");

static bool forget;
module_param(forget, bool, 0600);
MODULE_PARM_DESC(forget, "answer INVSESS to each operation");

static bool full;
module_param(full, bool, 0600);
MODULE_PARM_DESC(full, "answer ERR to each new session");

static bool strip;
module_param(strip, bool, 0600);
MODULE_PARM_DESC(strip, "leave out leading zeros of results");

static bool wrong_cbc;
module_param(wrong_cbc, bool, 0600);
MODULE_PARM_DESC(wrong_cbc,
		 "AES-CBC is wrong, but with the key of the driver's known-answer test");

static unsigned int latency_ms;
module_param(latency_ms, uint, 0600);
MODULE_PARM_DESC(latency_ms, "each RSA operation takes so long, one after the other");

static unsigned int ring = 64;
module_param(ring, uint, 0400);
MODULE_PARM_DESC(ring, "places in a ring, a power of two");

static unsigned int sessions, opened, closed, unknown_closed, operations;
module_param(sessions, uint, 0400);
MODULE_PARM_DESC(sessions, "sessions that are open");
module_param(opened, uint, 0400);
MODULE_PARM_DESC(opened, "sessions that were opened");
module_param(closed, uint, 0400);
MODULE_PARM_DESC(closed, "sessions that were closed");
module_param(unknown_closed, uint, 0400);
MODULE_PARM_DESC(unknown_closed, "sessions that were closed though they were not open");
module_param(operations, uint, 0400);
MODULE_PARM_DESC(operations, "RSA operations that were computed");

/**
 * struct fake_session - a key
 * @rsa: for RSA
 * @aes: for AES
 * @stranger: it is not the key of the known-answer test, which begins like that of SP 800-38A
 */
struct fake_session {
	struct crypto_akcipher *rsa;
	struct crypto_skcipher *aes;
	bool stranger;
};

/**
 * struct fake_request - a descriptor chain
 * @list: in fake_queue.held
 * @head: its first descriptor
 * @in: what the driver wrote, in one piece
 * @in_len: bytes at @in
 * @out: what the device writes
 * @nr_out: of these
 */
struct fake_request {
	struct list_head list;
	u16 head;
	u8 *in;
	unsigned int in_len;
	struct kvec out[FAKE_MAX_SEGMENTS];
	unsigned int nr_out;
};

struct fake_queue {
	struct virtqueue *vq;
	u16 avail;
	struct list_head held;
};

static struct {
	struct mutex lock;	/* all below */
	struct virtio_device *vdev;
	struct fake_queue queues[FAKE_VQS];
	struct fake_session *sessions[FAKE_MAX_SESSIONS];
	struct virtio_crypto_config config;
	u8 status;
	struct device *root;
	struct work_struct work;
} fake;

/* ---- rings --------------------------------------------------------------------- */

static void fake_request_free(struct fake_request *req)
{
	kvfree(req->in);
	kfree(req);
}

/* The chain that starts at @head; NULL if it is none. */
static struct fake_request *fake_take(const struct vring *vring, u16 head)
{
	struct fake_request *req = kzalloc_obj(*req);
	unsigned int i = head, steps = 0, len;
	struct vring_desc *desc;

	if (!req)
		return NULL;
	req->head = head;
	req->in = kvzalloc(FAKE_MAX_IN, GFP_KERNEL);
	do {
		desc = &vring->desc[i];
		len = virtio32_to_cpu(fake.vdev, desc->len);
		if (virtio16_to_cpu(fake.vdev, desc->flags) & VRING_DESC_F_WRITE) {
			if (req->nr_out == FAKE_MAX_SEGMENTS)
				goto free;
			req->out[req->nr_out].iov_base =
				phys_to_virt(virtio64_to_cpu(fake.vdev, desc->addr));
			req->out[req->nr_out++].iov_len = len;
		} else {
			if (!req->in || len > FAKE_MAX_IN - req->in_len)
				goto free;
			memcpy(req->in + req->in_len,
			       phys_to_virt(virtio64_to_cpu(fake.vdev, desc->addr)), len);
			req->in_len += len;
		}
		if (!(virtio16_to_cpu(fake.vdev, desc->flags) & VRING_DESC_F_NEXT))
			return req;
		i = virtio16_to_cpu(fake.vdev, desc->next);
	} while (i < vring->num && ++steps < vring->num);
free:
	pr_err("a request is malformed\n");
	fake_request_free(req);
	return NULL;
}

static unsigned int fake_room(const struct fake_request *req)
{
	unsigned int i, room = 0;

	for (i = 0; i < req->nr_out; i++)
		room += req->out[i].iov_len;
	return room;
}

static void fake_write(struct fake_request *req, unsigned int at, const void *data,
		       unsigned int len)
{
	unsigned int i, n;

	for (i = 0; i < req->nr_out && len; i++) {
		if (at >= req->out[i].iov_len) {
			at -= req->out[i].iov_len;
			continue;
		}
		n = min_t(unsigned int, len, req->out[i].iov_len - at);
		memcpy(req->out[i].iov_base + at, data, n);
		data += n;
		len -= n;
		at = 0;
	}
}

static void fake_answer(struct fake_queue *queue, struct fake_request *req, unsigned int used)
{
	const struct vring *vring = virtqueue_get_vring(queue->vq);
	u16 idx = virtio16_to_cpu(fake.vdev, vring->used->idx);
	struct vring_used_elem *elem = &vring->used->ring[idx & (vring->num - 1)];
	unsigned long flags;

	elem->id = cpu_to_virtio32(fake.vdev, req->head);
	elem->len = cpu_to_virtio32(fake.vdev, used);
	/* The element before the index: the driver acquires it. */
	smp_store_release(&vring->used->idx, cpu_to_virtio16(fake.vdev, idx + 1));
	fake_request_free(req);
	smp_mb();	/* the index before the flag: the driver does it the other way around */
	if (READ_ONCE(vring->avail->flags) & cpu_to_virtio16(fake.vdev, VRING_AVAIL_F_NO_INTERRUPT))
		return;
	local_irq_save(flags);
	vring_interrupt(0, queue->vq);
	local_irq_restore(flags);
}

/* ---- control queue ------------------------------------------------------------- */

static void fake_session_free(unsigned int id)
{
	struct fake_session *session = fake.sessions[id];

	if (session->rsa)
		crypto_free_akcipher(session->rsa);
	if (session->aes)
		crypto_free_skcipher(session->aes);
	kfree(session);
	fake.sessions[id] = NULL;
	sessions--;
}

static int fake_rsa_key(struct fake_session *session,
			const struct virtio_crypto_op_ctrl_req *req, const u8 *key,
			unsigned int len)
{
	const struct virtio_crypto_akcipher_session_para *para =
		&req->u.akcipher_create_session.para;
	bool is_private = le32_to_cpu(para->keytype) == VIRTIO_CRYPTO_AKCIPHER_KEY_TYPE_PRIVATE;

	if (le32_to_cpu(para->algo) != VIRTIO_CRYPTO_AKCIPHER_RSA ||
	    le32_to_cpu(para->u.rsa.padding_algo) != VIRTIO_CRYPTO_RSA_RAW_PADDING)
		return -EOPNOTSUPP;
	if (le32_to_cpu(para->keylen) != len)
		return -EINVAL;
	session->rsa = crypto_alloc_akcipher("rsa-generic", 0, 0);
	if (IS_ERR(session->rsa))
		return PTR_ERR(session->rsa);
	return is_private ? crypto_akcipher_set_priv_key(session->rsa, key, len) :
			    crypto_akcipher_set_pub_key(session->rsa, key, len);
}

static int fake_aes_key(struct fake_session *session,
			const struct virtio_crypto_op_ctrl_req *req, const u8 *key,
			unsigned int len)
{
	if (le32_to_cpu(req->u.sym_create_session.u.cipher.para.keylen) != len)
		return -EINVAL;
	session->aes = crypto_alloc_skcipher("cbc(aes)", 0,
					     CRYPTO_ALG_ASYNC | CRYPTO_ALG_NEED_FALLBACK);
	if (IS_ERR(session->aes))
		return PTR_ERR(session->aes);
	session->stranger = len != 16 || key[0] != 0x2b;
	return crypto_skcipher_setkey(session->aes, key, len);
}

static u32 fake_open(const struct fake_request *req, bool aes, u64 *id)
{
	const struct virtio_crypto_op_ctrl_req *ctrl = (void *)req->in;
	unsigned int len = req->in_len - sizeof(*ctrl);
	const u8 *key = req->in + sizeof(*ctrl);
	struct fake_session *session;
	unsigned int i;
	int err;

	for (i = 0; i < FAKE_MAX_SESSIONS && fake.sessions[i]; i++)
		;
	if (full || i == FAKE_MAX_SESSIONS)
		return VIRTIO_CRYPTO_ERR;
	session = kzalloc_obj(*session);
	if (!session)
		return VIRTIO_CRYPTO_NOSPC;
	err = aes ? fake_aes_key(session, ctrl, key, len) : fake_rsa_key(session, ctrl, key, len);
	if (IS_ERR(session->rsa))
		session->rsa = NULL;
	if (IS_ERR(session->aes))
		session->aes = NULL;
	fake.sessions[i] = session;
	sessions++;
	if (err) {
		fake_session_free(i);
		return err == -EOPNOTSUPP ? VIRTIO_CRYPTO_NOTSUPP : VIRTIO_CRYPTO_ERR;
	}
	opened++;
	*id = i;
	return VIRTIO_CRYPTO_OK;
}

static void fake_serve_ctrl(struct fake_queue *queue, struct fake_request *req)
{
	const struct virtio_crypto_op_ctrl_req *ctrl = (void *)req->in;
	struct virtio_crypto_session_input input = {};
	u32 opcode = le32_to_cpu(ctrl->header.opcode);
	u8 status = VIRTIO_CRYPTO_ERR;
	u64 id = 0;

	switch (req->in_len < sizeof(*ctrl) ? 0 : opcode) {
	case VIRTIO_CRYPTO_AKCIPHER_CREATE_SESSION:
	case VIRTIO_CRYPTO_CIPHER_CREATE_SESSION:
		input.status = cpu_to_le32(fake_open(req, opcode ==
						     VIRTIO_CRYPTO_CIPHER_CREATE_SESSION, &id));
		input.session_id = cpu_to_le64(id);
		fake_write(req, 0, &input, sizeof(input));
		fake_answer(queue, req, sizeof(input));
		return;
	case VIRTIO_CRYPTO_AKCIPHER_DESTROY_SESSION:
	case VIRTIO_CRYPTO_CIPHER_DESTROY_SESSION:
		id = le64_to_cpu(ctrl->u.destroy_session.session_id);
		if (id < FAKE_MAX_SESSIONS && fake.sessions[id]) {
			fake_session_free(id);
			closed++;
			status = VIRTIO_CRYPTO_OK;
		} else {
			unknown_closed++;
			status = VIRTIO_CRYPTO_INVSESS;
		}
		break;
	}
	fake_write(req, 0, &status, sizeof(status));
	fake_answer(queue, req, sizeof(status));
}

/* ---- data queue ---------------------------------------------------------------- */

static int fake_rsa(struct fake_session *session, bool decrypt, const u8 *src, unsigned int src_len,
		    u8 *dst, unsigned int *dst_len)
{
	struct akcipher_request *req = akcipher_request_alloc(session->rsa, GFP_KERNEL);
	struct scatterlist in, out;
	DECLARE_CRYPTO_WAIT(wait);
	unsigned int zeros = 0;
	int err;

	if (!req)
		return -ENOMEM;
	if (latency_ms)
		msleep(latency_ms);
	sg_init_one(&in, src, src_len);
	sg_init_one(&out, dst, *dst_len);
	akcipher_request_set_crypt(req, &in, &out, src_len, *dst_len);
	akcipher_request_set_callback(req, CRYPTO_TFM_REQ_MAY_SLEEP, crypto_req_done, &wait);
	err = crypto_wait_req(decrypt ? crypto_akcipher_decrypt(req) : crypto_akcipher_encrypt(req),
			      &wait);
	*dst_len = req->dst_len;
	akcipher_request_free(req);
	operations++;
	if (err || !strip)
		return err;
	while (zeros < *dst_len - 1 && !dst[zeros])
		zeros++;
	*dst_len -= zeros;
	memmove(dst, dst + zeros, *dst_len);
	return 0;
}

static int fake_aes(struct fake_session *session, bool decrypt, u8 *iv, u8 *src, u8 *dst,
		    unsigned int len)
{
	struct skcipher_request *req = skcipher_request_alloc(session->aes, GFP_KERNEL);
	struct scatterlist in, out;
	int err;

	if (!req)
		return -ENOMEM;
	if (latency_ms)
		msleep(20 * latency_ms);
	sg_init_one(&in, src, len);
	sg_init_one(&out, dst, len);
	skcipher_request_set_callback(req, 0, NULL, NULL);
	skcipher_request_set_crypt(req, &in, &out, len, iv);
	err = decrypt ? crypto_skcipher_decrypt(req) : crypto_skcipher_encrypt(req);
	skcipher_request_free(req);
	if (!err && wrong_cbc && session->stranger)
		dst[0] ^= 1;
	return err;
}

/* @dst has room for what the driver has room for, but for the status. Sets @dst_len. */
static u8 fake_compute(struct fake_request *req, u8 *dst, unsigned int *dst_len)
{
	struct virtio_crypto_op_data_req *hdr = (void *)req->in;
	unsigned int room = *dst_len, in_len, iv_len = 0;
	u8 *in = req->in + sizeof(*hdr);
	struct fake_session *session;
	u32 opcode;
	u64 id;
	int err;

	*dst_len = 0;
	if (req->in_len < sizeof(*hdr))
		return VIRTIO_CRYPTO_ERR;
	in_len = req->in_len - sizeof(*hdr);
	opcode = le32_to_cpu(hdr->header.opcode);
	id = le64_to_cpu(hdr->header.session_id);
	if (forget && id < FAKE_MAX_SESSIONS && fake.sessions[id])
		fake_session_free(id);
	if (forget || id >= FAKE_MAX_SESSIONS || !fake.sessions[id])
		return VIRTIO_CRYPTO_INVSESS;
	session = fake.sessions[id];

	switch (opcode) {
	case VIRTIO_CRYPTO_AKCIPHER_ENCRYPT:
	case VIRTIO_CRYPTO_AKCIPHER_DECRYPT:
		if (!session->rsa)
			return VIRTIO_CRYPTO_INVSESS;
		*dst_len = room;
		err = fake_rsa(session, opcode == VIRTIO_CRYPTO_AKCIPHER_DECRYPT, in, in_len, dst,
			       dst_len);
		break;
	case VIRTIO_CRYPTO_CIPHER_ENCRYPT:
	case VIRTIO_CRYPTO_CIPHER_DECRYPT:
		if (!session->aes)
			return VIRTIO_CRYPTO_INVSESS;
		iv_len = le32_to_cpu(hdr->u.sym_req.u.cipher.para.iv_len);
		if (iv_len != 16 || in_len != iv_len + room)
			return VIRTIO_CRYPTO_ERR;
		*dst_len = room;
		err = fake_aes(session, opcode == VIRTIO_CRYPTO_CIPHER_DECRYPT, in, in + iv_len,
			       dst, room);
		break;
	default:
		return VIRTIO_CRYPTO_NOTSUPP;
	}
	if (err)
		*dst_len = 0;
	return err ? VIRTIO_CRYPTO_ERR : VIRTIO_CRYPTO_OK;
}

/* The status is the last byte of the room, as in QEMU. */
static void fake_serve_data(struct fake_queue *queue, struct fake_request *req)
{
	unsigned int room = fake_room(req), dst_len;
	u8 status = VIRTIO_CRYPTO_ERR, *dst;

	if (!room) {
		fake_answer(queue, req, 0);
		return;
	}
	dst_len = room - 1;
	dst = kvzalloc(room, GFP_KERNEL);
	if (dst)
		status = fake_compute(req, dst, &dst_len);
	else
		dst_len = 0;
	fake_write(req, 0, dst, dst_len);
	fake_write(req, room - 1, &status, sizeof(status));
	kvfree(dst);
	fake_answer(queue, req, dst_len + sizeof(status));
}

/* ---- the work item ------------------------------------------------------------- */

static void fake_pull(struct fake_queue *queue)
{
	const struct vring *vring = virtqueue_get_vring(queue->vq);
	struct fake_request *req;
	u16 head;

	/* The index before the element and what it describes: the driver released it. */
	while (queue->avail != virtio16_to_cpu(fake.vdev, smp_load_acquire(&vring->avail->idx))) {
		head = virtio16_to_cpu(fake.vdev,
				       vring->avail->ring[queue->avail++ & (vring->num - 1)]);
		req = head < vring->num ? fake_take(vring, head) : NULL;
		if (req)
			list_add_tail(&req->list, &queue->held);
	}
}

static bool fake_held(unsigned int i)
{
	return READ_ONCE(*(i == FAKE_CTRL ? &hold_ctrl : &hold_data));
}

static void fake_work(struct work_struct *work)
{
	struct fake_request *req;
	unsigned int i;

	/* One request at a time, so that a reset need not wait for more. */
	for (i = FAKE_VQS; i-- > 0;) {
		struct fake_queue *queue = &fake.queues[i];

		mutex_lock(&fake.lock);
		req = NULL;
		if (queue->vq && fake.status & VIRTIO_CONFIG_S_DRIVER_OK) {
			fake_pull(queue);
			if (!fake_held(i))
				req = list_first_entry_or_null(&queue->held, struct fake_request,
							       list);
		}
		if (req) {
			list_del(&req->list);
			if (i == FAKE_CTRL)
				fake_serve_ctrl(queue, req);
			else
				fake_serve_data(queue, req);
			fake_run();
		}
		mutex_unlock(&fake.lock);
	}
}

static void fake_run(void)
{
	if (fake.vdev)
		queue_work(system_long_wq, &fake.work);
}

/* ---- transport ----------------------------------------------------------------- */

static void fake_get(struct virtio_device *vdev, unsigned int offset, void *buf, unsigned int len)
{
	memset(buf, 0, len);
	if (offset < sizeof(fake.config) && len <= sizeof(fake.config) - offset)
		memcpy(buf, (u8 *)&fake.config + offset, len);
}

static void fake_set(struct virtio_device *vdev, unsigned int offset, const void *buf,
		     unsigned int len)
{
}

static u8 fake_get_status(struct virtio_device *vdev)
{
	return READ_ONCE(fake.status);
}

static void fake_set_status(struct virtio_device *vdev, u8 status)
{
	mutex_lock(&fake.lock);
	fake.status = status;
	mutex_unlock(&fake.lock);
	fake_run();
}

/* Sessions stay, as in QEMU. */
static void fake_reset(struct virtio_device *vdev)
{
	struct fake_request *req, *next;
	unsigned int i;

	mutex_lock(&fake.lock);
	fake.status = 0;
	for (i = 0; i < FAKE_VQS; i++) {
		list_for_each_entry_safe(req, next, &fake.queues[i].held, list) {
			list_del(&req->list);
			fake_request_free(req);
		}
	}
	mutex_unlock(&fake.lock);
}

static bool fake_notify(struct virtqueue *vq)
{
	fake_run();
	return true;
}

static void fake_del_vqs(struct virtio_device *vdev)
{
	struct virtqueue *vq, *next;

	mutex_lock(&fake.lock);
	list_for_each_entry_safe(vq, next, &vdev->vqs, list) {
		fake.queues[vq->index].vq = NULL;
		vring_del_virtqueue(vq);
	}
	mutex_unlock(&fake.lock);
}

static int fake_find_vqs(struct virtio_device *vdev, unsigned int nr, struct virtqueue *vqs[],
			 struct virtqueue_info info[], struct irq_affinity *desc)
{
	unsigned int i;

	if (nr != FAKE_VQS)
		return -EINVAL;
	for (i = 0; i < nr; i++) {
		vqs[i] = vring_create_virtqueue(i, ring, PAGE_SIZE, vdev, true, false, info[i].ctx,
						fake_notify, info[i].callback, info[i].name);
		if (!vqs[i]) {
			fake_del_vqs(vdev);
			return -ENOMEM;
		}
		mutex_lock(&fake.lock);
		fake.queues[i].vq = vqs[i];
		fake.queues[i].avail = 0;
		mutex_unlock(&fake.lock);
	}
	return 0;
}

static u64 fake_get_features(struct virtio_device *vdev)
{
	return BIT_ULL(VIRTIO_F_VERSION_1);
}

static int fake_finalize_features(struct virtio_device *vdev)
{
	vring_transport_features(vdev);
	return 0;
}

static const char *fake_bus_name(struct virtio_device *vdev)
{
	return "virtio_crypto_fake";
}

static const struct virtio_config_ops fake_config_ops = {
	.get = fake_get,
	.set = fake_set,
	.get_status = fake_get_status,
	.set_status = fake_set_status,
	.reset = fake_reset,
	.find_vqs = fake_find_vqs,
	.del_vqs = fake_del_vqs,
	.get_features = fake_get_features,
	.finalize_features = fake_finalize_features,
	.bus_name = fake_bus_name,
};

static void fake_release(struct device *dev)
{
	kfree(container_of(dev, struct virtio_device, dev));
}

static int __init fake_init(void)
{
	unsigned int i;
	int err;

	if (!is_power_of_2(ring) || ring < 8 || ring > 1024)
		return -EINVAL;
	mutex_init(&fake.lock);
	INIT_WORK(&fake.work, fake_work);
	for (i = 0; i < FAKE_VQS; i++)
		INIT_LIST_HEAD(&fake.queues[i].held);
	fake.config.status = cpu_to_le32(VIRTIO_CRYPTO_S_HW_READY);
	fake.config.max_dataqueues = cpu_to_le32(1);
	fake.config.crypto_services = cpu_to_le32(BIT(VIRTIO_CRYPTO_SERVICE_AKCIPHER) |
						  BIT(VIRTIO_CRYPTO_SERVICE_CIPHER));
	fake.config.akcipher_algo = cpu_to_le32(BIT(VIRTIO_CRYPTO_AKCIPHER_RSA));
	fake.config.cipher_algo_l = cpu_to_le32(BIT(VIRTIO_CRYPTO_CIPHER_AES_CBC));
	fake.config.max_cipher_key_len = cpu_to_le32(64);
	fake.config.max_size = cpu_to_le64(1024 * 1024);

	fake.root = root_device_register("virtio_crypto_fake");
	if (IS_ERR(fake.root))
		return PTR_ERR(fake.root);
	fake.vdev = kzalloc_obj(*fake.vdev);
	if (!fake.vdev) {
		root_device_unregister(fake.root);
		return -ENOMEM;
	}
	fake.vdev->id.device = VIRTIO_ID_CRYPTO;
	fake.vdev->id.vendor = VIRTIO_DEV_ANY_ID;
	fake.vdev->config = &fake_config_ops;
	fake.vdev->dev.parent = fake.root;
	fake.vdev->dev.release = fake_release;
	err = register_virtio_device(fake.vdev);
	if (err) {
		put_device(&fake.vdev->dev);
		root_device_unregister(fake.root);
	}
	return err;
}

static void __exit fake_exit(void)
{
	unsigned int i;

	unregister_virtio_device(fake.vdev);
	cancel_work_sync(&fake.work);
	root_device_unregister(fake.root);
	for (i = 0; i < FAKE_MAX_SESSIONS; i++)
		if (fake.sessions[i])
			fake_session_free(i);
}

module_init(fake_init);
module_exit(fake_exit);

MODULE_DESCRIPTION("A virtio crypto device that misbehaves on demand, for tests");
MODULE_LICENSE("GPL");

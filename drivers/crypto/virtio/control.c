// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control queue: key sessions are opened and closed. Many requests may be in
 * flight. A request belongs to the ring from the moment it was added; whoever
 * takes it from there frees it, and wipes the key in it. An opener waits with
 * a struct vcrypto_wait on its stack, which the request points to until it is
 * answered, the opener gives up (max_wait_ms) or is sent away
 * (vcrypto_ctrl_abandon()). A session that is opened after its opener gave up is
 * closed again. Closing waits for room in the ring only, as long at most; its
 * request was allocated with the session, and is sent when there is room.
 *
 * A device that leaves a request unanswered for so long gets no more keys until it
 * answers: callers do not wait one after the other, and the memory it can hold is bounded.
 *
 * vcrypto_control.lock protects the ring, the list of requests in it and the list
 * of sessions. The interrupt only queues a bottom half.
 */
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <crypto/internal/asym/types.h>
#include <uapi/linux/virtio_crypto.h>

#include "class.h"
#include "control.h"
#include "proto.h"
#include "types.h"

/**
 * struct vcrypto_wait - somebody waits for a session
 * @done: answered, or not to be
 * @ctrl: the request, as long as it points here; under control.lock
 * @err: how it went
 */
struct vcrypto_wait {
	struct completion done;
	struct vcrypto_ctrl *ctrl;
	int err;
};

/**
 * struct vcrypto_ctrl - a request
 * @list: in vcrypto_control.inflight
 * @wait: opener, if there is one still
 * @session: the one to open or close
 * @key_len: bytes of key; 0 closes the session
 * @late: its opener gave up
 * @req: read by the device
 * @in: written by the device
 */
struct vcrypto_ctrl {
	struct list_head list;
	struct vcrypto_wait *wait;
	struct vcrypto_session *session;
	unsigned int key_len;
	bool late;
	struct virtio_crypto_op_ctrl_req req;
	union {
		struct virtio_crypto_session_input session;
		struct virtio_crypto_inhdr destroy;
	} in __aligned(ARCH_DMA_MINALIGN);
};

static_assert(sizeof(struct virtio_crypto_op_ctrl_req) == 16 + 56);
static_assert(sizeof(struct virtio_crypto_session_input) == 16);

/* A request to open a session, with the key */
struct vcrypto_open {
	struct vcrypto_ctrl ctrl;
	u8 key[] __aligned(ARCH_DMA_MINALIGN);
};

/**
 * struct vcrypto_session - a key that the device knows
 * @list: in vcrypto_control.sessions while it is open, in .unclosed if it is to be closed
 * @id: the device's name for it
 * @unknown: the device said that it does not know it (any more)
 * @destroy: opcode that closes it
 * @algo: VIRTIO_CRYPTO_AKCIPHER_* or VIRTIO_CRYPTO_CIPHER_*
 * @close: the request to close it
 */
struct vcrypto_session {
	struct list_head list;
	u64 id;
	bool unknown;
	u32 destroy;
	u32 algo;
	struct vcrypto_ctrl close;
};

/**
 * vcrypto_session_id() - the device's name for a session
 * @session: open, and used by the caller
 *
 * Context: any.
 * Return: the name, as its header fields hold it.
 */
u64 vcrypto_session_id(const struct vcrypto_session *session)
{
	return session->id;
}

/**
 * vcrypto_session_unknown() - the device answered INVSESS to an operation
 * @session: which the operation uses; it therefore still exists
 *
 * Context: any.
 */
void vcrypto_session_unknown(struct vcrypto_session *session)
{
	WRITE_ONCE(session->unknown, true);
}

/* control.lock is held. Nobody waits for @wait's request any more. */
static void vcrypto_wait_end(struct vcrypto_wait *wait, int err)
{
	wait->ctrl->wait = NULL;
	wait->ctrl = NULL;
	wait->err = err;
	complete(&wait->done);
}

/**
 * vcrypto_ctrl_silent() - whether a device gets no keys until it answers
 * @control: its control queue
 *
 * Context: &vcrypto_control.lock is held.
 * Return: true: it did not answer in time.
 */
bool vcrypto_ctrl_silent(const struct vcrypto_control *control)
{
	/* A request that could not be sent, for want of memory, is no silence. */
	return control->timeouts || control->late ||
	       (control->nr_unclosed && !list_empty(&control->inflight));
}

/* control.lock is held. A request was not answered, or found no room, in time. */
static void vcrypto_ctrl_timeout(struct vcrypto *vc)
{
	vc->control.timeouts++;
	vc->control.timeouts_all++;
	if (vc->control.refused)
		return;
	vc->control.refused = true;
	dev_err_ratelimited(&vc->vdev->dev,
			    "does not answer on its control queue: it gets no keys until it does, software computes. If it stays so, unbind and bind it\n");
}

/* control.lock is held; answers were taken. */
static void vcrypto_ctrl_answers(struct vcrypto *vc)
{
	vc->control.timeouts = 0;
	if (!vc->control.refused || vcrypto_ctrl_silent(&vc->control))
		return;
	vc->control.refused = false;
	dev_info_ratelimited(&vc->vdev->dev, "answers on its control queue again\n");
}

static void vcrypto_ctrl_free(struct vcrypto_ctrl *ctrl)
{
	if (ctrl->key_len)
		kfree_sensitive(container_of(ctrl, struct vcrypto_open, ctrl));
	else
		kfree(ctrl->session);
}

/* control.lock is held. */
static void vcrypto_session_add(struct vcrypto *vc, struct vcrypto_session *session)
{
	list_add_tail(&session->list, &vc->control.sessions);
	vc->control.nr_sessions++;
}

/* control.lock is held. vcrypto_ctrl_work() or vcrypto_sessions_close() closes it. */
static void vcrypto_session_add_unclosed(struct vcrypto *vc, struct vcrypto_session *session)
{
	list_add_tail(&session->list, &vc->control.unclosed);
	vc->control.nr_unclosed++;
}

/*
 * control.lock is held and @ctrl off the ring. @err: the device was reset, or 0
 * to see what it wrote.
 */
static void vcrypto_ctrl_done(struct vcrypto *vc, struct vcrypto_ctrl *ctrl, int err)
{
	struct vcrypto_session *session = ctrl->session;

	list_del(&ctrl->list);
	if (ctrl->late)
		vc->control.late--;
	if (!err) {
		err = vcrypto_errno(ctrl->key_len ? le32_to_cpu(ctrl->in.session.status) :
						    ctrl->in.destroy.status);
		if (err)
			vc->control.errors++;
	}
	if (ctrl->key_len) {
		if (!err) {
			session->id = le64_to_cpu(ctrl->in.session.session_id);
			if (ctrl->wait)
				vcrypto_session_add(vc, session);
			else
				vcrypto_session_add_unclosed(vc, session);
		} else {
			kfree(session);
		}
		if (ctrl->wait)
			vcrypto_wait_end(ctrl->wait, err);
	}
	vcrypto_ctrl_free(ctrl);
}

/* control.lock is held. On success @ctrl is the ring's; @notify: the device is to be notified. */
static int vcrypto_ctrl_add(struct vcrypto *vc, struct vcrypto_ctrl *ctrl, bool *notify)
{
	struct scatterlist req, key, in, *sgs[3];
	unsigned int nr_out = 0;
	int err;

	sg_init_one(&req, &ctrl->req, vcrypto_ctrl_req_len(vc->rev1, !ctrl->key_len));
	sgs[nr_out++] = &req;
	if (ctrl->key_len) {
		sg_init_one(&key, container_of(ctrl, struct vcrypto_open, ctrl)->key,
			    ctrl->key_len);
		sgs[nr_out++] = &key;
		ctrl->in.session.status = cpu_to_le32(VIRTIO_CRYPTO_ERR);
		sg_init_one(&in, &ctrl->in.session, sizeof(ctrl->in.session));
	} else {
		ctrl->in.destroy.status = VIRTIO_CRYPTO_ERR;
		sg_init_one(&in, &ctrl->in.destroy, sizeof(ctrl->in.destroy));
	}
	sgs[nr_out] = &in;
	err = virtqueue_add_sgs(vc->control.vq, sgs, nr_out, 1, ctrl, GFP_ATOMIC);
	if (err)
		return err;
	list_add_tail(&ctrl->list, &vc->control.inflight);
	vc->control.requests++;
	if (virtqueue_kick_prepare(vc->control.vq)) {
		vc->control.kicks++;
		*notify = true;
	}
	return 0;
}

static void vcrypto_close_prepare(struct vcrypto_session *session)
{
	struct virtio_crypto_op_ctrl_req *req = &session->close.req;

	req->header.opcode = cpu_to_le32(session->destroy);
	req->header.algo = cpu_to_le32(session->algo);
	req->u.destroy_session.session_id = cpu_to_le64(session->id);
}

/* control.lock is held. Closes what could not be closed before, as far as there is room. */
static bool vcrypto_ctrl_close_left(struct vcrypto *vc)
{
	struct vcrypto_session *session, *next;
	bool notify = false;

	list_for_each_entry_safe(session, next, &vc->control.unclosed, list) {
		vcrypto_close_prepare(session);
		if (vc->control.stopping || vcrypto_ctrl_add(vc, &session->close, &notify))
			break;
		list_del(&session->list);
		vc->control.nr_unclosed--;
	}
	return notify;
}

static void vcrypto_ctrl_work(struct work_struct *work)
{
	struct vcrypto *vc = container_of(work, struct vcrypto, control.work);
	bool broken, notify, any = false;
	struct vcrypto_ctrl *ctrl;
	unsigned int used;

	spin_lock_irq(&vc->control.lock);
	if (vc->control.dead) {	/* vcrypto_ctrl_flush() sees to it */
		spin_unlock_irq(&vc->control.lock);
		return;
	}
	do {
		virtqueue_disable_cb(vc->control.vq);
		while ((ctrl = virtqueue_get_buf(vc->control.vq, &used))) {
			vcrypto_ctrl_done(vc, ctrl, 0);
			any = true;
		}
	} while (!virtqueue_enable_cb(vc->control.vq));
	notify = vcrypto_ctrl_close_left(vc);
	if (any)
		vcrypto_ctrl_answers(vc);
	broken = virtqueue_is_broken(vc->control.vq);
	spin_unlock_irq(&vc->control.lock);

	if (notify)	/* vcrypto_ctrl_flush() waits for us */
		virtqueue_notify(vc->control.vq);
	wake_up(&vc->control.room);
	if (broken)
		vcrypto_fail(vc);
}

/**
 * vcrypto_ctrl_callback() - the device answered
 * @vq: control queue
 *
 * Context: interrupt.
 */
void vcrypto_ctrl_callback(struct virtqueue *vq)
{
	struct vcrypto *vc = vq->vdev->priv;

	atomic64_inc(&vc->control.interrupts);
	queue_work(system_bh_wq, &vc->control.work);
}

/**
 * vcrypto_ctrl_init() - once for each device
 * @vc: device; its control queue takes no requests until vcrypto_ctrl_start()
 *
 * Context: any.
 */
void vcrypto_ctrl_init(struct vcrypto *vc)
{
	spin_lock_init(&vc->control.lock);
	init_waitqueue_head(&vc->control.room);
	INIT_LIST_HEAD(&vc->control.inflight);
	INIT_LIST_HEAD(&vc->control.sessions);
	INIT_LIST_HEAD(&vc->control.unclosed);
	INIT_WORK(&vc->control.work, vcrypto_ctrl_work);
	vc->control.dead = true;
}

/**
 * vcrypto_ctrl_start() - take requests
 * @vc: device
 * @vq: its control queue; it is there until after vcrypto_ctrl_flush()
 *
 * Context: process.
 */
void vcrypto_ctrl_start(struct vcrypto *vc, struct virtqueue *vq)
{
	spin_lock_irq(&vc->control.lock);
	vc->control.vq = vq;
	vc->control.dead = false;
	vc->control.stopping = false;
	vc->control.timeouts = 0;
	vc->control.refused = false;
	spin_unlock_irq(&vc->control.lock);
}

/**
 * vcrypto_ctrl_abandon() - send away openers that wait, and those that come
 * @vc: device; it goes
 *
 * Context: process.
 */
void vcrypto_ctrl_abandon(struct vcrypto *vc)
{
	struct vcrypto_ctrl *ctrl;

	spin_lock_irq(&vc->control.lock);
	vc->control.stopping = true;
	list_for_each_entry(ctrl, &vc->control.inflight, list) {
		if (ctrl->wait)
			vcrypto_wait_end(ctrl->wait, -ENODEV);
	}
	spin_unlock_irq(&vc->control.lock);
	wake_up(&vc->control.room);
}

/**
 * vcrypto_ctrl_kill() - as vcrypto_ctrl_abandon(); and nothing is added to the ring any more
 * @vc: device
 *
 * Context: process.
 */
void vcrypto_ctrl_kill(struct vcrypto *vc)
{
	spin_lock_irq(&vc->control.lock);
	vc->control.dead = true;
	spin_unlock_irq(&vc->control.lock);
	vcrypto_ctrl_abandon(vc);
}

/**
 * vcrypto_ctrl_flush() - free the requests that the device held
 * @vc: device: it was reset after vcrypto_ctrl_kill()
 *
 * Context: sleeps.
 */
void vcrypto_ctrl_flush(struct vcrypto *vc)
{
	struct vcrypto_ctrl *ctrl;

	cancel_work_sync(&vc->control.work);
	spin_lock_irq(&vc->control.lock);
	while ((ctrl = virtqueue_detach_unused_buf(vc->control.vq)))
		vcrypto_ctrl_done(vc, ctrl, -ENODEV);
	spin_unlock_irq(&vc->control.lock);
	wake_up(&vc->control.room);
}

/*
 * Sends @ctrl, which on success is the ring's. -ENOSPC: wait for control.room.
 * @last: also while stopping.
 */
static int vcrypto_ctrl_try(struct vcrypto *vc, struct vcrypto_ctrl *ctrl, bool last)
{
	bool notify = false;
	int err;

	spin_lock_irq(&vc->control.lock);
	if (vc->control.dead || (vc->control.stopping && !last))
		err = -ENODEV;
	else if (ctrl->key_len && vcrypto_ctrl_silent(&vc->control))
		err = -ETIMEDOUT;
	else
		err = vcrypto_ctrl_add(vc, ctrl, &notify);
	if (err == -ENOMEM && !list_empty(&vc->control.inflight))
		err = -ENOSPC;
	else if (err == -ENOSPC && list_empty(&vc->control.inflight))
		err = -EIO;
	spin_unlock_irq(&vc->control.lock);

	/* The virtqueue exists: our caller is in ->open(), ->close() or holds life_lock. */
	if (notify)
		virtqueue_notify(vc->control.vq);
	else if (err == -EIO)
		vcrypto_fail(vc);
	return err;
}

/* A request to open a session, with its key, and the session; NULL without memory. */
static struct vcrypto_open *vcrypto_open_alloc(const u8 *key, unsigned int len, u32 opcode)
{
	struct vcrypto_session *session = kzalloc_obj(*session);
	struct vcrypto_open *open = kzalloc(struct_size(open, key, len), GFP_KERNEL);

	if (!session || !open) {
		kfree(open);
		kfree(session);
		return NULL;
	}
	session->close.session = session;
	memcpy(open->key, key, len);
	open->ctrl.session = session;
	open->ctrl.key_len = len;
	open->ctrl.req.header.opcode = cpu_to_le32(opcode);
	return open;
}

/* The opener waits no longer. The request, with the key, is the device's until it answers. */
static void vcrypto_open_give_up(struct vcrypto *vc, struct vcrypto_wait *wait)
{
	spin_lock_irq(&vc->control.lock);
	if (wait->ctrl) {
		wait->ctrl->late = true;
		vc->control.late++;
		vcrypto_ctrl_timeout(vc);
		vcrypto_wait_end(wait, -ETIMEDOUT);
	}
	spin_unlock_irq(&vc->control.lock);
}

/* Sends @open, and waits for the answer, not for ever. @open is no longer the caller's. */
static int vcrypto_open_send(struct vcrypto *vc, struct vcrypto_open *open,
			     struct vcrypto_session **session)
{
	struct vcrypto_session *new = open->ctrl.session;
	struct vcrypto_wait wait = { .ctrl = &open->ctrl };
	long left = vcrypto_max_wait();
	int err;

	init_completion(&wait.done);
	open->ctrl.wait = &wait;
	left = wait_event_timeout(vc->control.room,
				  (err = vcrypto_ctrl_try(vc, &open->ctrl, false)) != -ENOSPC,
				  left);
	if (err) {
		if (err == -ENOSPC) {
			spin_lock_irq(&vc->control.lock);
			vcrypto_ctrl_timeout(vc);
			spin_unlock_irq(&vc->control.lock);
			err = -ETIMEDOUT;
		}
		kfree_sensitive(open);
		kfree(new);
		return err;
	}

	if (!wait_for_completion_timeout(&wait.done, left))
		vcrypto_open_give_up(vc, &wait);
	if (!wait.err)
		*session = new;
	return wait.err;
}

/**
 * vcrypto_session_open() - make the device know an RSA or ECDSA key
 * @vc: device
 * @key: copied
 * @para: what it is for
 * @session: on success, the session
 *
 * Context: sleeps until the device answers or goes away, max_wait_ms at most.
 * Return: 0; -ENODEV the device goes; -ETIMEDOUT it does not answer; -ENOSPC, -EOPNOTSUPP, -EIO
 * its answer.
 */
int vcrypto_session_open(struct vcrypto *vc, const struct asym_key_data *key,
			 const struct virtio_crypto_akcipher_session_para *para,
			 struct vcrypto_session **session)
{
	struct vcrypto_open *open;

	if (!key->der_len || key->der_len > ASYM_DEVICE_MAX_DER)
		return -EINVAL;
	open = vcrypto_open_alloc(key->der, key->der_len, VIRTIO_CRYPTO_AKCIPHER_CREATE_SESSION);
	if (!open)
		return -ENOMEM;

	open->ctrl.session->destroy = VIRTIO_CRYPTO_AKCIPHER_DESTROY_SESSION;
	open->ctrl.session->algo = key->algo;
	open->ctrl.req.header.algo = cpu_to_le32(key->algo);
	open->ctrl.req.u.akcipher_create_session.para = *para;
	return vcrypto_open_send(vc, open, session);
}

/**
 * vcrypto_cipher_session_open() - make the device know an AES key, for CBC in one direction
 * @vc: device
 * @key: copied
 * @key_len: bytes at @key
 * @decrypt: the direction
 * @session: on success, the session
 *
 * Specification: 5.9.7.2.1.3, "Session operation: CIPHER session".
 *
 * Context: sleeps until the device answers or goes away, max_wait_ms at most.
 * Return: as vcrypto_session_open().
 */
int vcrypto_cipher_session_open(struct vcrypto *vc, const u8 *key, unsigned int key_len,
				bool decrypt, struct vcrypto_session **session)
{
	struct virtio_crypto_sym_create_session_req *sym;
	struct vcrypto_open *open;

	open = vcrypto_open_alloc(key, key_len, VIRTIO_CRYPTO_CIPHER_CREATE_SESSION);
	if (!open)
		return -ENOMEM;

	open->ctrl.session->destroy = VIRTIO_CRYPTO_CIPHER_DESTROY_SESSION;
	open->ctrl.session->algo = VIRTIO_CRYPTO_CIPHER_AES_CBC;
	open->ctrl.req.header.algo = cpu_to_le32(VIRTIO_CRYPTO_CIPHER_AES_CBC);
	sym = &open->ctrl.req.u.sym_create_session;
	sym->op_type = cpu_to_le32(VIRTIO_CRYPTO_SYM_OP_CIPHER);
	sym->u.cipher.para.algo = cpu_to_le32(VIRTIO_CRYPTO_CIPHER_AES_CBC);
	sym->u.cipher.para.keylen = cpu_to_le32(key_len);
	sym->u.cipher.para.op = cpu_to_le32(decrypt ? VIRTIO_CRYPTO_OP_DECRYPT :
						      VIRTIO_CRYPTO_OP_ENCRYPT);
	return vcrypto_open_send(vc, open, session);
}

static void vcrypto_session_remove(struct vcrypto *vc, struct vcrypto_session *session)
{
	list_del(&session->list);
	vc->control.nr_sessions--;
}

/**
 * vcrypto_session_close() - make the device forget a key
 * @vc: device
 * @session: no longer the caller's
 *
 * Context: may sleep, for room in the ring only, max_wait_ms at most.
 */
void vcrypto_session_close(struct vcrypto *vc, struct vcrypto_session *session)
{
	bool silent;
	int err;

	spin_lock_irq(&vc->control.lock);
	vcrypto_session_remove(vc, session);
	silent = vcrypto_ctrl_silent(&vc->control);
	spin_unlock_irq(&vc->control.lock);
	/* Of no use, and QEMU up to 8.2 ends with an assertion. */
	if (READ_ONCE(session->unknown)) {
		kfree(session);
		return;
	}

	vcrypto_close_prepare(session);
	wait_event_timeout(vc->control.room,
			   (err = vcrypto_ctrl_try(vc, &session->close, false)) != -ENOSPC,
			   silent ? 0 : vcrypto_max_wait());
	if (!err)
		return;

	spin_lock_irq(&vc->control.lock);
	vcrypto_session_add_unclosed(vc, session);
	if (err == -ENOSPC && !silent)
		vcrypto_ctrl_timeout(vc);
	spin_unlock_irq(&vc->control.lock);
}

static bool vcrypto_ctrl_idle(struct vcrypto *vc)
{
	bool idle;

	spin_lock_irq(&vc->control.lock);
	idle = vc->control.dead || list_empty(&vc->control.inflight);
	spin_unlock_irq(&vc->control.lock);
	return idle;
}

static struct vcrypto_session *vcrypto_session_pop(struct vcrypto *vc)
{
	struct vcrypto_control *control = &vc->control;
	struct vcrypto_session *session;

	spin_lock_irq(&control->lock);
	session = list_first_entry_or_null(&control->sessions, struct vcrypto_session, list);
	if (session) {
		vcrypto_session_remove(vc, session);
	} else {
		session = list_first_entry_or_null(&control->unclosed, struct vcrypto_session,
						   list);
		if (session) {
			list_del(&session->list);
			control->nr_unclosed--;
		}
	}
	spin_unlock_irq(&control->lock);
	return session;
}

/**
 * vcrypto_sessions_close() - close what is open still
 * @vc: device; it goes away in order. Nobody opens or closes any more, and no operation is in
 *	flight
 * @left: jiffies that it may take altogether
 *
 * A reset does not close them (QEMU's backends keep sessions over it and have room for 256).
 * Gives up on a device that does not answer.
 *
 * Context: sleeps.
 */
void vcrypto_sessions_close(struct vcrypto *vc, long left)
{
	struct vcrypto_session *session;
	int err;

	/* Openers that were sent away may get an answer still. */
	left = wait_event_timeout(vc->control.room, vcrypto_ctrl_idle(vc), left);

	while (left && (session = vcrypto_session_pop(vc))) {
		if (READ_ONCE(session->unknown)) {
			kfree(session);
			continue;
		}
		vcrypto_close_prepare(session);
		left = wait_event_timeout(vc->control.room,
					  (err = vcrypto_ctrl_try(vc, &session->close, true)) !=
					  -ENOSPC, left);
		if (err) {
			kfree(session);
			return;
		}
	}
	wait_event_timeout(vc->control.room, vcrypto_ctrl_idle(vc), left);
}

/**
 * vcrypto_sessions_forget() - free all sessions
 * @vc: device: it was reset; nobody uses a session any more
 *
 * Context: process.
 */
void vcrypto_sessions_forget(struct vcrypto *vc)
{
	struct vcrypto_session *session;

	while ((session = vcrypto_session_pop(vc)))
		kfree(session);
}

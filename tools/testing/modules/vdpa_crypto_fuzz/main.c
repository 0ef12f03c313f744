// SPDX-License-Identifier: GPL-2.0-only
/*
 * vdpa_crypto_fuzz: a hostile driver for a device of vdpa_crypto that is bound to virtio_vdpa.
 *
 *	modprobe vdpa_crypto_fuzz device=NAME count=1000000
 *	cat /sys/kernel/debug/vdpa_crypto_fuzz/stats	# until "running 0"
 *	rmmod vdpa_crypto_fuzz
 *
 * It takes the device that is named, from whichever driver has it, and no other: the virtio bus
 * sees no id of ours. When the module is unloaded, which may be at any time, the bus looks for a
 * driver again.
 *
 * virtio_vdpa makes the rings; everything in them is written past it. It gives the device all of
 * the kernel's memory, as a guest would not: here it is given the rings and an arena, by the
 * operations of the vDPA device that vhost_vdpa uses, so addresses may be as wrong as they like.
 *
 * A thread makes batches of chains until there were @count, then waits to be stopped. It proves
 * every now and then, and after every reset, that the device serves: sessions of each kind are
 * opened, on each data queue an operation with each of them is right, and all sessions are closed.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/stdarg.h>
#include <linux/vdpa.h>
#include <linux/vhost_iotlb.h>
#include <linux/virtio_config.h>
#include <linux/vmalloc.h>

#include "fuzz.h"

#define FUZZ_SAY_MAX		20	/* lines about failures, and a run ends behind them */
#define FUZZ_ROUNDS		32	/* in which each kind has its turn, and a proof */

static char *device;
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "name of the vDPA device to be driven; required");

static unsigned long count = 20000;
module_param(count, ulong, 0444);
MODULE_PARM_DESC(count, "chains to send (default 20000)");

static unsigned long long seed;
module_param(seed, ullong, 0444);
MODULE_PARM_DESC(seed, "of everything random (default 0: a random one, which is in stats)");

static unsigned int batch = 256;
module_param(batch, uint, 0444);
MODULE_PARM_DESC(batch, "chains in flight at one time, at most (1 to 512, default 256)");

static unsigned int timeout_ms = 60000;
module_param(timeout_ms, uint, 0444);
MODULE_PARM_DESC(timeout_ms, "a chain that is not answered for so long hangs (default 60000)");

static unsigned int max_sessions;
module_param(max_sessions, uint, 0444);
MODULE_PARM_DESC(max_sessions, "of the device, which must not have more (default 0: not known)");

/* Revision 1, and the stateless modes, which need it. */
static const unsigned int fuzz_features[] = {
	VIRTIO_CRYPTO_F_REVISION_1,
	VIRTIO_CRYPTO_F_AKCIPHER_STATELESS_MODE,
	VIRTIO_CRYPTO_F_CIPHER_STATELESS_MODE,
};

static struct fuzz *fuzz;
static struct dentry *fuzz_dir;

static const char * const fuzz_names[FUZZ_COUNTS] = {
	[FUZZ_CHAINS]		= "chains",
	[FUZZ_VALID]		= "chains_valid",
	[FUZZ_SPOILED]		= "chains_spoiled",
	[FUZZ_TORN]		= "chains_torn",
	[FUZZ_RANDOM]		= "chains_random",
	[FUZZ_ANSWERED]		= "answered",
	[FUZZ_GIVEN_UP]		= "given_up",
	[FUZZ_RIGHT]		= "right",
	[FUZZ_EMPTY_MALFORMED]	= "empty_malformed",
	[FUZZ_EMPTY_NO_ROOM]	= "empty_no_room",
	[FUZZ_STATUS + VIRTIO_CRYPTO_OK]		= "status_ok",
	[FUZZ_STATUS + VIRTIO_CRYPTO_ERR]		= "status_err",
	[FUZZ_STATUS + VIRTIO_CRYPTO_BADMSG]		= "status_badmsg",
	[FUZZ_STATUS + VIRTIO_CRYPTO_NOTSUPP]		= "status_notsupp",
	[FUZZ_STATUS + VIRTIO_CRYPTO_INVSESS]		= "status_invsess",
	[FUZZ_STATUS + VIRTIO_CRYPTO_NOSPC]		= "status_nospc",
	[FUZZ_STATUS + VIRTIO_CRYPTO_KEY_REJECTED]	= "status_key_rejected",
	[FUZZ_BATCHES]		= "batches",
	[FUZZ_RACING]		= "batches_racing",
	[FUZZ_BREAKING]		= "batches_breaking",
	[FUZZ_RESETTING]	= "batches_resetting",
	[FUZZ_SELF]		= "batches_self",
	[FUZZ_RESETS]		= "resets",
	[FUZZ_NEEDS_RESET]	= "needs_reset",
	[FUZZ_PROOFS]		= "proofs",
	[FUZZ_PROOF_CHAINS]	= "proof_chains",
	[FUZZ_SESSIONS]		= "sessions",
	[FUZZ_SESSIONS_MOST]	= "sessions_most",
	[FUZZ_FAILURES]		= "failures",
	[FUZZ_HANGS]		= "hangs",
	[FUZZ_LOST_IRQS]	= "lost_irqs",
	[FUZZ_WRONG_ID]		= "wrong_id",
	[FUZZ_WRONG_LEN]	= "wrong_len",
	[FUZZ_WRONG_STATUS]	= "wrong_status",
	[FUZZ_WRONG_RESULT]	= "wrong_result",
	[FUZZ_WRONG_MEMORY]	= "wrong_memory",
	[FUZZ_WRONG_STATE]	= "wrong_state",
};

/* The device did what it must not: count it as @what, and say so. */
void fuzz_fail(struct fuzz *f, enum fuzz_count what, const char *format, ...)
{
	struct va_format text = { .fmt = format };
	va_list args;

	fuzz_add(f, FUZZ_FAILURES, 1);
	fuzz_add(f, what, 1);
	if (f->said++ >= FUZZ_SAY_MAX)
		return;
	va_start(args, format);
	text.va = &args;
	pr_err("seed %llu, batch %llu: %pV\n", seed, f->batch, &text);
	va_end(args);
}

unsigned int fuzz_timeout_ms(void)
{
	return timeout_ms;
}

bool fuzz_stopping(struct fuzz *f)
{
	return kthread_should_stop();
}

bool fuzz_needs_reset(struct fuzz *f)
{
	return f->vdev->config->get_status(f->vdev) & VIRTIO_CONFIG_S_NEEDS_RESET;
}

/* ---- the guest's memory ---------------------------------------------------------- */

static int fuzz_dma_map(struct fuzz *f, u64 iova, u64 size, u64 pa, u32 perm)
{
	return f->vdpa->config->dma_map(f->vdpa, 0, iova, size, pa, perm, NULL);
}

static void fuzz_dma_unmap(struct fuzz *f, u64 iova, u64 size)
{
	f->vdpa->config->dma_unmap(f->vdpa, 0, iova, size);
}

/* A page of the arena, at its three addresses. */
int fuzz_map_page(struct fuzz *f, unsigned int page)
{
	u64 at = (u64)page * PAGE_SIZE;
	u64 pa = page_to_phys(vmalloc_to_page(f->arena + at));

	return fuzz_dma_map(f, FUZZ_IOVA + at, PAGE_SIZE, pa, VHOST_MAP_RW) ?:
	       fuzz_dma_map(f, FUZZ_IOVA_RO + at, PAGE_SIZE, pa, VHOST_MAP_RO) ?:
	       fuzz_dma_map(f, FUZZ_IOVA_WO + at, PAGE_SIZE, pa, VHOST_MAP_WO);
}

void fuzz_unmap_page(struct fuzz *f, unsigned int page)
{
	u64 at = (u64)page * PAGE_SIZE;

	fuzz_dma_unmap(f, FUZZ_IOVA + at, PAGE_SIZE);
	fuzz_dma_unmap(f, FUZZ_IOVA_RO + at, PAGE_SIZE);
	fuzz_dma_unmap(f, FUZZ_IOVA_WO + at, PAGE_SIZE);
}

static int fuzz_map_arena(struct fuzz *f)
{
	unsigned int page;
	int err = 0;

	for (page = 0; !err && page < FUZZ_ARENA / PAGE_SIZE; page++)
		err = fuzz_map_page(f, page);
	return err;
}

/* ---- starting and stopping the device -------------------------------------------- */

static void fuzz_vq_interrupt(struct virtqueue *vq)
{
	struct fuzz *f = vq->vdev->priv;
	struct fuzz_queue *q = &f->queues[vq->index];

	WRITE_ONCE(q->irq_idx, virtio16_to_cpu(vq->vdev, READ_ONCE(q->vring->used->idx)));
	wake_up(&f->wait);
}

static void fuzz_config_changed(struct virtio_device *vdev)
{
	struct fuzz *f = vdev->priv;

	atomic_inc(&f->config_irqs);
	wake_up(&f->wait);
}

static int fuzz_find_vqs(struct fuzz *f)
{
	struct virtqueue_info info[FUZZ_QUEUES_MAX] = {};
	struct virtqueue *vqs[FUZZ_QUEUES_MAX] = {};
	unsigned int i;
	int err;

	for (i = 0; i < f->nr_queues; i++)
		info[i] = (struct virtqueue_info) { .name = "fuzz", .callback = fuzz_vq_interrupt };
	err = virtio_find_vqs(f->vdev, f->nr_queues, vqs, info, NULL);
	if (err)
		return err;
	for (i = 0; i < f->nr_queues; i++)
		f->queues[i].vq = vqs[i];
	return 0;
}

/*
 * A queue that was found: where it is, and an index to begin with that is not 0, so that it wraps
 * soon enough. It is enabled, but the device does not look at it before DRIVER_OK.
 */
static int fuzz_start_queue(struct fuzz *f, struct fuzz_queue *q)
{
	const struct vdpa_config_ops *ops = f->vdpa->config;
	struct vdpa_vq_state state = {};
	u64 last;
	int err;

	q->vring = virtqueue_get_vring(q->vq);
	q->num = q->vring->num;
	if (q->num > FUZZ_RING_MAX)
		return -E2BIG;
	q->iova = round_down(virtqueue_get_desc_addr(q->vq), PAGE_SIZE);
	last = virtqueue_get_used_addr(q->vq) + struct_size(q->vring->used, ring, q->num);
	q->size = round_up(last, PAGE_SIZE) - q->iova;
	err = fuzz_dma_map(f, q->iova, q->size, q->iova, VHOST_MAP_RW);
	if (err)
		return err;

	q->next = fuzz_u32(f);
	q->seen = q->next;
	q->irq_idx = q->next;
	memset(q->outstanding, 0, sizeof(q->outstanding));
	state.split.avail_index = q->next;
	ops->set_vq_ready(f->vdpa, q->index, false);
	err = ops->set_vq_state(f->vdpa, q->index, &state);
	if (err)
		return err;
	q->vring->avail->idx = cpu_to_virtio16(f->vdev, q->next);
	q->vring->used->idx = cpu_to_virtio16(f->vdev, q->next);
	ops->set_vq_ready(f->vdpa, q->index, true);
	return ops->get_vq_ready(f->vdpa, q->index) ? 0 : -EIO;
}

/* virtio 1.3, 3.1.1 */
static int fuzz_start(struct fuzz *f)
{
	struct virtio_device *vdev = f->vdev;
	unsigned int i;
	int err;

	virtio_add_status(vdev, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	virtio_add_status(vdev, VIRTIO_CONFIG_S_DRIVER);
	vdev->features = f->offered;
	/* Some of them are not wanted; nothing is without the first one. */
	for (i = 0; i < ARRAY_SIZE(fuzz_features); i++)
		if (!fuzz_has(f, fuzz_features[0]) || fuzz_one_in(f, 3))
			vdev->features &= ~BIT_ULL(fuzz_features[i]);
	err = vdev->config->finalize_features(vdev);
	if (err)
		return err;
	virtio_add_status(vdev, VIRTIO_CONFIG_S_FEATURES_OK);
	if (!(vdev->config->get_status(vdev) & VIRTIO_CONFIG_S_FEATURES_OK))
		return -ENODEV;
	err = fuzz_find_vqs(f);
	if (err)
		return err;
	f->started = true;
	/* The rings are not mapped yet: what ends now, of the time before, does not touch them. */
	if (fuzz_one_in(f, 2))
		usleep_range(10, 1000);
	for (i = 0; !err && i < f->nr_queues; i++)
		err = fuzz_start_queue(f, &f->queues[i]);
	if (!err)
		virtio_device_ready(vdev);
	return err;
}

static void fuzz_stop(struct fuzz *f)
{
	unsigned int i;

	virtio_reset_device(f->vdev);
	if (!f->started)
		return;
	f->started = false;
	for (i = 0; i < f->nr_queues; i++)
		fuzz_dma_unmap(f, f->queues[i].iova, f->queues[i].size);
	f->vdev->config->del_vqs(f->vdev);
}

/* Reset the device and begin anew. */
int fuzz_reset(struct fuzz *f)
{
	int err;

	fuzz_give_up(f);
	fuzz_stop(f);
	fuzz_session_forget_all(f);
	fuzz_add(f, FUZZ_RESETS, 1);
	err = fuzz_start(f);
	if (err)
		fuzz_fail(f, FUZZ_WRONG_STATE, "it does not start again: %pe", ERR_PTR(err));
	return err;
}

/* ---- the run --------------------------------------------------------------------- */

/* More sessions than the device may have. */
static void fuzz_fill_greedy(struct fuzz *f)
{
	unsigned int n;

	for (n = max_sessions + 8; n; n--) {
		fuzz_make_open(f, fuzz_below(f, f->nr_types));
		f->req.answer.may_lack_room = true;
		f->req.count = FUZZ_VALID;
		if (!fuzz_add_request(f, fuzz_ctrl(f), false))
			break;
	}
}

static void fuzz_fill(struct fuzz *f, enum fuzz_kind kind)
{
	struct fuzz_queue *flood = fuzz_one_in(f, 8) ? fuzz_data(f) : NULL;
	bool ctrl = kind != FUZZ_KIND_RACING || fuzz_one_in(f, 2);
	unsigned int n;

	for (n = 1 + fuzz_below(f, batch); n; n--) {
		struct fuzz_queue *q = flood ?: fuzz_data(f);
		bool there_is_room;

		if (!flood && ctrl && fuzz_one_in(f, 6))
			q = fuzz_ctrl(f);

		if (kind == FUZZ_KIND_SELF && fuzz_one_in(f, 3)) {
			there_is_room = fuzz_add_random(f, q, true);
		} else if (fuzz_one_in(f, 12)) {
			there_is_room = fuzz_add_random(f, q, false);
		} else {
			fuzz_make(f, q->ctrl);
			there_is_room = fuzz_add_request(f, q, fuzz_one_in(f, 6));
		}
		if (!there_is_room)
			break;
	}
	for (n = fuzz_one_in(f, 4) ? fuzz_below(f, 4) : 0; n; n--)
		fuzz_add_again(f);
}

/* One of three batches that prove that the device serves. */
static int fuzz_prove_step(struct fuzz *f, unsigned int step)
{
	unsigned int i, n;

	fuzz_begin(f);
	for (i = 0; step == 0 && i < f->nr_sessions; i++) {
		fuzz_make_close(f, &f->sessions[i]);
		fuzz_add_request(f, fuzz_ctrl(f), false);
	}
	for (i = 0; step == 1 && i < f->nr_types; i++) {
		fuzz_make_open(f, i);
		fuzz_add_request(f, fuzz_ctrl(f), false);
	}
	for (n = 0; step == 2 && n < f->nr_queues - 1; n++) {
		for (i = 0; i < f->nr_sessions; i++) {
			fuzz_make_known(f, &f->sessions[i]);
			fuzz_add_request(f, &f->queues[n], false);
		}
		for (i = 1; i < ARRAY_SIZE(fuzz_features); i++) {
			if (!fuzz_has(f, fuzz_features[i]))
				continue;
			fuzz_make_known_stateless(f, fuzz_features[i]);
			fuzz_add_request(f, &f->queues[n], false);
		}
	}
	return fuzz_run(f, FUZZ_STRICT);
}

/* Without resetting it, unless there may be sessions that nobody can close. */
static int fuzz_prove(struct fuzz *f)
{
	u64 failures = f->counts[FUZZ_FAILURES], right;
	unsigned int step, i, known;
	int err = 0;

	for (i = 0; i < f->nr_sessions; i++)
		f->unknown |= f->sessions[i].type == FUZZ_UNKNOWN;
	if (f->unknown)
		err = fuzz_reset(f);
	f->proving = true;
	for (step = 0; !err && step < 3; step++) {
		right = f->counts[FUZZ_RIGHT];
		err = fuzz_prove_step(f, step);
	}
	f->proving = false;
	if (err)
		return err;
	/* All but what is done with the small key, and the private one of ECDSA. */
	known = f->nr_types - (f->nr_types > FUZZ_ECDSA_SIGN ? 2 : 1);
	if (f->nr_sessions != f->nr_types ||
	    f->counts[FUZZ_RIGHT] - right < (f->nr_queues - 1) * known)
		fuzz_fail(f, FUZZ_WRONG_RESULT, "it does not serve any more");
	if (f->counts[FUZZ_FAILURES] == failures)
		fuzz_add(f, FUZZ_PROOFS, 1);
	return 0;
}

/* In fixed turns, so that a short run has all of them. */
static enum fuzz_kind fuzz_choose(const struct fuzz *f)
{
	switch (f->round % FUZZ_ROUNDS) {
	case 3:
		return FUZZ_GREEDY;
	case 7:
	case 23:
		return FUZZ_KIND_RACING;
	case 11:
		return FUZZ_KIND_BREAKING;
	case 15:
		return FUZZ_KIND_RESETTING;
	case 19:
		return FUZZ_KIND_SELF;
	default:
		return FUZZ_STRICT;
	}
}

static void fuzz_seed(struct fuzz *f, u64 number)
{
	unsigned int i;

	/* splitmix64's mixer: neighbours must not begin alike. */
	number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9ULL;
	number = (number ^ number >> 27) * 0x94d049bb133111ebULL;
	prandom_seed_state(&f->rnd, number ^ number >> 31);
	for (i = 0; i < 8; i++)
		fuzz_u32(f);
}

static int fuzz_one_batch(struct fuzz *f)
{
	u64 resets = f->counts[FUZZ_RESETS];
	enum fuzz_kind kind;
	int err;

	/* So that what a batch tries does not depend on how long the one before was. */
	fuzz_seed(f, seed + ++f->round * 0x9e3779b97f4a7c15ULL);
	kind = fuzz_choose(f);
	fuzz_begin(f);
	if (kind == FUZZ_GREEDY)
		fuzz_fill_greedy(f);
	else
		fuzz_fill(f, kind);
	err = fuzz_run(f, kind);
	if (err == -EIO)
		err = fuzz_reset(f);
	if (err)
		return err;
	if (f->counts[FUZZ_RESETS] != resets || f->round % FUZZ_ROUNDS == 0)
		err = fuzz_prove(f);
	return err;
}

static int fuzz_thread(void *data)
{
	struct fuzz *f = data;
	int err = fuzz_prove(f);

	while (!err && !kthread_should_stop() && f->counts[FUZZ_CHAINS] < count &&
	       f->counts[FUZZ_FAILURES] < FUZZ_SAY_MAX) {
		err = fuzz_one_batch(f);
		cond_resched();
	}
	if (!err && !kthread_should_stop())
		err = fuzz_prove(f);
	/* What it proved with. */
	if (!err && !kthread_should_stop()) {
		f->proving = true;
		fuzz_prove_step(f, 0);
	}
	WRITE_ONCE(f->running, false);
	pr_info("seed %llu: %llu chains, %llu failures\n", seed, f->counts[FUZZ_CHAINS],
		f->counts[FUZZ_FAILURES]);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

/* ---- the driver ------------------------------------------------------------------ */

static int fuzz_alloc(struct fuzz *f)
{
	f->arena = vzalloc(FUZZ_ARENA);
	f->shadow = vzalloc(FUZZ_ARENA);
	f->allowed = vzalloc(BITS_TO_LONGS(FUZZ_ARENA) * sizeof(long));
	f->req.buf = kvmalloc(FUZZ_REQUEST_MAX, GFP_KERNEL);
	return f->arena && f->shadow && f->allowed && f->req.buf ? 0 : -ENOMEM;
}

static void fuzz_free(struct fuzz *f)
{
	vfree(f->arena);
	vfree(f->shadow);
	vfree(f->allowed);
	kvfree(f->req.buf);
	f->arena = NULL;
	f->shadow = NULL;
	f->allowed = NULL;
	f->req.buf = NULL;
}

static void fuzz_remove(struct virtio_device *vdev)
{
	struct fuzz *f = vdev->priv;

	kthread_stop(f->task);
	fuzz_stop(f);
	/* The next driver is virtio_vdpa's as usual. */
	f->vdpa->config->reset_map(f->vdpa, 0);
	fuzz_free(f);
}

static int fuzz_read_config(struct fuzz *f)
{
	u32 queues, algos;
	unsigned int i;

	virtio_cread_le(f->vdev, struct virtio_crypto_config, max_dataqueues, &queues);
	if (!queues || queues >= FUZZ_QUEUES_MAX) {
		pr_err("%s: data queues: there are %u, may be 1 to %u\n", device, queues,
		       FUZZ_QUEUES_MAX - 1);
		return -EINVAL;
	}
	virtio_cread_le(f->vdev, struct virtio_crypto_config, akcipher_algo, &algos);
	f->nr_types = algos & BIT(VIRTIO_CRYPTO_AKCIPHER_ECDSA) ? FUZZ_TYPES : FUZZ_ECDSA_VERIFY;
	f->nr_queues = queues + 1;
	for (i = 0; i < f->nr_queues; i++) {
		f->queues[i].index = i;
		f->queues[i].ctrl = i == queues;
	}
	return 0;
}

static int fuzz_probe(struct virtio_device *vdev)
{
	struct fuzz *f = fuzz;
	int err;

	f->vdev = vdev;
	f->vdpa = dev_to_vdpa(vdev->dev.parent);
	f->offered = vdev->features;
	vdev->priv = f;
	err = fuzz_read_config(f);
	if (err)
		return err;
	err = fuzz_alloc(f);
	if (err)
		goto free;
	fuzz_seed(f, seed);
	prandom_bytes_state(&f->rnd, f->arena, FUZZ_ARENA);
	virtio_reset_device(vdev);
	err = fuzz_map_arena(f);
	if (!err)
		err = fuzz_start(f);
	if (err)
		goto stop;
	f->task = kthread_create(fuzz_thread, f, "vdpa_crypto_fuzz");
	if (IS_ERR(f->task)) {
		err = PTR_ERR(f->task);
		goto stop;
	}
	f->running = true;
	wake_up_process(f->task);
	return 0;
stop:
	fuzz_stop(f);
	f->vdpa->config->reset_map(f->vdpa, 0);
free:
	fuzz_free(f);
	return err;
}

/* Nothing: devices are not ours unless they are given to us. */
static const struct virtio_device_id fuzz_ids[] = {
	{ 0 },
};

static struct virtio_driver fuzz_driver = {
	.driver.name		= KBUILD_MODNAME,
	.feature_table		= fuzz_features,
	.feature_table_size	= ARRAY_SIZE(fuzz_features),
	.id_table		= fuzz_ids,
	.probe			= fuzz_probe,
	.remove			= fuzz_remove,
	.config_changed		= fuzz_config_changed,
};

/* ---- the module ------------------------------------------------------------------ */

static int fuzz_stats_show(struct seq_file *file, void *unused)
{
	struct fuzz *f = file->private;
	unsigned int i;

	seq_printf(file, "running %d\n", READ_ONCE(f->running));
	seq_printf(file, "seed %llu\n", seed);
	for (i = 0; i < FUZZ_COUNTS; i++)
		seq_printf(file, "%s %llu\n", fuzz_names[i], READ_ONCE(f->counts[i]));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(fuzz_stats);

/* A virtio device whose vDPA device has the name. */
static int fuzz_is_named(struct device *dev, const void *name)
{
	const struct device *parent = dev->parent;

	return parent && parent->bus && !strcmp(parent->bus->name, "vdpa") &&
	       !strcmp(dev_name(parent), name);
}

static struct device *fuzz_find_device(void)
{
	return bus_find_device(fuzz_driver.driver.bus, NULL, device, fuzz_is_named);
}

static bool fuzz_is_fit(struct device *dev)
{
	const struct vdpa_config_ops *ops = dev_to_vdpa(dev->parent)->config;

	return dev_to_virtio(dev)->id.device == VIRTIO_ID_CRYPTO && ops->dma_map &&
	       ops->dma_unmap && ops->reset_map;
}

static int fuzz_take_device(void)
{
	struct device *dev = fuzz_find_device();
	int err = -EOPNOTSUPP;

	if (!dev) {
		pr_err("there is no vDPA device '%s' that is bound to virtio_vdpa\n", device);
		return -ENODEV;
	}
	if (fuzz_is_fit(dev)) {
		device_release_driver(dev);
		err = device_driver_attach(&fuzz_driver.driver, dev);
	}
	if (err)
		pr_err("%s: cannot be driven (%pe)\n", device, ERR_PTR(err));
	put_device(dev);
	return err;
}

static void fuzz_unregister(void)
{
	struct device *dev = fuzz_find_device();

	unregister_virtio_driver(&fuzz_driver);
	if (!dev)
		return;
	if (device_attach(dev) < 0)
		pr_err("%s: no driver takes it back\n", device);
	put_device(dev);
}

static int __init fuzz_init(void)
{
	int err;

	if (!device || !batch || batch > FUZZ_BATCH_MAX) {
		pr_err("device= is required; batch is 1 to %u\n", FUZZ_BATCH_MAX);
		return -EINVAL;
	}
	while (!seed)
		seed = get_random_u32();
	fuzz = kvzalloc_obj(*fuzz);
	if (!fuzz)
		return -ENOMEM;
	init_waitqueue_head(&fuzz->wait);
	fuzz->max_sessions = max_sessions;
	err = register_virtio_driver(&fuzz_driver);
	if (err)
		goto free;
	err = fuzz_take_device();
	if (err)
		goto unregister;
	fuzz_dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file("stats", 0444, fuzz_dir, fuzz, &fuzz_stats_fops);
	return 0;
unregister:
	fuzz_unregister();
free:
	kvfree(fuzz);
	return err;
}
module_init(fuzz_init);

static void __exit fuzz_exit(void)
{
	debugfs_remove(fuzz_dir);
	fuzz_unregister();
	kvfree(fuzz);
}
module_exit(fuzz_exit);

MODULE_DESCRIPTION("A hostile driver for vdpa_crypto");
MODULE_LICENSE("GPL");

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device for tests of asym_provider. See fake.c.
 */
#ifndef _ASYM_PROVIDER_FAKE_H
#define _ASYM_PROVIDER_FAKE_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <crypto/internal/asym/executor.h>
#include <crypto/internal/asym/provider.h>

/**
 * struct fake_device - computes with asym_executor, and fails as it is told
 * @dev: what asym_provider knows
 * @exec: computes
 * @capacity: sessions it has room for; 0: any number
 * @full_err: what ->open answers beyond that
 * @open_err: what ->open answers, if not 0
 * @depth: requests it takes at a time; 0: any number
 * @status: what requests are answered, if not 0
 * @wrong: BIT(enum asym_op): results have a wrong bit, verdicts are reversed
 * @credulous: every signature is right
 * @garbage: signatures are no DER
 * @strip: numbers are answered without their leading zeros
 * @misplaced: likewise, but the zeros are counted
 * @cancels: ->cancel calls
 * @unsupported: BIT(enum asym_op): answered with -EOPNOTSUPP
 * @leave_at_bad: answer a wrong signature with -ENODEV
 * @large: takes keys that are too large for the software, and answers with the input
 * @key_err: what ->submit says to requests with the key in them, if not 0
 * @key_status: what these are answered, if not 0
 * @hold: answers are kept until fake_device_release()
 * @forget: sessions are unknown to requests, until the next ->open
 * @open_wait: ->open waits until this is cleared, and @gate woken, or the device is removed
 * @gone: the device is being removed
 * @gate: for @open_wait
 * @open_calls: ->open calls
 * @opens: successful ->open calls
 * @closes: ->close calls
 * @submits: requests taken
 * @inline_keys: of these, with the key in them
 * @unseen: of these, since the last one without asym_request::more, or ->commit
 * @commits: ->commit calls
 * @refused: requests refused with -EBUSY
 * @lock: protects what follows
 * @sessions: struct fake_session
 * @nr_sessions: number of @sessions
 * @inflight: requests taken and not answered
 * @held: asym_request::list: computed, not answered
 * @next_handle: of the next session
 */
struct fake_device {
	struct asym_device dev;
	struct asym_exec *exec;
	unsigned int capacity;
	int full_err;
	int open_err;
	unsigned int depth;
	int status;
	unsigned int wrong;
	bool credulous;
	bool garbage;
	bool strip;
	bool misplaced;
	unsigned int unsupported;
	bool leave_at_bad;
	bool large;
	int key_err;
	int key_status;
	bool hold;
	bool forget;
	bool open_wait;
	bool gone;
	wait_queue_head_t gate;
	atomic_t open_calls;
	atomic_t opens;
	atomic_t closes;
	atomic_t submits;
	atomic_t inline_keys;
	atomic_t unseen;
	atomic_t commits;
	atomic_t refused;
	atomic_t cancels;
	spinlock_t lock; /* protects what follows */
	struct list_head sessions;
	unsigned int nr_sessions;
	unsigned int inflight;
	struct list_head held;
	u64 next_handle;
};

int fake_device_init(struct fake_device *fake, const char *name);
void fake_device_exit(struct fake_device *fake);
unsigned int fake_device_release(struct fake_device *fake, int status);
void fake_device_remove(struct fake_device *fake);

#endif /* _ASYM_PROVIDER_FAKE_H */

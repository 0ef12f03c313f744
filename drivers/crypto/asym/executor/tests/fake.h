/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fake asynchronous RSA driver, "kunit-rsa", for asym_executor's unit tests.
 */
#ifndef _ASYM_EXECUTOR_FAKE_H
#define _ASYM_EXECUTOR_FAKE_H

#include <linux/atomic.h>
#include <linux/types.h>

enum fake_mode {
	FAKE_COMPUTE,	/* -EINPROGRESS, then the answer */
	FAKE_BACKLOG,	/* -EBUSY, then -EINPROGRESS to the callback, then the answer */
	FAKE_ECHO,	/* answers within the call, with its input */
	FAKE_SHORT,	/* as FAKE_ECHO, but leading zeros are left out */
	FAKE_LONG,	/* as FAKE_ECHO, but claims to have written more than a block */
	FAKE_FAIL,	/* -EIO within the call */
	FAKE_REFUSE,	/* -EINVAL within the call */
	FAKE_FAIL_LATE,	/* -EINPROGRESS, then -EIO */
	FAKE_HOLD,	/* -EINPROGRESS; fake_release() answers with the input */
};

/**
 * struct fake_rsa - how the driver behaves; one test at a time sets it
 * @mode: what it does with a request
 * @nospc: so many requests get -ENOSPC first
 * @most: FAKE_HOLD: the most requests it held at one time
 */
struct fake_rsa {
	enum fake_mode mode;
	atomic_t nospc;
	unsigned int most;
};

extern struct fake_rsa fake_rsa;

int fake_rsa_register(void);
void fake_rsa_unregister(void);
bool fake_rsa_release(void);

#endif /* _ASYM_EXECUTOR_FAKE_H */

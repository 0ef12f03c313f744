/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A key on a device. See session.c.
 */
#ifndef _ASYM_PROVIDER_SESSION_H
#define _ASYM_PROVIDER_SESSION_H

#include <linux/list.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#define PROVIDER_PENDING_MAX	64	/* operations that wait for a session silently */

struct asym_device_priv;
struct provider_key;

enum provider_session_state {
	PROVIDER_SESSION_INLINE,	/* one request with the key in it was sent, no more */
	PROVIDER_SESSION_OPENING,
	PROVIDER_SESSION_OPEN,
	PROVIDER_SESSION_REFUSED,	/* the device cannot use this key */
	PROVIDER_SESSION_CLOSING,
};

struct provider_session {
	/* fixed */
	struct asym_device_priv *pdev;	/* a reference */
	struct provider_key *key;	/* valid while attached, opening or in use */

	/* class->lock */
	u8 state;
	bool attached;			/* in the lists of @key and @pdev */
	unsigned int users;
	u64 handle;
	unsigned long last_used;
	struct list_head key_node;
	struct list_head dev_node;
	struct list_head idle_node;
	struct list_head pending;	/* asym_request::list: wait for the opening */
	unsigned int nr_pending;
	struct work_struct work;
};

struct provider_session *provider_session_find_locked(struct provider_key *key,
						      struct asym_device_priv *pdev);
struct provider_session *provider_session_new_locked(struct provider_key *key,
						     struct asym_device_priv *pdev);
void provider_session_begin_locked(struct provider_session *session);
void provider_session_use_locked(struct provider_session *session);
void provider_session_unuse_locked(struct provider_session *session);
void provider_session_detach_locked(struct provider_session *session);
void provider_session_open(struct provider_session *session);
void provider_session_close(struct provider_session *session);
int provider_key_try(struct provider_key *key);

#endif /* _ASYM_PROVIDER_SESSION_H */

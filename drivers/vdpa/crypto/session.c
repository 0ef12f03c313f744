// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sessions of a device: keys a driver opened through the control queue
 * and names in requests of the data queues. A session's id carries a count
 * besides its index, so that an id that was closed does not name its successor.
 *
 * Process context. vc_sessions.lock protects the table; a session is freed,
 * and with the last user of its key that key wiped, when its last reference goes.
 */
#include <linux/nospec.h>
#include <linux/slab.h>

#include "service.h"
#include "session.h"

/**
 * vc_sessions_init() - make an empty table
 * @s: the sessions
 * @max: how many there may be
 *
 * Return: 0 or -ENOMEM; vc_sessions_exit() is due in any case.
 */
int vc_sessions_init(struct vc_sessions *s, unsigned int max)
{
	spin_lock_init(&s->lock);
	ida_init(&s->ida);
	s->max = max;
	s->table = kvcalloc(max, sizeof(*s->table), GFP_KERNEL);
	return s->table ? 0 : -ENOMEM;
}

/**
 * vc_sessions_exit() - undo vc_sessions_init()
 * @s: the sessions; what there is, is destroyed
 */
void vc_sessions_exit(struct vc_sessions *s)
{
	if (s->table)
		vc_sessions_destroy_all(s);
	kvfree(s->table);
	ida_destroy(&s->ida);
}

/**
 * vc_session_reserve() - take an index, so that -ENOSPC is known before a key is prepared in vain
 * @s: the sessions
 *
 * Return: the index, for vc_session_add() or vc_session_unreserve(); -ENOSPC or -ENOMEM.
 */
int vc_session_reserve(struct vc_sessions *s)
{
	return ida_alloc_max(&s->ida, s->max - 1, GFP_KERNEL);
}

/**
 * vc_session_unreserve() - undo vc_session_reserve()
 * @s: the sessions
 * @index: the index; no session is there
 */
void vc_session_unreserve(struct vc_sessions *s, int index)
{
	ida_free(&s->ida, index);
}

/**
 * vc_session_add() - put a session into the table, and set its id
 * @s: the sessions
 * @index: from vc_session_reserve()
 * @session: has the table's reference
 * @gen: @s->gen when the request was taken
 *
 * Return: 0; -ESTALE if all sessions were destroyed since: the caller keeps @index and @session.
 */
int vc_session_add(struct vc_sessions *s, int index, struct vc_session *session, u32 gen)
{
	int err = -ESTALE;

	spin_lock(&s->lock);
	if (s->gen == gen) {
		if (!++s->seq)
			s->seq = 1;
		session->id = (u64)s->seq << 32 | index;
		s->table[index] = session;
		WRITE_ONCE(s->count, s->count + 1);
		err = 0;
	}
	spin_unlock(&s->lock);
	return err;
}

static struct vc_session *vc_session_find(struct vc_sessions *s, u64 id,
					  const struct vc_service *service)
{
	unsigned int index = lower_32_bits(id);
	struct vc_session *session;

	lockdep_assert_held(&s->lock);
	if (index >= s->max)
		return NULL;
	session = s->table[array_index_nospec(index, s->max)];
	return session && session->id == id && session->service == service ? session : NULL;
}

static void vc_session_remove(struct vc_sessions *s, unsigned int index)
{
	lockdep_assert_held(&s->lock);
	s->table[index] = NULL;
	WRITE_ONCE(s->count, s->count - 1);
}

/**
 * vc_session_destroy() - end a session
 * @s: the sessions
 * @id: its id
 * @service: of the request to close it, or NULL if that is not offered
 *
 * Return: 0, or -ENOENT if the service has no session of that id.
 */
int vc_session_destroy(struct vc_sessions *s, u64 id, const struct vc_service *service)
{
	struct vc_session *session;

	spin_lock(&s->lock);
	session = vc_session_find(s, id, service);
	if (session)
		vc_session_remove(s, lower_32_bits(id));
	spin_unlock(&s->lock);
	if (!session)
		return -ENOENT;
	vc_session_unreserve(s, lower_32_bits(id));
	vc_session_put(session);
	return 0;
}

/**
 * vc_sessions_destroy_all() - end all sessions
 * @s: the sessions; one being opened meanwhile will not be added, see vc_session_add()
 */
void vc_sessions_destroy_all(struct vc_sessions *s)
{
	unsigned int i;

	spin_lock(&s->lock);
	WRITE_ONCE(s->gen, s->gen + 1);
	spin_unlock(&s->lock);

	for (i = 0; i < s->max; i++) {
		struct vc_session *session;

		spin_lock(&s->lock);
		session = s->table[i];
		if (session)
			vc_session_remove(s, i);
		spin_unlock(&s->lock);
		if (session) {
			vc_session_unreserve(s, i);
			vc_session_put(session);
		}
		cond_resched();
	}
}

/**
 * vc_session_get() - find a session
 * @s: the sessions
 * @id: its id
 * @service: of the request that names it
 *
 * Return: the session, with a reference that vc_session_put() drops; NULL if the service has none
 * of that id.
 */
struct vc_session *vc_session_get(struct vc_sessions *s, u64 id, const struct vc_service *service)
{
	struct vc_session *session;

	spin_lock(&s->lock);
	session = vc_session_find(s, id, service);
	if (session)
		refcount_inc(&session->ref);
	spin_unlock(&s->lock);
	return session;
}

/**
 * vc_session_put() - drop a reference
 * @session: freed, and its key let go, with the last one
 */
void vc_session_put(struct vc_session *session)
{
	if (refcount_dec_and_test(&session->ref)) {
		session->service->close(session);
		kfree(session);
	}
}

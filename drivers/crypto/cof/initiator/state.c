// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of a path: every change of it, and who is told.
 *
 * The path's works change it, and whoever starts them; everybody else kicks path->work.
 * path->lock guards the state, its reason and path->stop.
 */
#include <linux/device.h>
#include <linux/string.h>
#include <trace/events/cof.h>
#include "path.h"
#include "shared.h"
#include "state.h"

static const char *const cofi_states[] = {
	[COFI_DISABLED]		= "disabled",
	[COFI_CONNECTING]	= "connecting",
	[COFI_LIVE]		= "live",
	[COFI_RECONNECTING]	= "reconnecting",
	[COFI_FAILED]		= "failed",
};

/* A uevent; @reason is empty where the path did not fail. */
static void cofi_path_uevent(struct cofi_path *path, const char *state, const char *reason)
{
	char env_state[32], env_reason[96];
	char *env[3] = { env_state };

	if (!path->sysfs)
		return;
	snprintf(env_state, sizeof(env_state), "COF_STATE=%s", state);
	snprintf(env_reason, sizeof(env_reason), "COF_REASON=%s", reason);
	if (*reason)
		env[1] = env_reason;
	kobject_uevent_env(&path->sysfs->kobj, KOBJ_CHANGE, env);
}

/**
 * cofi_path_set_state() - a path's state is another one
 * @path: the path
 * @state: the new one
 * @reason: why it failed; NULL if it did not
 *
 * Context: may sleep; the path's works, one at a time, or while none of them runs.
 */
void cofi_path_set_state(struct cofi_path *path, enum cofi_state state, const char *reason)
{
	bool changed;

	reason = reason ?: "";
	spin_lock_bh(&path->lock);
	trace_cof_path_state(path->name, path->state, state, reason);
	changed = path->state != state || strcmp(path->reason, reason);
	WRITE_ONCE(path->state, state);
	strscpy(path->reason, reason);
	spin_unlock_bh(&path->lock);
	if (changed)
		cofi_path_uevent(path, cofi_states[state], reason);
}

/**
 * cofi_path_leave_live() - a path is not live any more, if it was
 * @path: the path
 *
 * Context: as cofi_path_set_state().
 * Return: true if it was.
 */
bool cofi_path_leave_live(struct cofi_path *path)
{
	if (READ_ONCE(path->state) != COFI_LIVE)
		return false;
	cofi_path_set_state(path, READ_ONCE(path->stop) ? COFI_DISABLED : COFI_RECONNECTING,
			    NULL);
	return true;
}

/**
 * cofi_path_state() - what people read
 * @path: the path
 * @buf: gets "live", "failed: <reason>", ...
 * @size: bytes at @buf
 *
 * Context: any.
 */
void cofi_path_state(struct cofi_path *path, char *buf, size_t size)
{
	spin_lock_bh(&path->lock);
	if (path->state == COFI_FAILED)
		snprintf(buf, size, "failed: %s", path->reason);
	else
		strscpy(buf, cofi_states[path->state], size);
	spin_unlock_bh(&path->lock);
}

/**
 * cofi_path_kick() - let path->work look, unless the path is being stopped
 * @path: the path
 * @ms: so much later
 *
 * Context: any but under spinlocks of ours.
 */
void cofi_path_kick(struct cofi_path *path, unsigned int ms)
{
	spin_lock_bh(&path->lock);
	if (!path->stop)
		mod_delayed_work(cofi_wq, &path->work, msecs_to_jiffies(ms));
	spin_unlock_bh(&path->lock);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * configfs: /sys/kernel/config/cof_initiator/<name>/paths/<n>/.
 *
 * Owns struct cofi_path from mkdir to rmdir. Process context, under the pool's
 * lock. A path runs while it and its pool are enabled; its address cannot
 * change while it is enabled.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "../../addr.h"
#include "../../transport.h"
#include "../path.h"
#include "../sysfs.h"
#include "attr.h"
#include "path.h"
#include "pool.h"

static struct cofi_path *to_path(struct config_item *item)
{
	return container_of(item, struct cofi_path, item);
}

/* ---- address ---------------------------------------------------------------- */

/* Any valid other half will do to check one. */
static bool cofi_trsvcid_valid(const char *trsvcid)
{
	struct sockaddr_storage addr;

	return !cof_addr_parse(&addr, "127.0.0.1", trsvcid);
}

static ssize_t cofi_path_store_word(struct cofi_path *path, const char *attr, char *field,
				    bool (*valid)(const char *word), const char *page,
				    size_t count)
{
	struct cofi_pool *pool = path->pool;
	char word[COFI_WORD_LEN];
	ssize_t len;
	int err = 0;

	len = cofi_store_string(path->name, attr, word, sizeof(word), page, count);
	if (len < 0)
		return len;
	if (!valid(word)) {
		cofi_refuse(path->name, attr, "'%s' is not valid", word);
		return -EINVAL;
	}
	mutex_lock(&pool->lock);
	if (path->enabled) {
		cofi_refuse(path->name, attr, "cannot change while the path is enabled");
		err = -EBUSY;
	} else {
		strscpy(field, word, sizeof(word));
	}
	mutex_unlock(&pool->lock);
	return err ?: count;
}

#define COFI_PATH_WORD(word, valid)							\
static char *cofi_path_##word##_field(struct config_item *item)				\
{											\
	return (char *)to_path(item) + offsetof(struct cofi_path, word);		\
}											\
static ssize_t cofi_path_##word##_show(struct config_item *item, char *page)		\
{											\
	return cofi_show_string(&to_path(item)->pool->lock,				\
				cofi_path_##word##_field(item), page);			\
}											\
static ssize_t cofi_path_##word##_store(struct config_item *item, const char *page,	\
					size_t count)					\
{											\
	return cofi_path_store_word(to_path(item), #word, cofi_path_##word##_field(item), \
				    valid, page, count);				\
}

COFI_PATH_WORD(transport, cof_transport_known);
CONFIGFS_ATTR(cofi_path_, transport);
COFI_PATH_WORD(traddr, cof_addr_valid);
CONFIGFS_ATTR(cofi_path_, traddr);
COFI_PATH_WORD(trsvcid, cofi_trsvcid_valid);
CONFIGFS_ATTR(cofi_path_, trsvcid);

/* ---- enable ----------------------------------------------------------------- */

/**
 * cofi_path_validate() - may this path run?
 * @path: the path
 *
 * Context: may sleep; pool->lock held.
 * Return: 0; -EINVAL: not configured; -EPERM: it would
 * send keys in clear text out of this host. Specification: section 7.
 */
int cofi_path_validate(struct cofi_path *path)
{
	struct cofi_pool *pool = path->pool;
	struct sockaddr_storage addr;
	int err;

	lockdep_assert_held(&pool->lock);
	if (!path->transport[0] || !path->traddr[0] || !path->trsvcid[0]) {
		cofi_refuse(path->name, "enable", "%s is not set",
			    !path->transport[0] ? "transport" :
			    !path->traddr[0] ? "traddr" : "trsvcid");
		return -EINVAL;
	}
	/* Its interface may come later. */
	err = cof_addr_parse(&addr, path->traddr, path->trsvcid);
	if (err && err != -ENODEV) {
		cofi_refuse(path->name, "enable", "traddr '%s', trsvcid '%s' is no address",
			    path->traddr, path->trsvcid);
		return err;
	}
	if (cof_addr_is_loopback(&addr))
		return 0;
	if (!pool->insecure) {
		cofi_refuse(path->name, "enable",
			    "traddr %s is not loopback and keys would travel in clear text: set the pool's insecure to 1 if the network is trusted",
			    path->traddr);
		return -EPERM;
	}
	cofi_refuse(path->name, "insecure", "keys travel in clear text to %s", path->traddr);
	return 0;
}

static int cofi_path_enable(struct cofi_path *path)
{
	int err = cofi_path_validate(path);

	if (err)
		return err;
	WRITE_ONCE(path->enabled, true);
	if (path->pool->enabled)
		cofi_path_start(path);
	return 0;
}

static void cofi_path_disable(struct cofi_path *path)
{
	if (path->running) {
		cofi_path_stop(path);
		cofi_path_stopped(path);
	}
	WRITE_ONCE(path->enabled, false);
}

static ssize_t cofi_path_enable_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(to_path(item)->enabled));
}

static ssize_t cofi_path_enable_store(struct config_item *item, const char *page, size_t count)
{
	struct cofi_path *path = to_path(item);
	bool value;
	int err = 0;

	if (!cofi_store_bool(path->name, "enable", &value, page))
		return -EINVAL;
	mutex_lock(&path->pool->lock);
	if (value && !path->enabled)
		err = cofi_path_enable(path);
	else if (!value && path->enabled)
		cofi_path_disable(path);
	mutex_unlock(&path->pool->lock);
	return err ?: count;
}

CONFIGFS_ATTR(cofi_path_, enable);

static ssize_t cofi_path_state_show(struct config_item *item, char *page)
{
	char state[128];

	cofi_path_state(to_path(item), state, sizeof(state));
	return sysfs_emit(page, "%s\n", state);
}

CONFIGFS_ATTR_RO(cofi_path_, state);

/* ---- the folder ------------------------------------------------------------- */

static struct configfs_attribute *cofi_path_attrs[] = {
	&cofi_path_attr_transport,
	&cofi_path_attr_traddr,
	&cofi_path_attr_trsvcid,
	&cofi_path_attr_enable,
	&cofi_path_attr_state,
	NULL
};

static void cofi_path_release(struct config_item *item)
{
	kfree(to_path(item));
}

static struct configfs_item_operations cofi_path_item_ops = {
	.release = cofi_path_release,
};

static const struct config_item_type cofi_path_type = {
	.ct_item_ops = &cofi_path_item_ops,
	.ct_attrs = cofi_path_attrs,
	.ct_owner = THIS_MODULE,
};

static struct config_item *cofi_path_make(struct config_group *group, const char *name)
{
	struct cofi_pool *pool = container_of(group, struct cofi_pool, paths_group);
	struct cofi_path *path;
	u16 n;
	int err;

	/* A number in its usual spelling, so that <pool>-<n> is unique in /sys/class/cof. */
	if (kstrtou16(name, 10, &n) || !isdigit(name[0]) || (name[0] == '0' && name[1])) {
		pr_warn("%s: mkdir paths/%s: a number from 0 to 65535, please\n",
			cofi_pool_name(pool), name);
		return ERR_PTR(-EINVAL);
	}
	path = kzalloc(sizeof(*path), GFP_KERNEL);
	if (!path)
		return ERR_PTR(-ENOMEM);
	cofi_path_init(path, pool);
	snprintf(path->name, sizeof(path->name), "%s/%s", cofi_pool_name(pool), name);
	err = cofi_sysfs_add(path, name);
	if (err) {
		kfree(path);
		return ERR_PTR(err);
	}
	config_item_init_type_name(&path->item, name, &cofi_path_type);
	mutex_lock(&pool->lock);
	list_add_tail(&path->list, &pool->paths);
	mutex_unlock(&pool->lock);
	return &path->item;
}

static void cofi_path_drop(struct config_group *group, struct config_item *item)
{
	struct cofi_path *path = to_path(item);
	struct cofi_pool *pool = path->pool;

	mutex_lock(&pool->lock);
	cofi_path_disable(path);
	list_del(&path->list);
	mutex_unlock(&pool->lock);
	cofi_sysfs_del(path);
	config_item_put(item);
}

static struct configfs_group_operations cofi_paths_group_ops = {
	.make_item = cofi_path_make,
	.drop_item = cofi_path_drop,
};

const struct config_item_type cofi_paths_type = {
	.ct_group_ops = &cofi_paths_group_ops,
	.ct_owner = THIS_MODULE,
};

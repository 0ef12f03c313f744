// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/config/cof_target/ports/<n>. Process context. Attributes are read and written
 * under cof_tgt_config; the list of pools is changed under cof_tgt_lock as well,
 * where CONNECT looks. Disabling waits, with cof_tgt_config held, until the
 * port's last connection is freed; nothing on that way takes cof_tgt_config.
 */
#include "target.h"

#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/slab.h>

static struct cof_tgt_port *item_to_port(struct config_item *item)
{
	return container_of(to_config_group(item), struct cof_tgt_port, group);
}

static struct cof_tgt_port *links_to_port(struct config_item *item)
{
	return container_of(to_config_group(item), struct cof_tgt_port, pools_group);
}

static int port_busy(const struct cof_tgt_port *port, const char *attribute)
{
	if (!port->enabled)
		return 0;
	pr_err("port %u: %s: the port is enabled; write 0 to 'enable' first\n", port->id,
	       attribute);
	return -EBUSY;
}

/* ---- transport, traddr, trsvcid, insecure -------------------------------- */

static ssize_t cof_tgt_port_transport_show(struct config_item *item, char *page)
{
	guard(mutex)(&cof_tgt_config);
	return sysfs_emit(page, "%s\n", item_to_port(item)->transport);
}

static ssize_t cof_tgt_port_transport_store(struct config_item *item, const char *page,
					    size_t count)
{
	struct cof_tgt_port *port = item_to_port(item);
	char name[sizeof(port->transport)] = "";
	int err;

	guard(mutex)(&cof_tgt_config);
	err = port_busy(port, "transport");
	if (err)
		return err;
	if (cof_tgt_store_string(name, sizeof(name), page, count) < 0 ||
	    !cof_transport_known(name)) {
		pr_err("port %u: transport: unknown transport '%s'; known: tcp\n", port->id, name);
		return -EINVAL;
	}
	strscpy(port->transport, name);
	return count;
}
CONFIGFS_ATTR(cof_tgt_port_, transport);

static ssize_t cof_tgt_port_traddr_show(struct config_item *item, char *page)
{
	guard(mutex)(&cof_tgt_config);
	return sysfs_emit(page, "%s\n", item_to_port(item)->traddr);
}

static ssize_t cof_tgt_port_traddr_store(struct config_item *item, const char *page, size_t count)
{
	struct cof_tgt_port *port = item_to_port(item);
	char traddr[sizeof(port->traddr)] = "";
	int err;

	guard(mutex)(&cof_tgt_config);
	err = port_busy(port, "traddr");
	if (err)
		return err;
	if (cof_tgt_store_string(traddr, sizeof(traddr), page, count) < 0 ||
	    (traddr[0] && !cof_addr_valid(traddr))) {
		pr_err("port %u: traddr: '%s' is not an IPv4 or IPv6 address\n", port->id, traddr);
		return -EINVAL;
	}
	strscpy(port->traddr, traddr);
	return count;
}
CONFIGFS_ATTR(cof_tgt_port_, traddr);

static ssize_t cof_tgt_port_trsvcid_show(struct config_item *item, char *page)
{
	guard(mutex)(&cof_tgt_config);
	return sysfs_emit(page, "%s\n", item_to_port(item)->trsvcid);
}

static ssize_t cof_tgt_port_trsvcid_store(struct config_item *item, const char *page, size_t count)
{
	struct cof_tgt_port *port = item_to_port(item);
	char trsvcid[sizeof(port->trsvcid)] = "";
	int err;
	u16 number;

	guard(mutex)(&cof_tgt_config);
	err = port_busy(port, "trsvcid");
	if (err)
		return err;
	if (cof_tgt_store_string(trsvcid, sizeof(trsvcid), page, count) < 0 ||
	    (trsvcid[0] && (kstrtou16(trsvcid, 10, &number) || !number))) {
		pr_err("port %u: trsvcid: '%s' is not a TCP port, 1 to 65535\n", port->id,
		       trsvcid);
		return -EINVAL;
	}
	strscpy(port->trsvcid, trsvcid);
	return count;
}
CONFIGFS_ATTR(cof_tgt_port_, trsvcid);

static ssize_t cof_tgt_port_insecure_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(item_to_port(item)->insecure));
}

static ssize_t cof_tgt_port_insecure_store(struct config_item *item, const char *page,
					   size_t count)
{
	struct cof_tgt_port *port = item_to_port(item);
	bool insecure;
	int err;

	if (kstrtobool(page, &insecure)) {
		pr_err("port %u: insecure: write 0 or 1\n", port->id);
		return -EINVAL;
	}
	guard(mutex)(&cof_tgt_config);
	err = port_busy(port, "insecure");
	if (err)
		return err;
	port->insecure = insecure;
	return count;
}
CONFIGFS_ATTR(cof_tgt_port_, insecure);

static ssize_t port_store_number(struct cof_tgt_port *port, const char *attribute, u32 *field,
				 u32 max, const char *page, size_t count)
{
	u32 value;
	int err;

	err = kstrtou32(page, 0, &value);
	if (err || value > max) {
		pr_err("port %u: %s: a number from 0 to %u, please\n", port->id, attribute, max);
		return err == -EINVAL ? -EINVAL : -ERANGE;
	}
	guard(mutex)(&cof_tgt_config);
	err = port_busy(port, attribute);
	if (err)
		return err;
	*field = value;
	return count;
}

static ssize_t cof_tgt_port_so_priority_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(item_to_port(item)->opts.so_priority));
}

static ssize_t cof_tgt_port_so_priority_store(struct config_item *item, const char *page,
					      size_t count)
{
	struct cof_tgt_port *port = item_to_port(item);

	return port_store_number(port, "so_priority", &port->opts.so_priority,
				 COF_MAX_SO_PRIORITY, page, count);
}
CONFIGFS_ATTR(cof_tgt_port_, so_priority);

static ssize_t cof_tgt_port_busy_poll_us_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(item_to_port(item)->opts.busy_poll_us));
}

static ssize_t cof_tgt_port_busy_poll_us_store(struct config_item *item, const char *page,
					       size_t count)
{
	struct cof_tgt_port *port = item_to_port(item);

	return port_store_number(port, "busy_poll_us", &port->opts.busy_poll_us,
				 COF_MAX_BUSY_POLL_US, page, count);
}
CONFIGFS_ATTR(cof_tgt_port_, busy_poll_us);
static ssize_t cof_tgt_port_digests_show(struct config_item *item, char *page)
{
	int digests = READ_ONCE(item_to_port(item)->digests);

	return sysfs_emit(page, "%s\n", digests == COF_TGT_DIGESTS_ANY ? "any" :
			  cof_digest_names[digests]);
}

static ssize_t cof_tgt_port_digests_store(struct config_item *item, const char *page, size_t count)
{
	struct cof_tgt_port *port = item_to_port(item);
	int digests = sysfs_match_string(cof_digest_names, page);
	int err;

	if (sysfs_streq(page, "any")) {
		digests = COF_TGT_DIGESTS_ANY;
	} else if (digests < 0) {
		pr_err("port %u: digests: write any, none, header, data or both\n", port->id);
		return -EINVAL;
	}
	guard(mutex)(&cof_tgt_config);
	err = port_busy(port, "digests");
	if (err)
		return err;
	port->digests = digests;
	return count;
}
CONFIGFS_ATTR(cof_tgt_port_, digests);

/* ---- enable -------------------------------------------------------------- */

static int port_enable(struct cof_tgt_port *port)
{
	struct sockaddr_storage addr;
	struct cof_listen_args args = {
		.transport = port->transport,
		.addr = &addr,
		.accept = cof_tgt_accept,
		.priv = port,
		.limits = {	/* all that is needed for CONNECT, whoever it is */
			.rx_max = sizeof(struct cof_connect_req),
			.tx_bufs = 2,
			.tx_size = ALIGN(sizeof(struct cof_connect_rsp), 32),
		},
		.opts = port->opts,
	};
	struct cof_listener *listener;

	lockdep_assert_held(&cof_tgt_config);
	if (port->enabled)
		return 0;
	if (!port->traddr[0] || !port->trsvcid[0]) {
		pr_err("port %u: enable: no address set; write to '%s' first\n", port->id,
		       port->traddr[0] ? "trsvcid" : "traddr");
		return -EINVAL;
	}
	if (cof_addr_parse(&addr, port->traddr, port->trsvcid)) {
		pr_err("port %u: enable: %s, port %s: no such address\n", port->id, port->traddr,
		       port->trsvcid);
		return -EINVAL;
	}
	listener = cof_listen(&args);
	if (IS_ERR(listener)) {
		pr_err("port %u: enable: cannot listen at %s, port %s (%ld)\n", port->id,
		       port->traddr, port->trsvcid, PTR_ERR(listener));
		return PTR_ERR(listener);
	}
	port->listener = listener;
	WRITE_ONCE(port->enabled, true);
	if (port->insecure)
		pr_warn("port %u: insecure is 1: private keys may cross the network in clear text\n",
			port->id);
	pr_info("port %u: enabled at %pISpc\n", port->id, &addr);
	return 0;
}

static bool port_unused(struct cof_tgt_port *port)
{
	bool unused;

	spin_lock_bh(&cof_tgt_lock);
	unused = !port->users;
	spin_unlock_bh(&cof_tgt_lock);
	return unused;
}

/* Initiators compute elsewhere then, and disconnect; who is no initiator yet need not be asked. */
static void port_drain(struct cof_tgt_port *port)
{
	struct cof_tgt_queue *queue;

	spin_lock_bh(&cof_tgt_lock);
	list_for_each_entry(queue, &port->queues, list) {
		if (!queue->assoc)
			__cof_tgt_queue_finish(queue, COF_S_DRAINING, false);
		else if (!queue->qid)
			__cof_tgt_assoc_event(queue->assoc, COF_EVENT_DRAINING);
	}
	spin_unlock_bh(&cof_tgt_lock);
	wait_event_timeout(cof_tgt_gone, port_unused(port), msecs_to_jiffies(COF_TGT_DRAIN_MS));
}

static void port_disable(struct cof_tgt_port *port)
{
	struct cof_tgt_queue *queue;

	lockdep_assert_held(&cof_tgt_config);
	if (!port->enabled)
		return;
	cof_listener_close(port->listener);
	port->listener = NULL;
	port_drain(port);
	spin_lock_bh(&cof_tgt_lock);
	list_for_each_entry(queue, &port->queues, list) {
		if (queue->assoc)
			__cof_tgt_assoc_kill(queue->assoc, COF_S_DRAINING, false);
		__cof_tgt_queue_finish(queue, COF_S_DRAINING, false);
	}
	spin_unlock_bh(&cof_tgt_lock);
	wait_event(cof_tgt_gone, port_unused(port));
	WRITE_ONCE(port->enabled, false);
	pr_info("port %u: disabled\n", port->id);
}

static ssize_t cof_tgt_port_enable_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(item_to_port(item)->enabled));
}

static ssize_t cof_tgt_port_enable_store(struct config_item *item, const char *page, size_t count)
{
	struct cof_tgt_port *port = item_to_port(item);
	bool enable;
	int err = 0;

	if (kstrtobool(page, &enable)) {
		pr_err("port %u: enable: write 0 or 1\n", port->id);
		return -EINVAL;
	}
	guard(mutex)(&cof_tgt_config);
	if (enable)
		err = port_enable(port);
	else
		port_disable(port);
	return err ?: count;
}
CONFIGFS_ATTR(cof_tgt_port_, enable);

static struct configfs_attribute *port_attrs[] = {
	&cof_tgt_port_attr_transport,
	&cof_tgt_port_attr_traddr,
	&cof_tgt_port_attr_trsvcid,
	&cof_tgt_port_attr_insecure,
	&cof_tgt_port_attr_digests,
	&cof_tgt_port_attr_so_priority,
	&cof_tgt_port_attr_busy_poll_us,
	&cof_tgt_port_attr_enable,
	NULL,
};

static void port_free(struct config_item *item)
{
	kfree(item_to_port(item));
}

static struct configfs_item_operations port_item_ops = {
	.release	= port_free,
};

static const struct config_item_type port_type = {
	.ct_item_ops	= &port_item_ops,
	.ct_attrs	= port_attrs,
	.ct_owner	= THIS_MODULE,
};

/* ---- pools/ -------------------------------------------------------------- */

/**
 * cof_tgt_port_pool() - a pool that a port offers
 * @port: the port
 * @name: from the peer
 *
 * Context: cof_tgt_lock held.
 * Return: the pool, enabled or not; NULL if there is none of this name.
 */
struct cof_tgt_pool *cof_tgt_port_pool(const struct cof_tgt_port *port, const char *name)
{
	struct cof_tgt_link *link;

	lockdep_assert_held(&cof_tgt_lock);
	list_for_each_entry(link, &port->pools, list)
		if (!strcmp(cof_tgt_pool_name(link->pool), name))
			return link->pool;
	return NULL;
}

static int links_allow_link(struct config_item *parent, struct config_item *target)
{
	struct cof_tgt_port *port = links_to_port(parent);
	struct cof_tgt_pool *pool = to_cof_tgt_pool(target);
	struct cof_tgt_link *link;
	bool offered;

	if (!pool) {
		pr_err("port %u: pools: only links to pools/<pool>\n", port->id);
		return -EINVAL;
	}
	link = kzalloc_obj(*link);
	if (!link)
		return -ENOMEM;
	link->pool = pool;
	guard(mutex)(&cof_tgt_config);
	spin_lock_bh(&cof_tgt_lock);
	offered = cof_tgt_port_pool(port, cof_tgt_pool_name(pool));
	if (!offered)
		list_add_tail(&link->list, &port->pools);
	spin_unlock_bh(&cof_tgt_lock);
	if (offered)
		kfree(link);
	return offered ? -EEXIST : 0;
}

/* A pool that is not offered any more loses the associations made here. */
static void links_drop_link(struct config_item *parent, struct config_item *target)
{
	struct cof_tgt_port *port = links_to_port(parent);
	struct cof_tgt_pool *pool = to_cof_tgt_pool(target);
	struct cof_tgt_link *link, *found = NULL;
	struct cof_tgt_assoc *assoc;

	guard(mutex)(&cof_tgt_config);
	spin_lock_bh(&cof_tgt_lock);
	list_for_each_entry(link, &port->pools, list)
		if (link->pool == pool)
			found = link;
	if (found)
		list_del(&found->list);
	list_for_each_entry(assoc, &pool->assocs, list)
		if (assoc->port == port)
			__cof_tgt_assoc_kill(assoc, COF_S_DRAINING, false);
	spin_unlock_bh(&cof_tgt_lock);
	kfree(found);
}

static struct configfs_item_operations links_item_ops = {
	.allow_link	= links_allow_link,
	.drop_link	= links_drop_link,
};

static const struct config_item_type links_type = {
	.ct_item_ops	= &links_item_ops,
	.ct_owner	= THIS_MODULE,
};

/* ---- ports/ -------------------------------------------------------------- */

static struct config_group *ports_make_group(struct config_group *group, const char *name)
{
	struct cof_tgt_port *port;
	u16 id;

	/* In its usual spelling, so that the number in the log names one port. */
	if (kstrtou16(name, 10, &id) || !isdigit(name[0]) || (name[0] == '0' && name[1])) {
		pr_err("ports: %s: not a number, 0 to 65535\n", name);
		return ERR_PTR(-EINVAL);
	}
	port = kzalloc_obj(*port);
	if (!port)
		return ERR_PTR(-ENOMEM);
	port->id = id;
	strscpy(port->transport, "tcp");
	port->digests = COF_TGT_DIGESTS_ANY;
	INIT_LIST_HEAD(&port->pools);
	INIT_LIST_HEAD(&port->queues);
	INIT_LIST_HEAD(&port->strangers);
	config_group_init_type_name(&port->group, name, &port_type);
	config_group_init_type_name(&port->pools_group, "pools", &links_type);
	configfs_add_default_group(&port->pools_group, &port->group);
	return &port->group;
}

static void ports_drop_item(struct config_group *group, struct config_item *item)
{
	scoped_guard(mutex, &cof_tgt_config)
		port_disable(item_to_port(item));
	config_item_put(item);
}

static struct configfs_group_operations ports_group_ops = {
	.make_group	= ports_make_group,
	.drop_item	= ports_drop_item,
};

const struct config_item_type cof_tgt_ports_type = {
	.ct_group_ops	= &ports_group_ops,
	.ct_owner	= THIS_MODULE,
};

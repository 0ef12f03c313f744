// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/config/cof_target/ports/<n>. Process context. Attributes are read and written
 * under object.lock; the list of pools is changed under cof_tgt_lock, where CONNECT looks.
 * Disabling waits in a work item until the port's last connection is freed.
 *
 * An address may come after its port was enabled (a network that is configured later, an RDMA
 * device), and the interface of a link-local one may go and come back with another index:
 * port->listen_work looks again each second, for ports that wait and addresses with an interface.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/in6.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "../../addr.h"
#include "../../msg.h"
#include "../../transport.h"
#include "../assoc.h"
#include "../connect.h"
#include "../pool.h"
#include "../port.h"
#include "../queue.h"
#include "../shared.h"
#include "pools.h"
#include "ports.h"

#define PORT_LISTEN_MS	1000	/* until a port looks again for its address */

static struct cof_tgt_port *item_to_port(struct config_item *item)
{
	return container_of(to_config_group(item), struct cof_tgt_port, object.group);
}

static struct cof_tgt_port *links_to_port(struct config_item *item)
{
	return container_of(to_config_group(item), struct cof_tgt_port, pools_group);
}

/* ---- transport, traddr, trsvcid, insecure -------------------------------- */

static ssize_t cof_tgt_port_transport_show(struct config_item *item, char *page)
{
	struct cof_tgt_port *port = item_to_port(item);

	guard(mutex)(&port->object.lock);
	return sysfs_emit(page, "%s\n", port->transport);
}

static ssize_t cof_tgt_port_transport_store(struct config_item *item, const char *page,
					    size_t count)
{
	struct cof_tgt_port *port = item_to_port(item);
	char name[sizeof(port->transport)] = "";
	int err;

	guard(mutex)(&port->object.lock);
	err = cof_tgt_object_busy(&port->object, "transport");
	if (err)
		return err;
	if (cof_tgt_store_string(name, sizeof(name), page, count) < 0 ||
	    !cof_transport_known(name)) {
		pr_err("port %u: transport: unknown transport '%s'; known: tcp, and rdma with the module cof_rdma\n",
		       port->id, name);
		return -EINVAL;
	}
	strscpy(port->transport, name);
	return count;
}
CONFIGFS_ATTR(cof_tgt_port_, transport);

static ssize_t cof_tgt_port_traddr_show(struct config_item *item, char *page)
{
	struct cof_tgt_port *port = item_to_port(item);

	guard(mutex)(&port->object.lock);
	return sysfs_emit(page, "%s\n", port->traddr);
}

static ssize_t cof_tgt_port_traddr_store(struct config_item *item, const char *page, size_t count)
{
	struct cof_tgt_port *port = item_to_port(item);
	char traddr[sizeof(port->traddr)] = "";
	int err;

	guard(mutex)(&port->object.lock);
	err = cof_tgt_object_busy(&port->object, "traddr");
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
	struct cof_tgt_port *port = item_to_port(item);

	guard(mutex)(&port->object.lock);
	return sysfs_emit(page, "%s\n", port->trsvcid);
}

static ssize_t cof_tgt_port_trsvcid_store(struct config_item *item, const char *page, size_t count)
{
	struct cof_tgt_port *port = item_to_port(item);
	char trsvcid[sizeof(port->trsvcid)] = "";
	int err;
	u16 number;

	guard(mutex)(&port->object.lock);
	err = cof_tgt_object_busy(&port->object, "trsvcid");
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
	guard(mutex)(&port->object.lock);
	err = cof_tgt_object_busy(&port->object, "insecure");
	if (err)
		return err;
	WRITE_ONCE(port->insecure, insecure);
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
	guard(mutex)(&port->object.lock);
	err = cof_tgt_object_busy(&port->object, attribute);
	if (err)
		return err;
	WRITE_ONCE(*field, value);
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
	guard(mutex)(&port->object.lock);
	err = cof_tgt_object_busy(&port->object, "digests");
	if (err)
		return err;
	WRITE_ONCE(port->digests, digests);
	return count;
}
CONFIGFS_ATTR(cof_tgt_port_, digests);

/* ---- enable -------------------------------------------------------------- */

static int port_listen(struct cof_tgt_port *port)
{
	struct cof_listen_args args = {
		.transport = port->transport,
		.addr = &port->addr,
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
	int err;

	err = cof_addr_parse(&port->addr, port->traddr, port->trsvcid);
	if (err)
		return err;
	listener = cof_listen(&args);
	if (IS_ERR(listener))
		return PTR_ERR(listener);
	port->listener = listener;
	return 0;
}

static void port_unlisten(struct cof_tgt_port *port)
{
	if (port->listener)
		cof_listener_close(port->listener);
	port->listener = NULL;
}

/* Errors that pass when the address, its interface or its device comes. */
static bool port_may_wait(int err)
{
	return err == -EADDRNOTAVAIL || err == -ENODEV;
}

static const char *port_why(const struct cof_tgt_port *port, int err)
{
	switch (err) {
	case -ENODEV:
		return strcmp(port->transport, "rdma") ? "its interface does not exist" :
							 "no RDMA device has this address";
	case -EADDRNOTAVAIL:
		return "no interface has this address";
	case -EADDRINUSE:
		return "the address is in use";
	default:
		return "it cannot be used";
	}
}

/* A line in the log when something changed. */
static void port_listens(struct cof_tgt_port *port, int err)
{
	if (!err)
		pr_info("port %u: listening at %pISpc\n", port->id, &port->addr);
	else if (err != port->listen_err)
		pr_warn("port %u: waiting for %s, port %s: %s (%d)\n", port->id, port->traddr,
			port->trsvcid, port_why(port, err), err);
	WRITE_ONCE(port->listen_err, err);
}

static void port_look_again(struct cof_tgt_port *port)
{
	if (!port->listener || cof_addr_has_scope(port->traddr))
		queue_delayed_work(cof_tgt_wq, &port->listen_work,
				   msecs_to_jiffies(PORT_LISTEN_MS));
}

/* Is the interface still the one of which the listener knows the index? */
static bool port_addr_stays(const struct cof_tgt_port *port)
{
	const struct sockaddr_in6 *now, *then = (const struct sockaddr_in6 *)&port->addr;
	struct sockaddr_storage addr;

	now = (const struct sockaddr_in6 *)&addr;
	return !cof_addr_parse(&addr, port->traddr, port->trsvcid) &&
	       now->sin6_scope_id == then->sin6_scope_id;
}

/* The configuration does not change while this may run: the port is enabled. */
static void port_listen_work(struct work_struct *work)
{
	struct cof_tgt_port *port = container_of(work, struct cof_tgt_port, listen_work.work);

	if (!port->listener || !port_addr_stays(port)) {
		port_unlisten(port);
		port_listens(port, port_listen(port));
	}
	port_look_again(port);
}

static int port_enable(struct cof_tgt_object *object)
{
	struct cof_tgt_port *port = container_of(object, struct cof_tgt_port, object);
	int err;

	lockdep_assert_held(&object->lock);
	if (!port->traddr[0] || !port->trsvcid[0]) {
		pr_err("port %u: enable: no address set; write to '%s' first\n", port->id,
		       port->traddr[0] ? "trsvcid" : "traddr");
		return -EINVAL;
	}
	err = port_listen(port);
	if (err && !port_may_wait(err)) {
		pr_err("port %u: enable: cannot listen at %s, port %s (%d)\n", port->id,
		       port->traddr, port->trsvcid, err);
		return err;
	}
	WRITE_ONCE(port->listen_err, 0);
	port_listens(port, err);
	WRITE_ONCE(object->enabled, true);
	if (port->insecure)
		pr_warn("port %u: insecure is 1: private keys may cross the network in clear text\n",
			port->id);
	port_look_again(port);
	return 0;
}

/* Initiators compute elsewhere then, and disconnect; who is no initiator yet need not be asked. */
static void port_drain(struct cof_tgt_object *object)
{
	struct cof_tgt_port *port = container_of(object, struct cof_tgt_port, object);
	struct cof_tgt_queue *queue;

	disable_delayed_work_sync(&port->listen_work);
	port_unlisten(port);
	spin_lock_bh(&cof_tgt_lock);
	list_for_each_entry(queue, &port->queues, list) {
		if (!queue->assoc)
			__cof_tgt_queue_finish(queue, COF_S_DRAINING, false);
		else if (!queue->qid)
			__cof_tgt_assoc_event(queue->assoc, COF_EVENT_DRAINING);
	}
	spin_unlock_bh(&cof_tgt_lock);
	cof_tgt_drain(&port->users);
	spin_lock_bh(&cof_tgt_lock);
	list_for_each_entry(queue, &port->queues, list) {
		if (queue->assoc)
			__cof_tgt_assoc_kill(queue->assoc, COF_S_DRAINING, false);
		__cof_tgt_queue_finish(queue, COF_S_DRAINING, false);
	}
	spin_unlock_bh(&cof_tgt_lock);
	wait_event_idle(cof_tgt_gone, cof_tgt_unused(&port->users));
}

static void port_disabled(struct cof_tgt_object *object)
{
	enable_delayed_work(&container_of(object, struct cof_tgt_port, object)->listen_work);
	WRITE_ONCE(object->enabled, false);
}

static const struct cof_tgt_object_ops port_ops = {
	.kind		= "port",
	.enable		= port_enable,
	.drain		= port_drain,
	.disabled	= port_disabled,
};

static ssize_t cof_tgt_port_state_show(struct config_item *item, char *page)
{
	struct cof_tgt_port *port = item_to_port(item);
	int err;

	guard(mutex)(&port->object.lock);
	err = READ_ONCE(port->listen_err);
	if (port->object.disabling)
		return sysfs_emit(page, "being disabled\n");
	if (!port->object.enabled)
		return sysfs_emit(page, "disabled\n");
	if (err)
		return sysfs_emit(page, "waiting: %s\n", port_why(port, err));
	return sysfs_emit(page, "listening\n");
}
CONFIGFS_ATTR_RO(cof_tgt_port_, state);

static struct configfs_attribute *port_attrs[] = {
	&cof_tgt_port_attr_transport,
	&cof_tgt_port_attr_traddr,
	&cof_tgt_port_attr_trsvcid,
	&cof_tgt_port_attr_insecure,
	&cof_tgt_port_attr_digests,
	&cof_tgt_port_attr_so_priority,
	&cof_tgt_port_attr_busy_poll_us,
	&cof_tgt_attr_enable,
	&cof_tgt_port_attr_state,
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
	cof_tgt_object_init(&port->object, name, &port_type, &port_ops);
	INIT_DELAYED_WORK(&port->listen_work, port_listen_work);
	strscpy(port->transport, "tcp");
	port->digests = COF_TGT_DIGESTS_ANY;
	INIT_LIST_HEAD(&port->pools);
	INIT_LIST_HEAD(&port->queues);
	INIT_LIST_HEAD(&port->strangers);
	INIT_LIST_HEAD(&port->hosts);
	config_group_init_type_name(&port->pools_group, "pools", &links_type);
	configfs_add_default_group(&port->pools_group, &port->object.group);
	return &port->object.group;
}

static struct configfs_group_operations ports_group_ops = {
	.make_group	= ports_make_group,
	.drop_item	= cof_tgt_object_drop,
};

const struct config_item_type cof_tgt_ports_type = {
	.ct_group_ops	= &ports_group_ops,
	.ct_owner	= THIS_MODULE,
};

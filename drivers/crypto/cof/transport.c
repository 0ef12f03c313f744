// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registry of transports. Owns the list; transports_lock guards it.
 * Process context. A transport's module is pinned by every connection and
 * listener it made, so it is only unregistered when there is none.
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include "addr.h"
#include "conn.h"
#include "fault.h"
#include "transport.h"

static DEFINE_MUTEX(transports_lock);
static LIST_HEAD(transports);

static struct cof_transport *transport_find(const char *name)
{
	struct cof_transport *transport;

	lockdep_assert_held(&transports_lock);
	list_for_each_entry(transport, &transports, list)
		if (!strcmp(transport->name, name))
			return transport;
	return NULL;
}

static const struct cof_transport *transport_get_loaded(const char *name)
{
	struct cof_transport *transport;

	guard(mutex)(&transports_lock);
	transport = transport_find(name);
	return transport && try_module_get(transport->owner) ? transport : NULL;
}

/* Loads the module if need be; the caller puts transport->owner. */
static const struct cof_transport *transport_get(const char *name)
{
	const struct cof_transport *transport = transport_get_loaded(name);

	if (!transport && cof_name_valid(name)) {
		request_module("cof-transport-%s", name);
		transport = transport_get_loaded(name);
	}
	return transport;
}

/**
 * cof_transport_register() - offer a way to make connections
 * @transport: valid until cof_transport_unregister()
 *
 * Context: process.
 * Return: 0; -EEXIST if one of this name is there.
 */
int cof_transport_register(struct cof_transport *transport)
{
	guard(mutex)(&transports_lock);
	if (transport_find(transport->name))
		return -EEXIST;
	list_add_tail(&transport->list, &transports);
	return 0;
}
EXPORT_SYMBOL_GPL(cof_transport_register);

/**
 * cof_transport_unregister() - withdraw it
 * @transport: registered; from its module's exit, so nothing made by it is left
 *
 * Context: process.
 */
void cof_transport_unregister(struct cof_transport *transport)
{
	guard(mutex)(&transports_lock);
	list_del(&transport->list);
}
EXPORT_SYMBOL_GPL(cof_transport_unregister);

/**
 * cof_transport_known() - is there a transport of this name?
 * @name: "tcp"; its module is loaded if need be
 *
 * Context: process.
 * Return: true if connections can be made with it now.
 */
bool cof_transport_known(const char *name)
{
	const struct cof_transport *transport = transport_get(name);

	if (!transport)
		return false;
	module_put(transport->owner);
	return true;
}
EXPORT_SYMBOL_GPL(cof_transport_known);

static bool limits_valid(const struct cof_conn_limits *limits)
{
	if (limits->tx_large_bufs && (limits->tx_large_size < limits->tx_size ||
				      limits->tx_large_size > COF_MAX_MSG))
		return false;
	return limits->rx_max >= sizeof(struct cof_hdr) && limits->rx_max <= COF_MAX_MSG &&
	       limits->tx_bufs && limits->tx_size >= sizeof(struct cof_hdr) &&
	       limits->tx_size <= COF_MAX_MSG;
}

/**
 * cof_conn_connect() - make a connection
 * @args: see struct cof_connect_args; not kept
 *
 * Nothing is received before cof_conn_start().
 *
 * Context: process; sleeps up to the time-out.
 * Return: the connection, the caller's until cof_conn_put(); or ERR_PTR():
 * -EPROTONOSUPPORT no such transport, -EINVAL limits, -ENOMEM, -ETIMEDOUT,
 * -ECONNREFUSED, -EHOSTUNREACH, ... as the transport had it.
 */
struct cof_conn *cof_conn_connect(const struct cof_connect_args *args)
{
	const struct cof_transport *transport;
	struct cof_conn *conn;

	if (!limits_valid(&args->limits))
		return ERR_PTR(-EINVAL);
	if (cof_fault_setup(false))
		return ERR_PTR(-ENOMEM);
	transport = transport_get(args->transport);
	if (!transport)
		return ERR_PTR(-EPROTONOSUPPORT);
	conn = transport->connect(args);
	if (IS_ERR(conn))
		module_put(transport->owner);
	return conn;
}
EXPORT_SYMBOL_GPL(cof_conn_connect);

/**
 * cof_listen() - accept connections at an address
 * @args: see struct cof_listen_args; not kept
 *
 * @args->accept may be called before this returns.
 *
 * Context: process.
 * Return: the listener, until cof_listener_close(); or ERR_PTR():
 * -EPROTONOSUPPORT no such transport, -EINVAL limits, -EADDRINUSE,
 * -EADDRNOTAVAIL, -ENOMEM, ... as the transport had it.
 */
struct cof_listener *cof_listen(const struct cof_listen_args *args)
{
	const struct cof_transport *transport;
	struct cof_listener *listener;

	if (!limits_valid(&args->limits))
		return ERR_PTR(-EINVAL);
	transport = transport_get(args->transport);
	if (!transport)
		return ERR_PTR(-EPROTONOSUPPORT);
	listener = transport->listen(args);
	if (IS_ERR(listener))
		module_put(transport->owner);
	return listener;
}
EXPORT_SYMBOL_GPL(cof_listen);

/**
 * cof_listener_close() - accept no more; connections stay
 * @listener: freed
 *
 * Context: process. On return accept() does not run, nor will it.
 */
void cof_listener_close(struct cof_listener *listener)
{
	struct module *owner = listener->transport->owner;

	listener->transport->unlisten(listener);
	module_put(owner);
}
EXPORT_SYMBOL_GPL(cof_listener_close);

/**
 * cof_listener_init() - for transports: the common part of a new listener
 * @listener: zeroed, embedded
 * @transport: that makes it; the module is pinned by the core
 * @args: of cof_listen()
 *
 * Context: process.
 */
void cof_listener_init(struct cof_listener *listener, const struct cof_transport *transport,
		       const struct cof_listen_args *args)
{
	listener->transport = transport;
	listener->accept = args->accept;
	listener->priv = args->priv;
	listener->limits = args->limits;
}
EXPORT_SYMBOL_GPL(cof_listener_init);

/**
 * cof_listener_accept() - for transports: a peer connected
 * @listener: at which
 * @conn: after cof_conn_init(); taken over
 *
 * Context: process.
 */
void cof_listener_accept(struct cof_listener *listener, struct cof_conn *conn)
{
	__module_get(conn->transport->owner);
	conn->accepted = true;
	if (!cof_fault_setup(true) && !listener->accept(listener, conn))
		return;
	cof_conn_close(conn);
	cof_conn_put(conn);
}
EXPORT_SYMBOL_GPL(cof_listener_accept);

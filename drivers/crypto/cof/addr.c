// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names on the wire and addresses of peers. No state, no locks.
 */
#include <linux/ctype.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/inet.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/string.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <uapi/linux/cof.h>
#include "addr.h"

static bool name_char_valid(char c)
{
	return isascii(c) && (isalnum(c) || strchr("._:+-", c));
}

/**
 * cof_name_valid() - may this be a host id or the name of a pool?
 * @name: NUL-terminated
 *
 * Context: any. Specification: section 4, hostid and pool.
 * Return: true for 1 to 63 characters of [A-Za-z0-9._:+-].
 */
bool cof_name_valid(const char *name)
{
	size_t i;

	for (i = 0; name[i]; i++)
		if (i == COF_NAME_LEN - 1 || !name_char_valid(name[i]))
			return false;
	return i > 0;
}
EXPORT_SYMBOL_GPL(cof_name_valid);

/**
 * cof_name_get() - take a name from a message
 * @dst: COF_NAME_LEN bytes, NUL-terminated on success, "" otherwise
 * @field: COF_NAME_LEN bytes of the message
 *
 * Context: any. Specification: section 4, hostid and pool.
 * Return: 0; -EINVAL if it is no name, or not NUL-padded.
 */
int cof_name_get(char *dst, const u8 *field)
{
	size_t len = strnlen(field, COF_NAME_LEN);

	dst[0] = '\0';
	if (len == COF_NAME_LEN || memchr_inv(field + len, 0, COF_NAME_LEN - len))
		return -EINVAL;
	if (!cof_name_valid(field))
		return -EINVAL;
	memcpy(dst, field, COF_NAME_LEN);
	return 0;
}
EXPORT_SYMBOL_GPL(cof_name_get);

/**
 * cof_name_put() - put a name into a message
 * @field: COF_NAME_LEN bytes of the message, NUL-padded
 * @name: cut off after 63 bytes
 *
 * Context: any.
 */
void cof_name_put(u8 *field, const char *name)
{
	strscpy_pad(field, name, COF_NAME_LEN);
}
EXPORT_SYMBOL_GPL(cof_name_put);

/* Into a whole address and the name of its interface, which is optional. */
static int addr_split(const char *traddr, char *host, size_t host_size, char *scope)
{
	const char *percent = strchrnul(traddr, '%');

	scope[0] = '\0';
	if (percent - traddr >= host_size)
		return -EINVAL;
	strscpy(host, traddr, percent - traddr + 1);
	if (!*percent)
		return 0;
	if (strscpy(scope, percent + 1, IFNAMSIZ) < 0 || !dev_valid_name(scope))
		return -EINVAL;
	return 0;
}

/* The interface is looked up each time: one that is made anew has another index. */
static int addr_scope(struct sockaddr_in6 *in6, const char *scope)
{
	struct net_device *dev;

	if (!scope[0])
		return 0;
	if (!(ipv6_addr_type(&in6->sin6_addr) & IPV6_ADDR_LINKLOCAL))
		return -EINVAL;
	dev = dev_get_by_name(&init_net, scope);
	if (!dev)
		return kstrtouint(scope, 10, &in6->sin6_scope_id) ? -ENODEV : 0;
	in6->sin6_scope_id = dev->ifindex;
	dev_put(dev);
	return 0;
}

/**
 * cof_addr_parse() - an address and a port, as configured
 * @addr: result
 * @traddr: IPv4 or IPv6 address, no name; a link-local one with %interface
 * @trsvcid: port number, decimal, 1 to 65535
 *
 * Interfaces come and go: keep the text, and call this again for each attempt to connect or to
 * listen.
 *
 * Context: process (looks up the interface).
 * Return: 0; -ENODEV: the interface does not exist now, @addr is complete but for its scope;
 * -EINVAL: it is no address.
 */
int cof_addr_parse(struct sockaddr_storage *addr, const char *traddr, const char *trsvcid)
{
	char host[INET6_ADDRSTRLEN];
	char scope[IFNAMSIZ];
	u16 port;

	if (kstrtou16(trsvcid, 10, &port) || !port ||
	    addr_split(traddr, host, sizeof(host), scope))
		return -EINVAL;
	memset(addr, 0, sizeof(*addr));
	if (inet_pton_with_scope(&init_net, AF_UNSPEC, host, trsvcid, addr))
		return -EINVAL;
	if (addr->ss_family != AF_INET6)
		return scope[0] ? -EINVAL : 0;
	return addr_scope((struct sockaddr_in6 *)addr, scope);
}
EXPORT_SYMBOL_GPL(cof_addr_parse);

/**
 * cof_addr_valid() - may this be configured as an address?
 * @traddr: as cof_addr_parse()
 *
 * Context: process.
 * Return: true if it is an address, whether its interface exists now or not.
 */
bool cof_addr_valid(const char *traddr)
{
	struct sockaddr_storage addr;

	return cof_addr_parse(&addr, traddr, "1") != -EINVAL;
}
EXPORT_SYMBOL_GPL(cof_addr_valid);

/**
 * cof_addr_has_scope() - does the address name an interface?
 * @traddr: as cof_addr_parse()
 *
 * Context: any.
 * Return: true if what cof_addr_parse() makes of it may change.
 */
bool cof_addr_has_scope(const char *traddr)
{
	return strchr(traddr, '%');
}
EXPORT_SYMBOL_GPL(cof_addr_has_scope);

/**
 * cof_addr_format() - an address for logs
 * @buf: receives "192.0.2.1:4433", NUL-terminated
 * @size: bytes at @buf
 * @addr: the address
 *
 * Context: any.
 */
void cof_addr_format(char *buf, size_t size, const struct sockaddr_storage *addr)
{
	snprintf(buf, size, "%pISpc", addr);
}
EXPORT_SYMBOL_GPL(cof_addr_format);

/**
 * cof_addr_is_loopback() - does it lead to this host only?
 * @addr: the address
 *
 * Context: any. Specification: section 7, where clear text is taken by default.
 * Return: true for 127.0.0.0/8, ::1 and ::ffff:127.0.0.0/104.
 */
bool cof_addr_is_loopback(const struct sockaddr_storage *addr)
{
	if (addr->ss_family == AF_INET)
		return ipv4_is_loopback(((struct sockaddr_in *)addr)->sin_addr.s_addr);
	if (addr->ss_family == AF_INET6) {
		const struct in6_addr *in6 = &((struct sockaddr_in6 *)addr)->sin6_addr;

		return ipv6_addr_loopback(in6) ||
		       (ipv6_addr_v4mapped(in6) && ipv4_is_loopback(in6->s6_addr32[3]));
	}
	return false;
}
EXPORT_SYMBOL_GPL(cof_addr_is_loopback);

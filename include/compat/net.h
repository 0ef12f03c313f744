/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences in the kernel's sockets between the supported kernels (6.12
 * and 7.3): the type of an address of unknown length.
 */
#ifndef _COMPAT_NET_H
#define _COMPAT_NET_H

#include <linux/net.h>
#include <linux/socket.h>
#include <linux/version.h>

#if KERNEL_VERSION(6, 19, 0) > LINUX_VERSION_CODE
#define compat_sockaddr sockaddr
#else
#define compat_sockaddr sockaddr_unsized
#endif

static inline int compat_kernel_bind(struct socket *sock, const struct sockaddr_storage *addr,
				     int len)
{
	return kernel_bind(sock, (struct compat_sockaddr *)addr, len);
}

static inline int compat_kernel_connect(struct socket *sock, const struct sockaddr_storage *addr,
					int len, int flags)
{
	return kernel_connect(sock, (struct compat_sockaddr *)addr, len, flags);
}

#endif /* _COMPAT_NET_H */

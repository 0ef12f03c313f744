/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ECDSA for asym_executor, as LKCF has no asynchronous interface for it. See remote.c.
 */
#ifndef _ASYM_PROVIDER_ALG_REMOTE_H
#define _ASYM_PROVIDER_ALG_REMOTE_H

struct asym_exec_remote_ops;

extern const struct asym_exec_remote_ops provider_remote_ops;

#endif /* _ASYM_PROVIDER_ALG_REMOTE_H */

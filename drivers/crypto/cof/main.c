// SPDX-License-Identifier: GPL-2.0-only
/*
 * cof.ko: what Crypto over Fabrics initiators, targets and transports share.
 *
 * A library: nothing runs unless a user calls. See cof.h for who owns what.
 */
#include <linux/module.h>

MODULE_DESCRIPTION("Crypto over Fabrics: wire format and transports");
MODULE_LICENSE("GPL");

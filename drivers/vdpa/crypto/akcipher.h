/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The AKCIPHER service. See akcipher.c.
 */
#ifndef _VDPA_CRYPTO_AKCIPHER_H
#define _VDPA_CRYPTO_AKCIPHER_H

#include "service.h"

extern const struct vc_service vc_akcipher;

#endif /* _VDPA_CRYPTO_AKCIPHER_H */

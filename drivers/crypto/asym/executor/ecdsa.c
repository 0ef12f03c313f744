// SPDX-License-Identifier: GPL-2.0-only
/*
 * ECDSA keys: on drivers of asym_provider through their entry for ECDSA, and on this machine's
 * signer, the best one in LKCF that is not asym_provider's. The signer is synchronous on all
 * kernels. Process context; op.c computes.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <crypto/internal/asym/ecdsa.h>
#include <crypto/sig.h>
#include <compat/crypto.h>

#include "ecdsa.h"
#include "key.h"
#include "main.h"

static int ec_set_local(struct asym_exec_key *key, const struct asym_key_data *data)
{
	char name[CRYPTO_MAX_ALG_NAME];
	struct crypto_sig *sig;
	int err;

	snprintf(name, sizeof(name), COMPAT_CRYPTO_ECDSA_FMT, ecdsa_curve_name(data->curve));
	/* asym_provider's algorithms have this flag */
	sig = crypto_alloc_sig(name, 0, CRYPTO_ALG_NEED_FALLBACK);
	if (IS_ERR(sig))
		return PTR_ERR(sig);
	if (data->is_private)
		err = crypto_sig_set_privkey(sig, data->der, data->der_len);
	else
		err = crypto_sig_set_pubkey(sig, data->der, data->der_len);
	if (err) {
		crypto_free_sig(sig);
		return err;
	}
	key->sig = sig;
	return 0;
}

static int ec_set_remote(struct asym_exec_key *key, unsigned int drv,
			 const struct asym_key_data *data)
{
	struct exec_driver *driver = &key->exec->drivers[drv];
	void *remote;

	remote = driver->remote->key_get(READ_ONCE(driver->probe), data);
	if (IS_ERR(remote))
		return PTR_ERR(remote);
	key->remote[drv] = remote;
	return 0;
}

/**
 * exec_ec_key_set() - set an ECDSA key on all drivers that compute with it
 * @key: the key, otherwise complete; exec_ec_key_free() undoes it, also after a failure
 * @data: parsed
 *
 * Return: 0 if one accepts it, else the errno of the first.
 */
int exec_ec_key_set(struct asym_exec_key *key, const struct asym_key_data *data)
{
	struct asym_exec *exec = key->exec;
	int i, ret, err = 0, taken = 0;

	for (i = 0; i < exec->nr_drivers; i++) {
		if (!exec_driver_there(&exec->drivers[i]))
			continue;
		if (exec->drivers[i].remote) {
			ret = ec_set_remote(key, i, data);
		} else if (!key->sig) {
			ret = ec_set_local(key, data);
			key->local = i;
		} else {
			continue;
		}
		if (!ret) {
			taken++;
			continue;
		}
		err = err ?: ret;
		spin_lock_bh(&exec->lock);
		exec->drivers[i].key_errors++;
		spin_unlock_bh(&exec->lock);
	}
	return taken ? 0 : err ?: -ENODEV;
}

/**
 * exec_ec_key_free() - undo exec_ec_key_set()
 * @key: the key, of any kind; no operation uses it
 */
void exec_ec_key_free(struct asym_exec_key *key)
{
	struct asym_exec *exec = key->exec;
	int i;

	for (i = 0; i < exec->nr_drivers; i++)
		if (key->remote[i])
			exec->drivers[i].remote->key_put(key->remote[i]);
	if (key->sig)
		crypto_free_sig(key->sig);
}

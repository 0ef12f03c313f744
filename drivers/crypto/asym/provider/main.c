// SPDX-License-Identifier: GPL-2.0-only
/*
 * asym_provider: module init and exit. Process context; no locks.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/module.h>
#include <linux/workqueue.h>
#include <crypto/internal/asym/executor.h>

#include "alg/register.h"
#include "debugfs.h"
#include "op/pool.h"
#include "shared.h"

static int __init provider_init(void)
{
	static const struct asym_exec_params params = {
		.name = "asym_provider",
		.drivers = "rsa-generic",
	};
	int err;

	provider_wq = alloc_workqueue("asym_provider", WQ_UNBOUND, 0);
	if (!provider_wq)
		return -ENOMEM;
	provider_open_wq = alloc_workqueue("asym_provider_open", WQ_UNBOUND, 0);
	if (!provider_open_wq) {
		err = -ENOMEM;
		goto err_destroy_wq;
	}

	provider_software = asym_exec_create(&params);
	if (IS_ERR(provider_software)) {
		err = PTR_ERR(provider_software);
		pr_err("no software RSA (rsa-generic): %d\n", err);
		goto err_destroy_open_wq;
	}

	err = provider_ops_init();
	if (err)
		goto err_destroy_software;

	err = crypto_register_template(&provider_template);
	if (err)
		goto err_exit_ops;

	provider_debugfs_init();
	return 0;

err_exit_ops:
	provider_ops_exit();
err_destroy_software:
	asym_exec_destroy(provider_software);
err_destroy_open_wq:
	destroy_workqueue(provider_open_wq);
err_destroy_wq:
	destroy_workqueue(provider_wq);
	return err;
}

/* No algorithm is in use: the owner of its class would hold this module, or a transform would. */
static void __exit provider_exit(void)
{
	provider_debugfs_exit();
	/* The crypto core frees what it still has, and the workqueue the classes of that. */
	crypto_unregister_template(&provider_template);
	destroy_workqueue(provider_wq);
	destroy_workqueue(provider_open_wq);
	provider_ops_exit();
	asym_exec_destroy(provider_software);
}

module_init(provider_init);
module_exit(provider_exit);

MODULE_DESCRIPTION("Registers asymmetric algorithms for devices that compute them elsewhere");
MODULE_LICENSE("GPL");

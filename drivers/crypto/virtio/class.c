// SPDX-License-Identifier: GPL-2.0-only
/*
 * The class of algorithms that all devices of the guest share, made when the
 * module is loaded, and the module's parameters that it follows. It registers
 * the algorithms once a device is ready. kernel_param_lock() keeps the class for
 * those who write a parameter.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <crypto/internal/asym/provider.h>

#include "class.h"

/* As the in-tree driver's: above rsa-generic and the templates on it */
#define VCRYPTO_PRIORITY	150

struct asym_class *vcrypto_class;

static unsigned int vcrypto_max_wait_ms = ASYM_MAX_WAIT_MS;

/**
 * vcrypto_max_wait() - how long anybody waits for a device's answer
 *
 * Context: any.
 * Return: jiffies.
 */
long vcrypto_max_wait(void)
{
	unsigned int ms = READ_ONCE(vcrypto_max_wait_ms);

	return ms ? msecs_to_jiffies(ms) : MAX_SCHEDULE_TIMEOUT;
}

static int vcrypto_max_wait_set(const char *text, const struct kernel_param *kp)
{
	int err;

	err = param_set_uint_minmax(text, kp, 0, ASYM_MAX_WAIT_LIMIT_MS);
	if (!err && vcrypto_class)
		asym_class_set_max_wait(vcrypto_class, vcrypto_max_wait_ms);
	return err;
}

static const struct kernel_param_ops vcrypto_max_wait_ops = {
	.set = vcrypto_max_wait_set,
	.get = param_get_uint,
};

module_param_cb(max_wait_ms, &vcrypto_max_wait_ops, &vcrypto_max_wait_ms, 0644);
MODULE_PARM_DESC(max_wait_ms,
		 "What a device does not answer in so many milliseconds is computed in software (default 10000; 0: wait for ever)");

static const char * const vcrypto_public_ops_names[] = {
	[ASYM_PUBLIC_LOCAL] = "local",
	[ASYM_PUBLIC_REMOTE] = "remote",
};

static enum asym_public_ops vcrypto_public_ops = ASYM_PUBLIC_LOCAL;

static void vcrypto_warn_public_ops(void)
{
	if (vcrypto_public_ops == ASYM_PUBLIC_REMOTE)
		pr_warn("public_ops=remote: the host decides which signatures this kernel believes, of modules and keys, too\n");
}

static int vcrypto_public_ops_set(const char *text, const struct kernel_param *kp)
{
	int value = sysfs_match_string(vcrypto_public_ops_names, text);

	if (value < 0) {
		pr_err("public_ops: expected local or remote\n");
		return -EINVAL;
	}
	vcrypto_public_ops = value;
	if (vcrypto_class) {
		asym_class_set_public_ops(vcrypto_class, value);
		vcrypto_warn_public_ops();
	}
	return 0;
}

static int vcrypto_public_ops_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", vcrypto_public_ops_names[vcrypto_public_ops]);
}

static const struct kernel_param_ops vcrypto_public_ops_ops = {
	.set = vcrypto_public_ops_set,
	.get = vcrypto_public_ops_get,
};

module_param_cb(public_ops, &vcrypto_public_ops_ops, NULL, 0644);
MODULE_PARM_DESC(public_ops,
		 "Where verification and encryption are computed: local (default), by the kernel's software, or remote, by devices");

static bool vcrypto_check_results = true;

static int vcrypto_check_results_set(const char *text, const struct kernel_param *kp)
{
	int err = param_set_bool(text, kp);

	if (!err && vcrypto_class)
		asym_class_set_unchecked_results(vcrypto_class, !vcrypto_check_results);
	return err;
}

static const struct kernel_param_ops vcrypto_check_results_ops = {
	.set = vcrypto_check_results_set,
	.get = param_get_bool,
};

module_param_cb(check_results, &vcrypto_check_results_ops, &vcrypto_check_results, 0644);
MODULE_PARM_DESC(check_results,
		 "Verify results of RSA with a private key before they are released (default Y)");

/**
 * vcrypto_class_create() - make the class, with what the parameters say
 *
 * Context: sleeps.
 * Return: 0 and &vcrypto_class is valid until vcrypto_class_destroy(), or an error.
 */
int __init vcrypto_class_create(void)
{
	const struct asym_class_params params = {
		.name = "virtio",
		.prefix = "virtio-crypto",
		.pkcs1_prefix = "virtio",
		.priority = VCRYPTO_PRIORITY,
		.fallback = ASYM_FALLBACK_SOFTWARE,
		.public_ops = vcrypto_public_ops,
		.max_wait_ms = vcrypto_max_wait_ms,
		.unchecked_results = !vcrypto_check_results,
	};
	struct asym_class *class;

	class = asym_class_create(&params);
	if (IS_ERR(class))
		return PTR_ERR(class);
	kernel_param_lock(THIS_MODULE);
	vcrypto_class = class;
	/* They may have been written meanwhile. */
	asym_class_set_public_ops(class, vcrypto_public_ops);
	asym_class_set_max_wait(class, vcrypto_max_wait_ms);
	asym_class_set_unchecked_results(class, !vcrypto_check_results);
	kernel_param_unlock(THIS_MODULE);
	vcrypto_warn_public_ops();
	return 0;
}

/**
 * vcrypto_class_destroy() - undo vcrypto_class_create(); no device is left
 *
 * Parameters may be written until the module is gone.
 *
 * Context: sleeps.
 */
void vcrypto_class_destroy(void)
{
	struct asym_class *class = vcrypto_class;

	kernel_param_lock(THIS_MODULE);
	vcrypto_class = NULL;
	kernel_param_unlock(THIS_MODULE);
	asym_class_destroy(class);
}

# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A guest with a virtio-crypto device: two modules and nothing to configure.

setup_guest()
{
	load virtio_crypto
	load pkcs8_key_parser
	if [ "$DRIVER" = ours ]; then
		wait_for 20 "the driver virtio-crypto-rsa (is there a device?)" \
			driver_is_there virtio-crypto-rsa
	fi
}

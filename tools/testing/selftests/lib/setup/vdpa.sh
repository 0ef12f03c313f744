# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The device that a guest sees, made in the host's kernel and computed by the pool.

setup_vdpa() # NAME vhost_vdpa|virtio_vdpa
{
	device=$CONFIG/vdpa_crypto/$1
	bus=/sys/bus/vdpa
	load vdpa_crypto
	case $2 in
	# Each piece of the guest's memory that is contiguous here is an entry; by default 2048 may
	# be, and a small machine's memory is in more pieces before long.
	vhost_vdpa) load "$2" max_iotlb_entries=1048576 ;;
	*) load "$2" ;;
	esac

	make_dir "$device"
	[ "$QUEUES" = 0 ] || set_attr "$device/queues" "$QUEUES"
	set_attr "$device/drivers" "$VDPA_DRIVERS"
	set_attr "$device/algorithms" "rsa ecdsa cbc(aes)"
	set_attr "$device/enable" 1
	wait_for 10 "the vDPA device $1" test -e "$bus/devices/$1"

	# vhost_vdpa gives it to QEMU, virtio_vdpa to this kernel's own driver.
	if [ "$(basename "$(readlink -f "$bus/devices/$1/driver")")" != "$2" ]; then
		set_attr "$bus/devices/$1/driver_override" "$2"
		[ ! -e "$bus/devices/$1/driver" ] ||
			set_attr "$bus/devices/$1/driver/unbind" "$1"
		set_attr "$bus/drivers/$2/bind" "$1"
	fi
	[ "$2" != vhost_vdpa ] ||
		wait_for 10 "the character device of $1" \
			sh -c "ls -d $bus/devices/$1/vhost-vdpa-* >/dev/null 2>&1"
}

# setup_host - of nested guests: what their device is computed by, if it is not QEMU itself
setup_host()
{
	[ "$DEVICE" != builtin ] || return 0
	setup_initiator
	n=0
	while [ "$DEVICE" = vdpa ] && [ "$n" -lt "$GUESTS" ]; do
		setup_vdpa "crypto$n" vhost_vdpa
		n=$((n + 1))
	done
}

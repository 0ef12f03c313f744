# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# On the host of the chain topology: what QEMU is told of a nested guest, whatever that lives in.
# For node/guests, and for tests that start their guest themselves (lab/run --ram). One QEMU
# command line is all a hypervisor needs for the accelerator: see crypto_device.

/sbin/modprobe -q kvm_amd || /sbin/modprobe -q kvm_intel
if [ -e /dev/kvm ]; then
	accel="kvm -cpu host"
	echo 0 >/sys/module/kvm/parameters/halt_poll_ns # polling is wasted on emulated processors
else
	accel="tcg,thread=multi -cpu max"
	echo "no /dev/kvm here: the guests are emulated"
	[ ! "${NEED_KVM:-}" ] || exit 1
fi

# The stock QEMU, unless the device is one of QEMU's own.
qemu=qemu-system-x86_64
firmware="-L /usr/share/seabios -L /usr/share/qemu"
[ "$DEVICE" = vdpa ] || qemu="/layer/qemu/qemu-system-x86_64"

# What costs seconds to look for, since each access to a port is an exit through an emulated
# processor. On the console only what is a warning or worse: every line is an exit, too.
machine=q35,vmport=off,i8042=off,sata=off,smbus=off
cmdline="$(echo "$CMDLINE" | sed -e s/ttyS0/hvc0/ -e s/loglevel=7/loglevel=5/) 8250.nr_uarts=0 tsc=reliable"

# The character device of guest number $1's vDPA device
vhost_node() { for node in /sys/bus/vdpa/devices/crypto$(($1 - 1))/vhost-vdpa-*; do echo "/dev/${node##*/}"; done; }

# What gives guest number $1 its accelerator
crypto_device()
{
	[ ! "$NO_SETUP" ] || return 0
	case $DEVICE in
	vdpa)
		echo "-device vhost-vdpa-device-pci,id=crypto0,bus=hotplug0,disable-legacy=on,vhostdev=$(vhost_node "$1")" ;;
	builtin | lkcf)
		echo "-object cryptodev-backend-$DEVICE,id=backend0" \
			"-device virtio-crypto-pci,id=crypto0,bus=hotplug0,cryptodev=backend0" ;;
	esac
}

# nested_qemu ARGUMENT... - becomes the QEMU of a guest. In the background, $! is its process. Its
# accelerator, its console and what it starts from are among the arguments.
nested_qemu()
{
	ulimit -l unlimited # a vDPA device pins the guest's memory
	# Virtqueues are kicked through a port: an emulated processor leaves the kind of the last
	# exception in EXITINTINFO (not valid, but there), and KVM since 6.15 takes an access to
	# memory of a device that follows for one while the exception was delivered ("KVM internal
	# error. Suberror: 3").
	# shellcheck disable=SC2086 # these are lists of options
	exec $qemu $firmware -nodefaults -no-user-config -display none -M "$machine" \
		-global virtio-pci.modern-pio-notify=on -accel $accel \
		-device virtio-serial-pci -device virtconsole,chardev=console \
		-device pcie-root-port,id=hotplug0,chassis=1,slot=1 "$@"
}

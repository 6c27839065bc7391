#!/bin/sh
# The first process of the guest that tests/support/uml/machine.py boots: it sees the host's root file system, read-only.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
# modprobe wants the modules below ROOT/lib/modules; the package has them elsewhere.
mkdir -p /run/modules/lib
ln -s /usr/lib/uml/modules /run/modules/lib/modules
for module in ipip ip_gre veth; do
    modprobe -d /run/modules "$module"
done
# What it says goes to the console; requests and answers go by a serial line that nothing else writes to.
python3 "$(dirname "$(readlink -f "$0")")/agent.py" /dev/ttyS0
echo o >/proc/sysrq-trigger
read -r _forever

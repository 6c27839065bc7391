"""Every decoder that reads octets or text which others wrote."""

from tools.fuzz import encapsulation_targets, packet_targets, system_targets, wire_targets

TARGETS = (*wire_targets.TARGETS, *packet_targets.TARGETS, *encapsulation_targets.TARGETS, *system_targets.TARGETS)

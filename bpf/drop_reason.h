/* The deaths that happen here; all others happen in user space, to which the packet is left. The names are those of
 * forwarding/drop_reason.py in capitals, and a test compares them. */
#ifndef MOBILEIP_DROP_REASON_H
#define MOBILEIP_DROP_REASON_H

enum drop_reason {
	DROP_EXPIRED = 0,
	DROP_CONGESTION = 1,
	DROP_SEND_FAILED = 2,
	DROP_REASONS = 3,
};

#endif

/* The last step of a packet that has its final octets. */
#ifndef MOBILEIP_DELIVER_H
#define MOBILEIP_DELIVER_H

#include "maps.h"
#include "parse.h"

/* Whether a link takes packets of `length` octets (of segments, where several travel as one). */
static __always_inline bool fits_link(struct __sk_buff *skb, __u32 interface, __u32 length)
{
	__u32 mtu = length; /* a question, then the answer */

	return bpf_check_mtu(skb, interface, &mtu, 0, 0) == 0 && length <= mtu;
}

/* As a frame between two link-layer addresses, without route and without ARP (RFC 5944 §4.2.2). `link_header`: how many
 * octets of one the packet has. */
static __always_inline int as_frame(struct __sk_buff *skb, __u32 link_header, __u32 interface, const __u8 *to,
				    const __u8 *from)
{
	struct ethhdr frame = {.h_proto = bpf_htons(ETH_P_IP)};

	__builtin_memcpy(frame.h_dest, to, sizeof(frame.h_dest));
	__builtin_memcpy(frame.h_source, from, sizeof(frame.h_source));
	if (!link_header && bpf_skb_change_head(skb, ETHERNET_HEADER, 0))
		return drop(DROP_SEND_FAILED);
	if (bpf_skb_store_bytes(skb, 0, &frame, sizeof(frame), 0))
		return drop(DROP_SEND_FAILED);
	return bpf_redirect(interface, 0);
}

#endif

/* What is inside of a tunnel packet and between which ends it came, as dataplane/userspace/openings.py; and the packet
 * without its outer headers. */
#ifndef MOBILEIP_DECAP_H
#define MOBILEIP_DECAP_H

#include "encap.h"
#include "maps.h"
#include "parse.h"

/* Nothing is believed yet: `exits` says whether these ends were agreed. */
struct opened {
	struct exit_key key; /* without inner address and direction */
	__u8 encapsulation;
	__u8 outer_tos;
	__u16 headers; /* octets from the outer IPv4 header to the inner one; for minimal what is between header and payload */
	struct iphdr inner;
};

static __always_inline bool open_gre(struct __sk_buff *skb, __u32 offset, struct opened *opened)
{
	struct gre_head head;

	if (bpf_skb_load_bytes(skb, offset, &head, GRE_HEADER) || head.type != bpf_htons(ETH_P_IP))
		return false;
	opened->headers += GRE_HEADER;
	if (head.flags == 0)
		return true;
	/* A checksum or a number: user space verifies, and keeps the order (RFC 2890 §2.2). */
	if (head.flags != bpf_htons(GRE_HAS_KEY) || bpf_skb_load_bytes(skb, offset, &head, sizeof(head)))
		return false;
	opened->headers += GRE_FIELD;
	opened->key.has_gre_key = 1;
	opened->key.gre_key = head.key;
	return true;
}

/* The packet under its own header again, whose addresses and protocol were changed (RFC 2004 §3). */
static __always_inline bool open_minimal(struct __sk_buff *skb, __u32 offset, const struct iphdr *outer,
					 struct opened *opened)
{
	struct minimal_head head = {};
	__u32 length = MINIMAL_SHORT;

	if (bpf_skb_load_bytes(skb, offset, &head, MINIMAL_SHORT))
		return false;
	if (head.flags & MINIMAL_HAS_SOURCE) {
		if (bpf_skb_load_bytes(skb, offset, &head, MINIMAL_LONG))
			return false;
		length = MINIMAL_LONG;
	}
	if (checksum(&head, sizeof(head) / 2))
		return false;
	opened->headers += length - IPV4_HEADER;
	opened->inner = *outer;
	opened->inner.tot_len = bpf_htons(bpf_ntohs(outer->tot_len) - opened->headers);
	opened->inner.protocol = head.protocol;
	opened->inner.saddr = head.flags & MINIMAL_HAS_SOURCE ? head.source : outer->saddr;
	opened->inner.daddr = head.destination;
	opened->inner.check = 0;
	opened->inner.check = checksum(&opened->inner, IPV4_HEADER / 2);
	return true;
}

/* `link_header`: octets before the outer IPv4 header. False: not a whole, plain packet of a tunnel. */
static __always_inline bool open_packet(struct __sk_buff *skb, __u32 link_header, struct opened *opened)
{
	struct udp_head udp;
	struct iphdr outer;
	__u32 offset = link_header + IPV4_HEADER;
	__u8 protocol;

	if (!read_header(skb, link_header, &outer))
		return false;
	protocol = outer.protocol;
	if (protocol != PROTOCOL_IPIP && protocol != PROTOCOL_GRE && protocol != PROTOCOL_MINIMAL && protocol != IPPROTO_UDP)
		return false;
	if (is_fragment(&outer) || checksum(&outer, IPV4_HEADER / 2) ||
	    bpf_ntohs(outer.tot_len) + link_header != skb->len)
		return false;
	opened->key.outer_source = outer.saddr;
	opened->key.outer_destination = outer.daddr;
	opened->outer_tos = outer.tos;
	opened->headers = IPV4_HEADER;
	if (protocol == IPPROTO_UDP) {
		if (bpf_skb_load_bytes(skb, offset, &udp, sizeof(udp)) || udp.destination != bpf_htons(MOBILE_IP_PORT) ||
		    udp.type != TUNNEL_DATA_TYPE || bpf_ntohs(udp.length) + IPV4_HEADER != bpf_ntohs(outer.tot_len))
			return false;
		opened->key.source_port = udp.source;
		opened->key.destination_port = udp.destination;
		opened->headers += UDP_HEADER + TUNNEL_DATA_HEADER;
		offset += UDP_HEADER + TUNNEL_DATA_HEADER;
		protocol = udp.next_header;
	}
	switch (protocol) {
	case PROTOCOL_IPIP:
		opened->encapsulation = ENCAPSULATION_IPIP;
		break;
	case PROTOCOL_GRE:
		opened->encapsulation = ENCAPSULATION_GRE;
		if (!open_gre(skb, offset, opened))
			return false;
		break;
	case PROTOCOL_MINIMAL:
		opened->encapsulation = ENCAPSULATION_MINIMAL;
		return open_minimal(skb, offset, &outer, opened);
	default:
		return false;
	}
	if (bpf_skb_load_bytes(skb, link_header + opened->headers, &opened->inner, sizeof(opened->inner)))
		return false;
	return opened->inner.version == 4 && opened->inner.ihl == 5 &&
	       bpf_ntohs(opened->inner.tot_len) + opened->headers == bpf_ntohs(outer.tot_len) &&
	       checksum(&opened->inner, IPV4_HEADER / 2) == 0;
}

/* The inner packet with what `inner` says in its header now, in place of the tunnel packet. */
static __always_inline long decapsulate(struct __sk_buff *skb, __u32 link_header, const struct opened *opened,
					bool is_changed)
{
	bool is_minimal = opened->encapsulation == ENCAPSULATION_MINIMAL;
	__u32 mode = is_minimal ? BPF_ADJ_ROOM_NET : BPF_ADJ_ROOM_MAC;
	long failed = bpf_skb_adjust_room(skb, -(__s32)opened->headers, mode, BPF_F_ADJ_ROOM_FIXED_GSO);

	if (failed)
		return failed;
	if (is_minimal)
		/* The sum over the packet changes with the addresses, where a network card has told one. */
		return bpf_skb_store_bytes(skb, link_header, &opened->inner, IPV4_HEADER, BPF_F_RECOMPUTE_CSUM);
	if (is_changed)
		return bpf_skb_store_bytes(skb, link_header, &opened->inner, IPV4_HEADER, 0);
	return 0;
}

#endif

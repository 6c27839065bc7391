/* One packet behind the outer headers of one tunnel, as dataplane/userspace/encapsulate.py makes them. */
#ifndef MOBILEIP_ENCAP_H
#define MOBILEIP_ENCAP_H

#include "maps.h"
#include "parse.h"

enum { LONGEST_OUTER = IPV4_HEADER + UDP_HEADER + TUNNEL_DATA_HEADER + GRE_HEADER + GRE_FIELD };

struct udp_head {
	__u16 source;
	__u16 destination;
	__u16 length;
	__u16 checksum; /* none (RFC 768): each packet inside has its own */
	__u8 type;      /* of the Tunnel Data message (RFC 3519 §3.3) */
	__u8 next_header;
	__u16 reserved;
};

struct gre_head {
	__u16 flags;
	__u16 type;
	__u32 key;
};

struct minimal_head {
	__u8 protocol;
	__u8 flags;
	__u16 checksum;
	__u32 destination;
	__u32 source;
};

static __always_inline struct udp_head udp_head(const struct entry *entry, __u8 next_header, __u16 length)
{
	return (struct udp_head){
		.source = entry->source_port,
		.destination = entry->destination_port,
		.length = bpf_htons(UDP_HEADER + TUNNEL_DATA_HEADER + length),
		.type = TUNNEL_DATA_TYPE,
		.next_header = next_header,
	};
}

/* Of an outer header. With DF nobody fragments on the way, and the field has no meaning (RFC 6864 §4.1). */
static __always_inline __u16 identification(struct settings *settings, __u16 fragment, __u16 segments)
{
	if (fragment)
		return 0;
	return bpf_htons(__sync_fetch_and_add(&settings->identification, segments));
}

/* IP-in-IP and GRE, in UDP or not: headers in front of the whole packet. */
static __always_inline long put_in_front(struct __sk_buff *skb, struct settings *settings, const struct entry *entry,
					 const struct iphdr *inner, const struct segments *segments)
{
	bool is_gre = entry->encapsulation == ENCAPSULATION_GRE, in_udp = entry->source_port;
	__u32 gre = !is_gre ? 0 : entry->has_gre_key ? GRE_HEADER + GRE_FIELD : GRE_HEADER;
	__u32 udp = in_udp ? UDP_HEADER + TUNNEL_DATA_HEADER : 0;
	__u32 room = IPV4_HEADER + udp + gre;
	__u16 total = bpf_ntohs(inner->tot_len);
	__u8 protocol = is_gre ? PROTOCOL_GRE : PROTOCOL_IPIP;
	__u64 flags = BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET | BPF_F_ADJ_ROOM_ENCAP_L3_IPV4;
	__u8 octets[LONGEST_OUTER] = {};
	struct iphdr *outer = (void *)octets;
	long failed;

	/* RFC 2003 §3.1: TOS and a DF that is set are copied. In UDP DF is always set: a NAT knows no port of a later
	 * fragment (RFC 3519 §4.8). */
	outer->version = 4;
	outer->ihl = 5;
	outer->tos = inner->tos;
	outer->tot_len = bpf_htons(total + room);
	outer->frag_off = in_udp ? bpf_htons(DONT_FRAGMENT) : inner->frag_off & bpf_htons(DONT_FRAGMENT);
	outer->id = identification(settings, outer->frag_off, segments->count);
	outer->ttl = TUNNEL_TTL;
	outer->protocol = in_udp ? IPPROTO_UDP : protocol;
	outer->saddr = entry->local;
	outer->daddr = entry->remote;
	outer->check = checksum(outer, IPV4_HEADER / 2);
	if (in_udp) {
		*(struct udp_head *)(octets + IPV4_HEADER) = udp_head(entry, protocol, gre + total);
		flags |= BPF_F_ADJ_ROOM_ENCAP_L4_UDP;
	}
	if (is_gre) {
		struct gre_head head = {
			.flags = entry->has_gre_key ? bpf_htons(0x2000) : 0,
			.type = bpf_htons(ETH_P_IP),
			.key = entry->gre_key,
		};

		if (in_udp)
			__builtin_memcpy(octets + IPV4_HEADER + UDP_HEADER + TUNNEL_DATA_HEADER, &head, sizeof(head));
		else
			__builtin_memcpy(octets + IPV4_HEADER, &head, sizeof(head));
		if (!in_udp)
			flags |= BPF_F_ADJ_ROOM_ENCAP_L4_GRE;
	}
	failed = bpf_skb_adjust_room(skb, room, BPF_ADJ_ROOM_MAC, flags);
	if (failed && !skb->gso_size)
		/* It came out of a tunnel and still says so: the flags, which only segmentation needs, are refused. */
		failed = bpf_skb_adjust_room(skb, room, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_NO_CSUM_RESET);
	if (failed)
		return failed;
	/* A constant size for each: the verifier knows no sum. */
	switch (room) {
	case 20:
		return bpf_skb_store_bytes(skb, 0, octets, 20, 0);
	case 24:
		return bpf_skb_store_bytes(skb, 0, octets, 24, 0);
	case 28:
		return bpf_skb_store_bytes(skb, 0, octets, 28, 0);
	case 32:
		return bpf_skb_store_bytes(skb, 0, octets, 32, 0);
	case 36:
		return bpf_skb_store_bytes(skb, 0, octets, 36, 0);
	}
	return bpf_skb_store_bytes(skb, 0, octets, 40, 0);
}

/* Minimal encapsulation: the packet's own header with other addresses, and a short one behind it (RFC 2004 §3; in UDP
 * RFC 3519 §4.2). Never for fragments, which it has no room for, nor for what will be segmented, which the kernel can't
 * do with it: those go by IP-in-IP. */
static __always_inline long put_between(struct __sk_buff *skb, const struct entry *entry, const struct iphdr *inner)
{
	bool in_udp = entry->source_port, has_source = in_udp || inner->saddr != entry->local;
	__u32 minimal = has_source ? MINIMAL_LONG : MINIMAL_SHORT;
	__u16 total = bpf_ntohs(inner->tot_len);
	struct minimal_head head = {
		.protocol = inner->protocol,
		.flags = has_source ? MINIMAL_HAS_SOURCE : 0,
		.destination = inner->daddr,
		.source = has_source ? inner->saddr : 0,
	};
	__u8 octets[IPV4_HEADER + UDP_HEADER + TUNNEL_DATA_HEADER + MINIMAL_LONG] = {};
	struct iphdr *outer = (void *)octets;
	__u32 room = minimal + (in_udp ? UDP_HEADER + TUNNEL_DATA_HEADER : 0);
	long failed;

	head.checksum = checksum(&head, sizeof(head) / 2); /* a source that is not sent is 0 and adds nothing */
	*outer = *inner;
	outer->tot_len = bpf_htons(total + room);
	outer->protocol = in_udp ? IPPROTO_UDP : PROTOCOL_MINIMAL;
	outer->saddr = entry->local;
	outer->daddr = entry->remote;
	outer->check = 0;
	outer->check = checksum(outer, IPV4_HEADER / 2);
	failed = bpf_skb_adjust_room(skb, room, BPF_ADJ_ROOM_NET, BPF_F_ADJ_ROOM_NO_CSUM_RESET);
	if (failed)
		return failed;
	if (in_udp) {
		*(struct udp_head *)(octets + IPV4_HEADER) =
			udp_head(entry, PROTOCOL_MINIMAL, MINIMAL_LONG + total - IPV4_HEADER);
		__builtin_memcpy(octets + IPV4_HEADER + UDP_HEADER + TUNNEL_DATA_HEADER, &head, sizeof(head));
		return bpf_skb_store_bytes(skb, 0, octets, 44, 0);
	}
	__builtin_memcpy(octets + IPV4_HEADER, &head, sizeof(head));
	if (has_source)
		return bpf_skb_store_bytes(skb, 0, octets, 32, 0);
	return bpf_skb_store_bytes(skb, 0, octets, 28, 0);
}

static __always_inline long encapsulate(struct __sk_buff *skb, struct settings *settings, const struct entry *entry,
					const struct iphdr *inner, const struct segments *segments)
{
	if (entry->encapsulation == ENCAPSULATION_MINIMAL && !is_fragment(inner) && !skb->gso_size)
		return put_between(skb, entry, inner);
	return put_in_front(skb, settings, entry, inner, segments);
}

#endif

/* One packet behind the outer headers of one tunnel, as dataplane/userspace/encapsulate.py makes them. */
#ifndef MOBILEIP_ENCAP_H
#define MOBILEIP_ENCAP_H

#include "maps.h"
#include "parse.h"

enum { GRE_HAS_KEY = 0x2000 };

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

static __always_inline long store_gre(struct __sk_buff *skb, const struct entry *entry, __u32 offset)
{
	struct gre_head head = {.type = bpf_htons(ETH_P_IP), .key = entry->gre_key};

	if (!entry->has_gre_key)
		return bpf_skb_store_bytes(skb, offset, &head, GRE_HEADER, 0);
	head.flags = bpf_htons(GRE_HAS_KEY);
	return bpf_skb_store_bytes(skb, offset, &head, GRE_HEADER + GRE_FIELD, 0);
}

/* IP-in-IP and GRE, in UDP or not: headers in front of the whole packet. */
static __attribute__((noinline)) long put_in_front(struct __sk_buff *skb, struct settings *settings,
						   const struct entry *entry, const struct iphdr *inner,
						   const struct segments *segments)
{
	bool is_gre = entry->encapsulation == ENCAPSULATION_GRE, in_udp = entry->source_port;
	__u32 gre = !is_gre ? 0 : entry->has_gre_key ? GRE_HEADER + GRE_FIELD : GRE_HEADER;
	__u32 udp = in_udp ? UDP_HEADER + TUNNEL_DATA_HEADER : 0;
	__u32 room = IPV4_HEADER + udp + gre;
	__u16 total = bpf_ntohs(inner->tot_len);
	__u8 protocol = is_gre ? PROTOCOL_GRE : PROTOCOL_IPIP;
	__u64 flags = BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET | BPF_F_ADJ_ROOM_ENCAP_L3_IPV4;
	struct udp_head head = udp_head(entry, protocol, gre + total);
	/* RFC 2003 §3.1: TOS and a DF that is set are copied. In UDP DF is always set: a NAT knows no port of a later
	 * fragment (RFC 3519 §4.8). */
	struct iphdr outer = {
		.version = 4,
		.ihl = 5,
		.tos = inner->tos,
		.tot_len = bpf_htons(total + room),
		.frag_off = in_udp ? bpf_htons(DONT_FRAGMENT) : inner->frag_off & bpf_htons(DONT_FRAGMENT),
		.ttl = TUNNEL_TTL,
		.protocol = in_udp ? IPPROTO_UDP : protocol,
		.saddr = entry->local,
		.daddr = entry->remote,
	};
	long failed;

	outer.id = identification(settings, outer.frag_off, segments->count);
	outer.check = checksum(&outer, IPV4_HEADER / 2);
	if (in_udp)
		flags |= BPF_F_ADJ_ROOM_ENCAP_L4_UDP;
	else if (is_gre)
		flags |= BPF_F_ADJ_ROOM_ENCAP_L4_GRE;
	failed = bpf_skb_adjust_room(skb, room, BPF_ADJ_ROOM_MAC, flags);
	if (failed && !skb->gso_size)
		/* It came out of a tunnel and still says so: the flags, which only segmentation needs, are refused. */
		failed = bpf_skb_adjust_room(skb, room, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_NO_CSUM_RESET);
	failed = failed ?: bpf_skb_store_bytes(skb, 0, &outer, sizeof(outer), 0);
	if (!failed && in_udp)
		failed = bpf_skb_store_bytes(skb, IPV4_HEADER, &head, sizeof(head), 0);
	if (!failed && is_gre)
		failed = store_gre(skb, entry, IPV4_HEADER + udp);
	return failed;
}

/* Minimal encapsulation: the packet's own header with other addresses, and a short one behind it (RFC 2004 §3; in UDP
 * RFC 3519 §4.2). Never for fragments, which it has no room for, nor for what will be segmented, which the kernel can't
 * do with it: those go by IP-in-IP. */
static __always_inline void minimal_header(const struct entry *entry, const struct iphdr *inner, __u32 room, __u8 protocol,
					   struct iphdr *outer)
{
	*outer = *inner;
	outer->tot_len = bpf_htons(bpf_ntohs(inner->tot_len) + room);
	outer->protocol = protocol;
	outer->saddr = entry->local;
	outer->daddr = entry->remote;
	outer->check = 0;
	outer->check = checksum(outer, IPV4_HEADER / 2);
}

static __attribute__((noinline)) long put_between(struct __sk_buff *skb, const struct entry *entry,
						  const struct iphdr *inner)
{
	bool has_source = inner->saddr != entry->local;
	__u32 room = has_source ? MINIMAL_LONG : MINIMAL_SHORT;
	struct {
		struct iphdr outer;
		struct minimal_head head;
	} octets = {
		.head = {
			.protocol = inner->protocol,
			.flags = has_source ? MINIMAL_HAS_SOURCE : 0,
			.destination = inner->daddr,
			.source = has_source ? inner->saddr : 0,
		},
	};
	long failed;

	minimal_header(entry, inner, room, PROTOCOL_MINIMAL, &octets.outer);
	octets.head.checksum = checksum(&octets.head, MINIMAL_LONG / 2); /* a source that is not sent is 0 */
	failed = bpf_skb_adjust_room(skb, room, BPF_ADJ_ROOM_NET, BPF_F_ADJ_ROOM_NO_CSUM_RESET);
	if (failed)
		return failed;
	return has_source ? bpf_skb_store_bytes(skb, 0, &octets, IPV4_HEADER + MINIMAL_LONG, 0) :
			    bpf_skb_store_bytes(skb, 0, &octets, IPV4_HEADER + MINIMAL_SHORT, 0);
}

static __attribute__((noinline)) long put_between_in_udp(struct __sk_buff *skb, const struct entry *entry,
							 const struct iphdr *inner)
{
	__u32 room = UDP_HEADER + TUNNEL_DATA_HEADER + MINIMAL_LONG;
	struct {
		struct iphdr outer;
		struct udp_head udp;
		struct minimal_head head;
	} octets = {
		.udp = udp_head(entry, PROTOCOL_MINIMAL, MINIMAL_LONG + bpf_ntohs(inner->tot_len) - IPV4_HEADER),
		.head = {
			.protocol = inner->protocol,
			.flags = MINIMAL_HAS_SOURCE, /* always: a NAT puts another one into the outer header */
			.destination = inner->daddr,
			.source = inner->saddr,
		},
	};
	long failed;

	minimal_header(entry, inner, room, IPPROTO_UDP, &octets.outer);
	octets.head.checksum = checksum(&octets.head, MINIMAL_LONG / 2);
	failed = bpf_skb_adjust_room(skb, room, BPF_ADJ_ROOM_NET, BPF_F_ADJ_ROOM_NO_CSUM_RESET);
	return failed ?: bpf_skb_store_bytes(skb, 0, &octets, sizeof(octets), 0);
}

static __always_inline long encapsulate(struct __sk_buff *skb, struct settings *settings, const struct entry *entry,
					const struct iphdr *inner, const struct segments *segments)
{
	if (entry->encapsulation == ENCAPSULATION_MINIMAL && !is_fragment(inner) && !skb->gso_size)
		return entry->source_port ? put_between_in_udp(skb, entry, inner) : put_between(skb, entry, inner);
	return put_in_front(skb, settings, entry, inner, segments);
}

#endif

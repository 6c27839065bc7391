/* The IPv4 packet that a program was given, read once. Anything that is not plain is left to user space. */
#ifndef MOBILEIP_PARSE_H
#define MOBILEIP_PARSE_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/in.h>

#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum {
	NOT_OURS = TC_ACT_UNSPEC, /* TCX_NEXT: other programs have their turn, then the stack, then user space */
	PROTOCOL_IPIP = 4,
	PROTOCOL_GRE = 47,
	PROTOCOL_MINIMAL = 55,
	MOBILE_IP_PORT = 434,
	DONT_FRAGMENT = 0x4000,
	MORE_FRAGMENTS = 0x2000,
	OFFSET_MASK = 0x1FFF,
	ECN_MASK = 3,
	CONGESTION_EXPERIENCED = 3,
	TUNNEL_TTL = 64,
	TCP_FLAGS = 13, /* offset in the header */
	SYN = 2,
	ETHERNET_HEADER = 14,
	IPV4_HEADER = 20,
	UDP_HEADER = 8,
	TUNNEL_DATA_HEADER = 4,
	TUNNEL_DATA_TYPE = 4,
	GRE_HEADER = 4,
	GRE_FIELD = 4,
	MINIMAL_SHORT = 8,
	MINIMAL_LONG = 12,
	MINIMAL_HAS_SOURCE = 0x80,
};

static __always_inline __u16 folded(__u32 sum)
{
	sum = (sum & 0xFFFF) + (sum >> 16);
	return ~((sum & 0xFFFF) + (sum >> 16));
}

/* Of octets in words of 16 bits; 0 says that a header with its checksum is whole. */
static __always_inline __u16 checksum(const void *octets, __u32 words)
{
	const __u16 *word = octets;
	__u32 sum = 0;

	for (__u32 i = 0; i < words; i++)
		sum += word[i];
	return folded(sum);
}

static __always_inline bool is_fragment(const struct iphdr *header)
{
	return header->frag_off & bpf_htons(MORE_FRAGMENTS | OFFSET_MASK);
}

/* One IPv4 header at `offset`, without options; else false. Some network cards leave headers in pages, where they are
 * read by a call. */
static __always_inline bool read_header(struct __sk_buff *skb, __u32 offset, struct iphdr *header)
{
	void *start = (void *)(long)skb->data + offset;

	if (start + sizeof(*header) <= (void *)(long)skb->data_end)
		__builtin_memcpy(header, start, sizeof(*header));
	else if (bpf_skb_load_bytes(skb, offset, header, sizeof(*header)))
		return false;
	return header->version == 4 && header->ihl == 5 && bpf_ntohs(header->tot_len) >= sizeof(*header);
}

/* What a packet is on the wire, where it may be one of several that travel as one (GSO, GRO). */
struct segments {
	__u16 count;
	__u16 length;     /* of the longest, from its IPv4 header on */
	__u32 octets;     /* of all, headers included */
};

/* `offset` is that of the IPv4 header. */
static __always_inline bool read_segments(struct __sk_buff *skb, __u32 offset, const struct iphdr *header,
					  struct segments *segments)
{
	__u32 total = bpf_ntohs(header->tot_len);
	__u32 headers = IPV4_HEADER;
	__u8 words;

	if (!skb->gso_size) {
		segments->count = 1;
		segments->length = total;
		segments->octets = total;
		return true;
	}
	if (header->protocol == IPPROTO_TCP) {
		if (bpf_skb_load_bytes(skb, offset + IPV4_HEADER + 12, &words, sizeof(words)))
			return false;
		headers += words >> 4 << 2;
	} else if (header->protocol == IPPROTO_UDP) {
		headers += UDP_HEADER;
	} else {
		return false; /* a tunnel's packets that travel as one: nested, for user space */
	}
	segments->count = skb->gso_segs ?: 1;
	segments->length = headers + skb->gso_size;
	segments->octets = total + (segments->count - 1) * headers;
	return true;
}

/* A packet that is itself one of a tunnel, or signalling. */
static __always_inline bool is_tunnel_packet(struct __sk_buff *skb, __u32 offset, const struct iphdr *header)
{
	__u16 port;

	switch (header->protocol) {
	case PROTOCOL_IPIP:
	case PROTOCOL_GRE:
	case PROTOCOL_MINIMAL:
		return true;
	case IPPROTO_UDP:
		return bpf_skb_load_bytes(skb, offset + IPV4_HEADER + 2, &port, sizeof(port)) == 0 &&
		       port == bpf_htons(MOBILE_IP_PORT);
	}
	return false;
}

#endif

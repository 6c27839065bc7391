/* The order of decisions at the end of a tunnel, as dataplane/userspace/arrivals.py: a tunnel packet that came in by a
 * link, to the node behind the exit that it matches. Whatever is not plain is left. */
#ifndef MOBILEIP_OUT_OF_TUNNEL_H
#define MOBILEIP_OUT_OF_TUNNEL_H

#include "decap.h"
#include "deliver.h"
#include "maps.h"
#include "parse.h"
#include "route.h"
#include "segment_size.h"

static __always_inline struct exit *find_exit(struct opened *opened)
{
	struct exit *exit;

	/* RFC 5944 §4.2.2: "MUST compare the inner Destination Address to those entries in its visitor list." */
	opened->key.direction = TO_MOBILE_NODE;
	opened->key.inner = opened->inner.daddr;
	exit = bpf_map_lookup_elem(&exits, &opened->key);
	if (exit)
		return exit;
	/* RFC 3024 §4.3.2: "check for a binding" of outer source and inner source. */
	opened->key.direction = FROM_MOBILE_NODE;
	opened->key.inner = opened->inner.saddr;
	return bpf_map_lookup_elem(&exits, &opened->key);
}

static __always_inline bool is_agreed(__u8 came, __u8 agreed)
{
	/* RFC 2004 has no room for fragments: those come by IP-in-IP. */
	return came == agreed || (came == ENCAPSULATION_IPIP && agreed == ENCAPSULATION_MINIMAL);
}

/* A connection that begins here is answered through this tunnel: its segments have to fit. False: user space does it. */
static __always_inline bool fit(struct __sk_buff *skb, const struct settings *settings, const struct exit *exit,
				const struct opened *opened, __u32 link_header, __u64 now)
{
	__u32 tcp = link_header + opened->headers + IPV4_HEADER;
	struct route route = {
		.local = opened->key.outer_destination,
		.remote = opened->key.outer_source,
		.length = IPV4_HEADER,
		.mtu = NO_MTU,
	};

	if (!opens_connection(skb, tcp, &opened->inner))
		return true;
	if (exit->mtu)
		route.mtu = exit->mtu;
	else if (!find_route(skb, settings, &route))
		route.mtu = NO_MTU;
	else if (!route.is_neighbour_known)
		return false; /* so the kernel does not say how large packets may be */
	ask_path(opened->key.outer_destination, opened->key.outer_source, now, &route.mtu);
	return route.mtu >= NO_MTU - 2 * IPV4_HEADER || !make_room(skb, tcp, route.mtu - exit->overhead);
}

/* RFC 6040 §4.2: a mark set inside the tunnel goes on where the transport understands it, else it is a drop (false). */
static __always_inline bool merge_congestion(__u8 outer_tos, struct iphdr *inner)
{
	__u8 outer = outer_tos & ECN_MASK, ecn = inner->tos & ECN_MASK;

	if (outer == CONGESTION_EXPERIENCED && ecn != CONGESTION_EXPERIENCED) {
		if (ecn == 0)
			return false;
		inner->tos |= CONGESTION_EXPERIENCED;
	} else if (outer == 1 && ecn == 2) {
		inner->tos = (inner->tos & ~ECN_MASK) | 1;
	}
	return true;
}

/* Most of what comes in by a link is none of ours, and is to lose no time here. */
static __always_inline bool may_be_tunnelled(struct __sk_buff *skb, __u32 link_header)
{
	const struct iphdr *header = (void *)(long)skb->data + link_header;
	const struct udp_head *udp = (void *)(header + 1);

	if (skb->protocol != bpf_htons(ETH_P_IP))
		return false;
	if ((void *)(header + 1) > (void *)(long)skb->data_end)
		return true; /* its header is elsewhere */
	switch (header->protocol) {
	case PROTOCOL_IPIP:
	case PROTOCOL_GRE:
	case PROTOCOL_MINIMAL:
		return true;
	case IPPROTO_UDP: /* one with options, or a fragment, is none of ours wherever its port would be */
		return (void *)(udp + 1) > (void *)(long)skb->data_end || udp->destination == bpf_htons(MOBILE_IP_PORT);
	}
	return false;
}

static __always_inline int from_link(struct __sk_buff *skb, __u32 link_header)
{
	struct settings *settings;
	struct opened opened = {};
	struct segments segments;
	struct exit *exit;
	__u8 tos, ttl;
	bool is_changed;
	__u64 now;

	if (!may_be_tunnelled(skb, link_header))
		return NOT_OURS;
	/* A VLAN's packets are its own device's; other stations' are not ours. */
	if (skb->vlan_present || skb->pkt_type != PACKET_HOST)
		return NOT_OURS;
	settings = our_settings();
	if (!settings || !open_packet(skb, link_header, &opened))
		return NOT_OURS;
	exit = find_exit(&opened);
	if (!exit || exit->way == WAY_USER || !is_agreed(opened.encapsulation, exit->encapsulation))
		return NOT_OURS;
	/* To an end of the tunnel itself: an agent has to hear of it, or it would go round (RFC 2784 §3.1, RFC 3519 §4.2). */
	if (opened.inner.daddr == opened.key.outer_destination || opened.inner.daddr == opened.key.outer_source)
		return NOT_OURS;
	/* Perhaps the answer to a keepalive (RFC 3519 §4.9). */
	if (opened.key.source_port && opened.inner.protocol == IPPROTO_ICMP && opened.inner.saddr == opened.key.outer_source)
		return NOT_OURS;
	/* RFC 2003 §3.1: the TTL is decremented as in forwarding; one that ends is told by user space. */
	if (opened.inner.ttl <= (exit->way == WAY_VISITOR))
		return NOT_OURS;
	tos = opened.inner.tos;
	ttl = opened.inner.ttl;
	/* What minimal encapsulation carries has the outer header's own marks. */
	if (!merge_congestion(opened.outer_tos, &opened.inner))
		return drop(DROP_CONGESTION);
	if (exit->way == WAY_VISITOR)
		opened.inner.ttl -= 1;
	is_changed = opened.inner.tos != tos || opened.inner.ttl != ttl;
	if (is_changed) {
		opened.inner.check = 0;
		opened.inner.check = checksum(&opened.inner, IPV4_HEADER / 2);
	}
	now = bpf_ktime_get_boot_ns();
	if (now >= exit->expires_at)
		return drop(DROP_EXPIRED);
	if (!read_segments(skb, link_header + opened.headers, &opened.inner, &segments))
		return NOT_OURS;
	if (exit->way == WAY_VISITOR && !fits_link(skb, exit->interface, segments.length))
		return NOT_OURS;
	if (!fit(skb, settings, exit, &opened, link_header, now))
		return NOT_OURS;
	if (decapsulate(skb, link_header, &opened, is_changed))
		return drop(DROP_SEND_FAILED);
	count(exit->use, TOTAL_DECAPSULATED, segments.count, segments.octets, now);
	if (exit->way == WAY_VISITOR)
		return as_frame(skb, link_header, exit->interface, exit->link_address, exit->own_link_address);
	return bpf_redirect(settings->device, BPF_F_INGRESS);
}

#endif

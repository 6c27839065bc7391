/* The order of decisions on the tunnel device, as dataplane/userspace/path.py and entry.py: a packet that the kernel
 * routed into it goes into the tunnel of its destination's binding, or of its source. Whatever is not plain is left. */
#ifndef MOBILEIP_INTO_TUNNEL_H
#define MOBILEIP_INTO_TUNNEL_H

#include "deliver.h"
#include "encap.h"
#include "maps.h"
#include "parse.h"
#include "route.h"
#include "segment_size.h"

enum {
	MOST_COPIES = 4,
	A_COPY = 0x4D00, /* in tc_index: this packet is a copy for the tunnel whose number is added */
	A_COPY_MASK = 0xFF00,
};

/* Whether a packet has been in this tunnel, or would be for ever (RFC 2003 §3.2). */
static __always_inline bool loops(struct __sk_buff *skb, const struct entry *entry, const struct iphdr *inner,
				  __u8 direction)
{
	if (inner->saddr == entry->remote)
		return true;
	if (direction == FROM_MOBILE_NODE)
		return inner->daddr == entry->remote && is_tunnel_packet(skb, 0, inner);
	if (inner->daddr == entry->remote)
		return true;
	return inner->saddr == entry->local && is_tunnel_packet(skb, 0, inner);
}

/* Finds the way of one tunnel for one packet. False: too big, no way, or something that user space has to say. */
static __always_inline bool find_way(struct __sk_buff *skb, const struct settings *settings, const struct entry *entry,
				     const struct segments *segments, __u64 now, struct route *route)
{
	__u32 length = segments->length + entry->overhead;

	if (length > NO_MTU)
		return false;
	if (entry->way == WAY_ROUTE) {
		route->local = entry->local;
		route->remote = entry->remote;
		route->length = length;
		if (!find_route(skb, settings, route))
			return false;
	} else {
		route->interface = entry->interface;
		route->mtu = entry->mtu;
	}
	return ask_path(entry->local, entry->remote, now, &route->mtu) && length <= route->mtu;
}

/* With an unknown neighbour the kernel says only that a packet is not too big. */
static __always_inline bool knows_mtu(__u8 way, const struct route *route)
{
	return way != WAY_ROUTE || route->is_neighbour_known;
}

static __always_inline void note(const struct settings *settings, struct __sk_buff *skb, const struct entry *entry,
				 __u64 now)
{
	struct traced *traced;
	__u32 kept = skb->len < TRACED_OCTETS ? skb->len : TRACED_OCTETS;

	if (now >= settings->trace_until)
		return;
	traced = bpf_ringbuf_reserve(&trace, sizeof(*traced), 0);
	if (!traced)
		return;
	traced->at = now;
	traced->local = entry->local;
	traced->remote = entry->remote;
	traced->length = skb->len;
	traced->kept = kept;
	traced->encapsulation = entry->encapsulation;
	traced->in_udp = entry->source_port != 0;
	if (kept < IPV4_HEADER || kept > TRACED_OCTETS || bpf_skb_load_bytes(skb, 0, traced->octets, kept))
		bpf_ringbuf_discard(traced, 0);
	else
		bpf_ringbuf_submit(traced, 0);
}

static __always_inline int into_tunnel(struct __sk_buff *skb, struct settings *settings, const struct entry *entry,
				       const struct iphdr *inner, const struct segments *segments, __u64 now)
{
	struct bpf_redir_neigh neighbour = {.nh_family = 2 /* AF_INET */};
	struct route route = {};
	__u32 length = skb->len;

	if (!find_way(skb, settings, entry, segments, now, &route))
		return NOT_OURS;
	if (route.mtu < NO_MTU - 2 * IPV4_HEADER && opens_connection(skb, IPV4_HEADER, inner) &&
	    (!knows_mtu(entry->way, &route) || make_room(skb, IPV4_HEADER, route.mtu - entry->overhead)))
		return NOT_OURS;
	note(settings, skb, entry, now);
	if (encapsulate(skb, settings, entry, inner, segments))
		return skb->len == length ? NOT_OURS : drop(DROP_SEND_FAILED);
	skb->mark = settings->mark;
	skb->tc_index = 0;
	count(entry->use, TOTAL_ENCAPSULATED, segments->count, segments->octets, now);
	if (entry->way == WAY_FRAME)
		return as_frame(skb, 0, route.interface, entry->link_address, entry->own_link_address);
	/* The kernel puts the link-layer header on, in place of an empty one that it wants to see. */
	if (bpf_skb_change_head(skb, ETHERNET_HEADER, 0))
		return drop(DROP_SEND_FAILED);
	/* A packet that waits for its neighbour leaves by the route that it holds: that has to be the tunnel's, which the
	 * kernel looks up where it is given no next hop, and not the one into the tunnel device. */
	if (entry->way == WAY_LINK || !route.is_neighbour_known)
		return bpf_redirect_neigh(route.interface, 0, 0, 0);
	neighbour.ipv4_nh = route.next_hop;
	return bpf_redirect_neigh(route.interface, &neighbour, sizeof(neighbour), 0);
}

/* The other end of the tunnel is our own: no tunnel is needed. */
static __always_inline int straight(struct __sk_buff *skb, const struct settings *settings, const struct entry *entry,
				    const struct segments *segments, __u64 now)
{
	if (entry->way == WAY_VISITOR && !fits_link(skb, entry->interface, segments->length))
		return NOT_OURS;
	count(entry->use, TOTAL_STRAIGHT, segments->count, segments->octets, now);
	if (entry->way == WAY_STACK)
		return bpf_redirect(settings->device, BPF_F_INGRESS);
	return as_frame(skb, 0, entry->interface, entry->link_address, entry->own_link_address);
}

static __always_inline void send_copy(struct __sk_buff *skb, __u32 copy)
{
	skb->tc_index = A_COPY | copy;
	if (bpf_clone_redirect(skb, skb->ifindex, 0))
		drop(DROP_SEND_FAILED);
}

/* RFC 5944 §3.8.2.2: a copy for each tunnel. Copies pass the device again, each with its number; if any of them is not
 * plain, user space makes them all. */
static __always_inline bool make_copies(struct __sk_buff *skb, const struct settings *settings, struct entry_key key,
					const struct iphdr *inner, const struct segments *segments, __u64 now, __u32 copies)
{
	struct route route = {};

	/* Whether a SYN can be made to fit is found out too late: of copies that are on their way user space would make as
	 * many again for each that is left to it. */
	if (copies > MOST_COPIES || opens_connection(skb, IPV4_HEADER, inner))
		return false;
	for (__u32 i = 0; i < MOST_COPIES; i++) {
		struct entry *entry;

		if (i >= copies)
			break;
		key.copy = i;
		entry = bpf_map_lookup_elem(&entries, &key);
		if (!entry || now >= entry->expires_at || entry->way > WAY_FRAME || loops(skb, entry, inner, TO_MOBILE_NODE) ||
		    !find_way(skb, settings, entry, segments, now, &route))
			return false;
	}
	/* In a loop the verifier would lose count, without CAP_PERFMON. */
	send_copy(skb, 1);
	if (copies > 2)
		send_copy(skb, 2);
	if (copies > 3)
		send_copy(skb, 3);
	skb->tc_index = 0;
	return true;
}

static __always_inline int from_device(struct __sk_buff *skb)
{
	struct settings *settings = our_settings();
	struct entry_key key = {};
	struct segments segments;
	struct entry *entry = 0;
	struct iphdr inner;
	__u32 *realm, index = skb->ifindex;
	__u8 copy = (skb->tc_index & A_COPY_MASK) == A_COPY ? skb->tc_index & 0xFF : 0;
	__u64 now;

	if (!settings || skb->protocol != bpf_htons(ETH_P_IP) || !read_header(skb, 0, &inner))
		return NOT_OURS;
	if (bpf_ntohs(inner.tot_len) != skb->len || inner.ttl == 0 || !read_segments(skb, 0, &inner, &segments))
		return NOT_OURS;
	if (index == settings->device) {
		/* RFC 5944 §4.2.3: "examine the IP Destination Address of all arriving datagrams". */
		key.address = inner.daddr;
		key.direction = TO_MOBILE_NODE;
		key.copy = copy;
		entry = bpf_map_lookup_elem(&entries, &key);
	} else {
		realm = bpf_map_lookup_elem(&realms, &index);
		if (!realm)
			return NOT_OURS;
		key.realm = *realm;
	}
	if (!entry) {
		key.address = inner.saddr;
		key.direction = FROM_MOBILE_NODE;
		key.copy = 0;
		entry = bpf_map_lookup_elem(&entries, &key);
		if (!entry)
			return NOT_OURS;
	}
	/* What is already encapsulated may come back to us for ever (RFC 5944 §4.2.3): user space judges. */
	if (entry->way == WAY_USER || (key.direction == TO_MOBILE_NODE && inner.protocol == PROTOCOL_IPIP) ||
	    loops(skb, entry, &inner, key.direction))
		return NOT_OURS;
	now = bpf_ktime_get_boot_ns();
	if (now >= entry->expires_at)
		return drop(DROP_EXPIRED);
	if (entry->way > WAY_FRAME)
		return straight(skb, settings, entry, &segments, now);
	if (entry->copies > 1 && !copy &&
	    !make_copies(skb, settings, key, &inner, &segments, now, entry->copies))
		return NOT_OURS;
	return into_tunnel(skb, settings, entry, &inner, &segments, now);
}

#endif

/* How large a packet the way to a tunnel's other end takes, and by which link it goes. */
#ifndef MOBILEIP_ROUTE_H
#define MOBILEIP_ROUTE_H

#include "maps.h"
#include "parse.h"

enum {
	NO_MTU = 0xFFFF, /* nothing is known: only the length field of the outer header limits */
	LOOK_UP_BY_MARK = 1 << 5, /* BPF_FIB_LOOKUP_MARK, since Linux 6.10 */
};

struct route {
	__u32 interface;
	__u32 next_hop;
	__u16 mtu;
};

/* By our routes, as if the packet had come in by the tunnel device (whose `forwarding` is on at an agent): a change of
 * route is followed by the next packet. False: no way, a way for user space, or too small for `length` octets. */
static __always_inline bool find_route(struct __sk_buff *skb, const struct settings *settings, __u32 local, __u32 remote,
				       __u16 length, struct route *route)
{
	struct bpf_fib_lookup asked = {
		.family = 2, /* AF_INET */
		.tot_len = length,
		.ifindex = settings->device,
		.ipv4_src = local,
		.ipv4_dst = remote,
	};
	long found;

	if (settings->fib_flags & LOOK_UP_BY_MARK)
		__builtin_memcpy(asked.smac, &settings->mark, sizeof(settings->mark)); /* a union since 6.10 */
	found = bpf_fib_lookup(skb, &asked, sizeof(asked), settings->fib_flags);
	/* Without BPF_FIB_LOOKUP_SKIP_NEIGH (before 6.3) an unknown neighbour is found out later. */
	if (found != BPF_FIB_LKUP_RET_SUCCESS && found != BPF_FIB_LKUP_RET_NO_NEIGH)
		return false;
	route->interface = asked.ifindex;
	route->next_hop = asked.ipv4_dst;
	route->mtu = asked.mtu_result ?: NO_MTU;
	return asked.family == 2 && asked.ifindex != settings->device; /* into ourselves: a loop */
}

/* What routers have told of a path. False: its next packet is for user space, which has news for the sender. */
static __always_inline bool ask_path(__u32 local, __u32 remote, __u64 now, __u16 *mtu)
{
	struct path_key key = {.local = local, .remote = remote};
	const struct path *path = bpf_map_lookup_elem(&paths, &key);

	if (!path)
		return true;
	if (now < path->mtu_until && path->mtu < *mtu)
		*mtu = path->mtu;
	return now >= path->news_until;
}

#endif

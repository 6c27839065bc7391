/* The fast path: packets of mobile nodes into their tunnels and out of them, in the kernel.
 *
 * Two places. On the way out of the tunnel device (tc egress) `mip_encap` puts the outer headers on and sends the packet
 * to the tunnel's other end. On the way in from a link (tc ingress) `mip_decap_ethernet`, or `mip_decap_raw` where the
 * link has no link-layer header (LTE, PPP, WireGuard, TUN), takes them off. What is not plain is left to the stack, and so
 * comes to user space, which does the same job (dataplane/userspace/): both give the same octets.
 */
#include "into_tunnel.h"
#include "out_of_tunnel.h"

SEC("tc")
int mip_encap(struct __sk_buff *skb)
{
	return from_device(skb);
}

SEC("tc")
int mip_decap_ethernet(struct __sk_buff *skb)
{
	return from_link(skb, ETHERNET_HEADER);
}

SEC("tc")
int mip_decap_raw(struct __sk_buff *skb)
{
	return from_link(skb, 0);
}

/* Some helpers are for programs of the GPL only; the rest of mobileip is under Apache-2.0. */
char _license[] SEC("license") = "Dual BSD/GPL";

/* TCP's maximum segment size (RFC 9293 §3.7.1), made to fit a tunnel: a connection that begins through one never sends
 * what does not pass. As dataplane/userspace/segment_size.py. */
#ifndef MOBILEIP_SEGMENT_SIZE_H
#define MOBILEIP_SEGMENT_SIZE_H

#include "parse.h"

enum {
	TCP_HEADER = 20,
	LONGEST_OPTIONS = 40,
	END_OF_OPTIONS = 0,
	NO_OPERATION = 1,
	MAXIMUM_SEGMENT_SIZE = 2,
	LEAST_SEGMENT = 536, /* what every host takes */
	MOST_OPTIONS = 6,    /* looked at: it comes first, and each more costs the verifier much */
};

/* Whether a segment opens a connection; `tcp` is the offset of its header. */
static __always_inline bool opens_connection(struct __sk_buff *skb, __u32 tcp, const struct iphdr *header)
{
	__u8 flags;

	if (header->protocol != IPPROTO_TCP || header->frag_off & bpf_htons(OFFSET_MASK))
		return false;
	return bpf_skb_load_bytes(skb, tcp + TCP_FLAGS, &flags, sizeof(flags)) == 0 && flags & SYN;
}

/* The value at `at` (an offset in the packet) is `asked`: no more than `largest` from now on. */
static __always_inline void lower(struct __sk_buff *skb, __u32 tcp, __u32 at, __u16 asked, __u16 largest)
{
	__u16 old = bpf_htons(asked), new = bpf_htons(largest);

	if (bpf_skb_store_bytes(skb, at, &new, sizeof(new), 0))
		return;
	/* RFC 1624: the checksum follows the change of one word; at an odd place the octets are swapped in it. */
	if ((at - tcp) & 1) {
		old = __builtin_bswap16(old);
		new = __builtin_bswap16(new);
	}
	bpf_l4_csum_replace(skb, tcp + 16, old, new, sizeof(new));
}

/* A segment that `opens_connection`, with a size that packets of `inside` octets can carry if it asks for more. 0; or -1,
 * and nothing was changed, where the option is so far behind that user space has to look for it. */
static __attribute__((noinline)) int make_room(struct __sk_buff *skb, __u32 tcp, __u32 inside)
{
	__u16 largest = inside > LEAST_SEGMENT + IPV4_HEADER + TCP_HEADER ? inside - IPV4_HEADER - TCP_HEADER : LEAST_SEGMENT;
	__u32 at = 0, end;
	__u8 words, option[4];
	__u16 asked;

	if (bpf_skb_load_bytes(skb, tcp + 12, &words, sizeof(words)))
		return 0;
	end = (words >> 4 << 2) - TCP_HEADER; /* of options; underflows where the header is too short */
	if (end > LONGEST_OPTIONS)
		return 0;
	for (__u32 i = 0; i < MOST_OPTIONS; i++) {
		__u32 place = tcp + TCP_HEADER + at;

		if (at + 1 >= end || bpf_skb_load_bytes(skb, place, option, 2) || option[0] == END_OF_OPTIONS)
			return 0;
		if (option[0] == NO_OPERATION) {
			at += 1;
			continue;
		}
		if (option[1] < 2 || at + option[1] > end)
			return 0;
		if (option[0] == MAXIMUM_SEGMENT_SIZE) {
			if (option[1] != 4 || bpf_skb_load_bytes(skb, place, option, sizeof(option)))
				return 0;
			asked = option[2] << 8 | option[3];
			if (asked > largest)
				lower(skb, tcp, place + 2, asked, largest);
			return 0;
		}
		at += option[1];
	}
	return -1;
}

#endif

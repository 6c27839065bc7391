/* The tables, and what is counted. User space sets the sizes when it loads the object. */
#ifndef MOBILEIP_MAPS_H
#define MOBILEIP_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "drop_reason.h"
#include "shared.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct entry_key);
	__type(value, struct entry);
} entries SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct exit_key);
	__type(value, struct exit);
} exits SEC(".maps");

/* Read by user space through shared memory. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct use);
} uses SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct path_key);
	__type(value, struct path);
} paths SEC(".maps");

/* The realms (from 1 on) of tunnel devices, by interface index (RFC 3024 §A.4). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u32);
} realms SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct settings);
} settings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, DROP_REASONS);
	__type(key, __u32);
	__type(value, __u64);
} drops SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TOTALS);
	__type(key, __u32);
	__type(value, struct use);
} totals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18);
} trace SEC(".maps");

static __always_inline struct settings *our_settings(void)
{
	__u32 first = 0;

	return bpf_map_lookup_elem(&settings, &first);
}

static __always_inline void count(__u32 use, __u32 direction, __u32 packets, __u32 octets, __u64 now)
{
	struct use *one = bpf_map_lookup_elem(&uses, &use);
	struct use *all = bpf_map_lookup_elem(&totals, &direction);

	if (one) {
		__sync_fetch_and_add(&one->packets, packets);
		__sync_fetch_and_add(&one->octets, octets);
		one->at = now;
	}
	if (all) {
		all->packets += packets;
		all->octets += octets;
	}
}

/* Law 8: every discard has a named reason. */
static __always_inline int drop(__u32 reason)
{
	__u64 *counter = bpf_map_lookup_elem(&drops, &reason);

	if (counter)
		*counter += 1;
	return 2; /* TC_ACT_SHOT, TCX_DROP */
}

#endif

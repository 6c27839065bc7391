/* What user space writes and the programs read. A test compares every size and offset with dataplane/ebpf/layout.py.
 *
 * Addresses, ports and keys stand as they are on the wire; counts, indices and times are the machine's own numbers.
 */
#ifndef MOBILEIP_SHARED_H
#define MOBILEIP_SHARED_H

#include <linux/types.h>

/* What a tunnel packet looks like behind the outer header, or behind UDP (forwarding/tunnel.py). */
enum encapsulation {
	ENCAPSULATION_IPIP = 0,    /* RFC 2003 */
	ENCAPSULATION_MINIMAL = 1, /* RFC 2004 */
	ENCAPSULATION_GRE = 2,     /* RFC 2784, RFC 2890 */
};

/* Whose address found an entry. */
enum direction {
	TO_MOBILE_NODE = 0,   /* the inner destination */
	FROM_MOBILE_NODE = 1, /* the inner source */
};

/* How a packet goes on. */
enum way {
	WAY_ROUTE = 0, /* into the tunnel, by our routes to its other end */
	WAY_LINK = 1,  /* into the tunnel, by one link, whose routes and neighbours the kernel looks up */
	WAY_FRAME = 2, /* into the tunnel, as a frame to one neighbour */
	WAY_VISITOR = 3, /* without a tunnel, as a frame to a visitor */
	WAY_STACK = 4, /* without a tunnel, into our own stack, as received on the tunnel device */
	WAY_USER = 5, /* user space alone can do it: numbered or summed GRE, many copies */
};

struct entry_key {
	__u32 address;
	__u16 realm;
	__u8 direction;
	__u8 copy; /* 0: the first tunnel of a home address; 1, 2, ...: those of the copies (RFC 5944 §3.8.2.2) */
};

/* A way into a tunnel: what the home address of an entry_key is bound to. */
struct entry {
	__u64 expires_at; /* CLOCK_BOOTTIME, ns: nobody forwards beyond what was granted, not even for a dead daemon */
	__u32 local;
	__u32 remote;
	__u16 source_port; /* 0: not in UDP */
	__u16 destination_port;
	__u32 gre_key;
	__u32 use;       /* index into the counters */
	__u32 interface; /* of WAY_LINK, WAY_FRAME, WAY_VISITOR; of the tunnel device for WAY_STACK */
	__u8 link_address[6];
	__u8 own_link_address[6];
	__u8 encapsulation;
	__u8 has_gre_key;
	__u8 way;
	__u8 copies;   /* how many tunnels this home address has */
	__u16 mtu;      /* the largest outer packet by WAY_LINK and WAY_FRAME */
	__u8 overhead; /* octets that the tunnel adds at most */
	__u8 reserved[5];
};

struct exit_key {
	__u32 outer_source;
	__u32 outer_destination;
	__u32 gre_key;
	__u16 source_port;
	__u16 destination_port;
	__u32 inner; /* address, which one says `direction` */
	__u8 direction;
	__u8 has_gre_key;
	__u8 reserved[2];
};

/* Where packets out of a tunnel go. */
struct exit {
	__u64 expires_at;
	__u32 use;
	__u32 interface;
	__u8 link_address[6];
	__u8 own_link_address[6];
	__u8 encapsulation;
	__u8 way; /* WAY_VISITOR or WAY_STACK */
	__u16 mtu; /* of the way back into this tunnel; 0: our routes tell */
	__u8 overhead;
	__u8 reserved[7];
};

/* What has passed one way for one mobile node; octets are those of inner packets. */
struct use {
	__u64 packets;
	__u64 octets;
	__u64 at; /* of the latest, CLOCK_BOOTTIME, ns */
};

struct path_key {
	__u32 local;
	__u32 remote;
};

/* What routers on a tunnel's path have told (RFC 2003 §5). */
struct path {
	__u64 mtu_until;  /* CLOCK_BOOTTIME, ns */
	__u64 news_until; /* until then the next packet is for user space, which tells its sender */
	__u32 mtu;
	__u32 reserved;
};

struct settings {
	__u32 device;         /* interface index of the tunnel device of realm 0 */
	__u32 fib_flags;      /* those of bpf_fib_lookup that this kernel knows */
	__u32 mark;           /* of our own packets, for routing rules */
	__u32 identification; /* counts; of outer headers without DF */
	__u64 trace_until;    /* copies of what enters tunnels go to `trace` until then, CLOCK_BOOTTIME, ns */
};

/* The outcomes that are counted. */
enum direction_total {
	TOTAL_ENCAPSULATED = 0,
	TOTAL_DECAPSULATED = 1,
	TOTAL_STRAIGHT = 2,
	TOTALS = 3,
};

enum { TRACED_OCTETS = 256 };

/* The beginning of an inner packet that went into a tunnel. */
struct traced {
	__u64 at;
	__u32 local;
	__u32 remote;
	__u32 length; /* of the whole packet */
	__u16 kept;
	__u8 encapsulation;
	__u8 in_udp;
	__u8 octets[TRACED_OCTETS];
};

#endif

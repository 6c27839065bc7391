"""Small BPF programs for tests, compiled by clang as `make bpf` compiles ours."""

import functools
import subprocess
import tempfile
from pathlib import Path

COUNTER = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __uint(map_flags, BPF_F_MMAPABLE);
         __type(key, __u32); __type(value, __u64); } counts SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __uint(map_flags, BPF_F_NO_PREALLOC);
         __type(key, __u32); __type(value, __u64); } records SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 2);
         __type(key, __u32); __type(value, __u32); } drops SEC(".maps");
SEC("tc") int first(struct __sk_buff *skb) {
    __u32 zero = 0; __u64 *count = bpf_map_lookup_elem(&counts, &zero);
    if (count) __sync_fetch_and_add(count, 1);
    return -1;
}
SEC("tc") int second(struct __sk_buff *skb) {
    __u32 one = 1; __u64 *count = bpf_map_lookup_elem(&counts, &one);
    if (count) __sync_fetch_and_add(count, 1);
    skb->mark = 77;
    bpf_skb_change_tail(skb, skb->len + 2, 0);
    return -1;
}
char _license[] SEC("license") = "Dual BSD/GPL";
"""
"""`first` and `second` count packets in their place of `counts`; `second` makes them two octets longer."""

REFUSED = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("tc") int reckless(struct __sk_buff *skb) { return *(int *)(long)skb->data; }
char _license[] SEC("license") = "Dual BSD/GPL";
"""
"""Reads a packet without having looked how long it is."""


MACHINE = [f"-I{folder.parent}" for folder in sorted(Path("/usr/include").glob("*-linux-gnu/asm"))]
"""Where Debian keeps the headers of this machine, which clang does not look for when it compiles for another."""


@functools.cache
def compiled(source: str) -> bytes:
    """The object file's octets."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "program.o"
        subprocess.run(
            ["clang", "-O2", "-g", "-mcpu=v3", "-target", "bpf", *MACHINE, "-x", "c", "-", "-c", "-o", target],
            input=source.encode(),
            check=True,
        )
        subprocess.run(["llvm-strip", "-g", target], check=True)
        return target.read_bytes()

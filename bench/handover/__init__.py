"""Purpose: what a handover costs a voice call and a fast stream, with real daemons and kernels.
Owns: combinations, streams, their evaluation, the estimate of a call's quality; `python -m bench.handover`.
Knows: mobileip.lab.
Laws: what a handover cost is counted packet by packet at both ends; the laboratory's own faults are told beside.
Grows by: a combination in combinations.py.
"""

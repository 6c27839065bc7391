"""What a tunnel costs: pairs of plain forwarding and one way to tunnel, measured in turn over one topology.

`python -m bench.dataplane` (as root; `make bench-dataplane` sets up first what it needs). From the ground up:
`topology` makes the namespaces, `scenes` lays a tunnel over them, `traffic` sends through it, `pairing` alternates the
two halves of a pair, `catalogue` lists what is measured, `report` and `chart` tell it.
"""

"""Purpose: the same agents in virtual time: thousands of nodes, bad networks, attackers, all from one seed.
Knows: hosts, links and clocks that are made up; scenarios as data; what must hold whatever happens (invariants.py).
Never: a real socket, clock or file descriptor of the network; chance that does not come from the seed.
Grows by: a scenario in scenarios/; an attack in attackers.py; a law in invariants.py; a table in scenario.py.
Tests: tests/unit/sim (one for each module), tests/property/test_sim_determinism.py."""

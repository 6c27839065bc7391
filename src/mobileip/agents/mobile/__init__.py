"""Purpose: a mobile node: finds out where it is, registers there, and wishes for the way its packets take.
Knows: links, heard agents, a registration machine for each link, one chooser above them (see agent.py).
Never: I/O, a clock, chance; a state changed outside fsm.py; a registration ended by something unauthenticated
Grows by: a row in fsm.TRANSITIONS or denials.TREATMENTS, a kind of point of attachment in chooser.py.
Tests: tests/unit/agents/mobile (modules, life stories), tests/property/test_mobile_*.py (laws 1-3)."""

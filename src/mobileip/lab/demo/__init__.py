"""Purpose: the main job, live: a mobile node roams through five networks while a download and a stream go on.
Knows: the `roaming` topology, the lab, the events of the mobile node, the notes of the traffic programs.
Never: speaks to a daemon but to ask; takes a daemon's word for what traffic shows.
Grows by: a row in `phases.PHASES`; a figure in `measure`.
Tests: tests/unit/lab/demo, `make demo`."""

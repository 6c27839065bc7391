"""Purpose: what people type: `mip OBJECT [VERB]`, in the manner of `ip`.
Knows: the control API's client and schema, and how to lay a table out.
Never: an inner type of the daemon; the lab is started as a program, not imported.
Grows by: a row in main.py's SHOWN and HELP, and a table in tables.py.
Tests: golden outputs, exit codes, abbreviations."""

"""Purpose: composition: files become configurations, agents and machine meet in one loop, a process lives and ends.
Knows: every room below; owns tasks, files, signals, the log.
Never: a protocol decision (agents), an octet (wire), a system call (linux).
Grows by: one function in perform.py for an output, one in views.py for a view, one row in config_file.py for a key.
Tests: fakes for the loop, tables of errors for the configuration, namespaces for the life of a process."""

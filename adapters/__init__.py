"""Everything that touches the outside: HTTP, SMPP, disk, configuration files, logs, metrics."""

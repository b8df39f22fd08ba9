"""The internal HTTP API: submits, messages, events, previews, control of the daemon, and its own documentation."""

"""The use cases: accept, dispatch, settle, correlate, tell. Async, and only through ports."""

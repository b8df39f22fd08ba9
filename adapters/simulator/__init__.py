"""An SMSC that misbehaves on request: for the demo, the tests and the benchmarks."""

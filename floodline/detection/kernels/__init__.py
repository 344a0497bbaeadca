"""Compiled loops over flat arrays: what the detectors do for each event.

Every kernel takes C-contiguous, writable arrays of one fixed type, so that it is compiled once;
`preparation.prepare` compiles or loads them all. No fastmath: the bits depend on no machine.
"""

"""Whether a threshold keeps its promise: simulated streams whose truth is known."""

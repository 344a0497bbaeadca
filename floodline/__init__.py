"""Anomalies in a live stream, exactly once, and labels that teach the detector."""

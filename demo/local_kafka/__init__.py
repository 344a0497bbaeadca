"""A real Apache Kafka on this machine from pip alone: one node, loopback only, no Docker."""

from demo.local_kafka.broker import LocalKafka

__all__ = ["LocalKafka"]

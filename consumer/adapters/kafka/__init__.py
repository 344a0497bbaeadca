"""The consumer's Kafka: the only folder of this process that knows the client."""

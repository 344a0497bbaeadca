"""The whole consumer on a real Kafka, beside plain ways to read the same topic, in one run."""

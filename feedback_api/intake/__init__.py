"""Alerts from Kafka into SQL, each once."""

"""The feedback API: REST, the console's pages, intake of alerts, relay of labels."""

"""What labels come to, against rivals, on streams written down before the first run."""

"""How far the consumer has scored, as its committed offsets say."""

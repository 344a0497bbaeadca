"""How soon labels are in the scores, under load."""

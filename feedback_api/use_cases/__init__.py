"""What can be done; JSON routes, pages and commands call the same."""

"""The HTML pages; every action works without JavaScript."""

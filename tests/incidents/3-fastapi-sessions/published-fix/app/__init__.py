"""Takes and lists orders."""

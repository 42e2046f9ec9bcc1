"""What the oracle's runners are made of."""

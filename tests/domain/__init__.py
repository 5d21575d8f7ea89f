"""The promises of values and rules."""

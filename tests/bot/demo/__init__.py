"""The promises of the demo."""

"""The promises of what the owner reads."""

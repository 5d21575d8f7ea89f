"""The promises of the daemon."""

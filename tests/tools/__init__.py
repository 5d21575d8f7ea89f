"""The promises of the command lines."""

"""The promises of the project, in folders that mirror it."""

"""The promises of the page and its JSON."""

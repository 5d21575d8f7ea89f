"""The demo: a market of our own in a process of its own, and the house rules under which it is played."""

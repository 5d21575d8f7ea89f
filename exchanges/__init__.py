"""Trading: the ports every venue keeps, and the venues themselves."""

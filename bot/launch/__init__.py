"""How each kind of run is started, spoken of and ended: one file for each."""

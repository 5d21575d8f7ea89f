"""Where the parts meet, and nowhere else: one file for each kind of run."""

"""The grid: lines at fixed gaps, one resting order per cell, every sale answering its own purchase."""

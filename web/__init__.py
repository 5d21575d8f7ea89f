"""What the owner sees in a browser: one page, and the same figures as JSON."""

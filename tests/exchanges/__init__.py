"""Tests of the venues, against a small server in the same process."""

"""Tests of the venues and of the rules they keep."""

"""Tests of the simulator's reading of Bithumb's wire."""

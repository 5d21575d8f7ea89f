"""Tests of the simulator: its matching core, its clock, its saved books, and the wires it speaks."""

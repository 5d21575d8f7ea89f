"""Deciding: pure functions from a state and an event to a state and wishes."""

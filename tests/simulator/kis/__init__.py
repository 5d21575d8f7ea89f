"""Tests of the broker's wire."""

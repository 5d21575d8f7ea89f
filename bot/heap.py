"""Gives memory that is free back to the system, where the C library can be asked to."""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Give back what a large piece of work took and let go of; glibc by itself keeps what lies below memory in use."""
    library = ctypes.CDLL(None)
    # Only glibc has it: elsewhere there is nothing to ask.
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)

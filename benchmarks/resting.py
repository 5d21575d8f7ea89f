"""What a process that rests costs the machine, as Linux counts it: memory, processor, changes of context, threads."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class _Spent:
    """What a process has used since it began: seconds of the processor, and changes of context of all its threads."""

    at_s: float
    processor_s: float
    switches: dict[str, int]


def rest(pid: int, seconds: float) -> dict[str, object]:
    """Let so many seconds pass; returns what the process used of them, and the memory that it holds after them."""
    before = _spent(pid)
    sleep(seconds)
    after = _spent(pid)
    passed_s = after.at_s - before.at_s
    switches = sum(count - before.switches.get(thread, 0) for thread, count in after.switches.items())
    memory = _lines(Path(f"/proc/{pid}/smaps_rollup"))
    return {
        "rss_mib": round(_number(memory["Rss"]) / 1024, 1),
        "pss_mib": round(_number(memory["Pss"]) / 1024, 1),
        "cpu_pct": round(100 * (after.processor_s - before.processor_s) / passed_s, 2),
        "switches_per_s": round(switches / passed_s, 1),
        "threads": len(after.switches),
    }


def _spent(pid: int) -> _Spent:
    # Behind the name, which may hold blanks: user and system time are the 12th and 13th of what is left.
    counted = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    processor_s = (int(counted[11]) + int(counted[12])) / TICKS_PER_S
    threads = {thread.name: _switches(thread) for thread in Path(f"/proc/{pid}/task").iterdir()}
    return _Spent(perf_counter(), processor_s, threads)


def _switches(thread: Path) -> int:
    told = _lines(thread / "status")
    return _number(told["voluntary_ctxt_switches"]) + _number(told["nonvoluntary_ctxt_switches"])


def _lines(file: Path) -> dict[str, str]:
    """Return the lines of the form `name: value`."""
    pairs = (line.partition(":") for line in file.read_text(encoding="utf-8").splitlines())
    return {name: value for name, colon, value in pairs if colon}


def _number(text: str) -> int:
    return int(text.split(maxsplit=1)[0])

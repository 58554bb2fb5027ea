"""What the Python peers share: the clock, and the line that they print."""

import json
import resource
import sys
import time


def config():
    """model V H B T N SECONDS: at most N steps after the first one, and none is begun so many seconds after that."""
    model, *numbers = sys.argv[1:8]
    v, h, b, t, n, seconds = map(int, numbers)
    return model, v, h, b, t, n, seconds


def measure(peer, version, step, n, seconds):
    """Times `step()`, which must not return before its results are there."""
    first, rest = times(step, n, seconds)
    print_result(peer, version, first_ms=first, min_ms=rest[0], median_ms=rest[len(rest) // 2], steps=len(rest))


def generate(peer, version, run, tokens, n, seconds):
    """Times `run()`, which draws so many tokens."""
    first, rest = times(run, n, seconds)
    print_result(peer, version, first_ms=first, min_ms=rest[0], tokens_per_second=tokens / rest[0] * 1e3)


def times(run, n, seconds):
    """Milliseconds of the first call and of those after it, the shortest first."""

    def once():
        before = time.perf_counter()
        run()
        return (time.perf_counter() - before) * 1e3

    first, rest, start = once(), [], time.perf_counter()
    while not rest or (len(rest) < n and time.perf_counter() - start < seconds):
        rest.append(once())
    return first, sorted(rest)


_printed = set()


def print_result(peer, version, **numbers):
    if peer in _printed:  # the same once more, otherwise set: its first step is no first step
        del numbers["first_ms"]
    _printed.add(peer)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(dict(peer=peer, version=version, **numbers, peak_memory_mb=memory)), flush=True)

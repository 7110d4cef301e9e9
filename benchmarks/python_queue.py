"""The Python package's own costs, no server involved:

    benchmarks/python_queue.py        with pgrant and libpgrant where Python finds them

- CPU time of `import pgrant`, beside Python's own start (limit: 50 ms more);
- operations a second on one event loop (limit: 20,000). Each is a `check` that ends without a server,
  because its secret is a file that does not exist: started, completed through the queue, its outcome
  taken and raised as an exception; 64 under way at a time.
"""

import asyncio
import resource
import statistics
import subprocess
import sys
import time

import pgrant

RUNS, AT_ONCE, ROUNDS = 15, 64, 200
NO_SECRET = "host=h user=u secret=file:/nonexistent/secret"


def milliseconds(program):
    """CPU time of a Python process, which depends less on what else runs than the clock does."""
    times = []
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", program], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
    return statistics.median(times)


async def operations():
    """Seconds by the clock and of this thread's CPU for one operation."""
    async with pgrant.AsyncClient(NO_SECRET, keep_connections=False) as client:
        best = (1.0, 1.0)
        for _ in range(5):
            started, used = time.perf_counter(), time.thread_time()
            for _ in range(ROUNDS):
                outcomes = await asyncio.gather(*(client.check() for _ in range(AT_ONCE)), return_exceptions=True)
                assert all(type(one) is pgrant.SecretError for one in outcomes)
            count = ROUNDS * AT_ONCE
            best = min(best, ((time.perf_counter() - started) / count, (time.thread_time() - used) / count))
        return best


if __name__ == "__main__":
    bare, package = milliseconds("pass"), milliseconds("import pgrant")
    whole = milliseconds("import pgrant; pgrant.library_version(); pgrant.AsyncClient")
    print(f"import pgrant: {package - bare:.1f} ms more than Python's {bare:.1f} ms (limit 50)")
    print(f"and the library, asyncio and AsyncClient: {whole - bare:.1f} ms")
    clock, cpu = asyncio.run(operations())
    print(f"one loop: {1 / clock:,.0f} operations a second (limit 20,000); {cpu * 1e6:.1f} us of the loop's thread for each")

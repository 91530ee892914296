"""The workloads by labtech and joblib: `python peers.py PEER WORKLOAD DIR COUNT` prints the seconds."""

import logging
import pickle
import sys
import time

import joblib
import labtech

logging.disable(logging.WARNING)
PEER, WORKLOAD, DIR, COUNT = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])


@labtech.task
class Trivial:
    i: int

    def run(self):
        return {"i": self.i, "half": self.i / 2}


@labtech.task
class Gather:
    parts: list

    def run(self):
        return sum(part.result["half"] for part in self.parts)


@labtech.task(cache=None)
class Busy:
    i: int
    ms: int

    def run(self):
        return burn(self.ms)


def burn(ms):
    end = time.perf_counter() + ms / 1000
    rounds = 0
    while time.perf_counter() < end:
        rounds += 1
    return rounds


def records(count):
    return [
        {"id": i, "name": f"record {i % 1000}", "score": i / 7, "tags": ["a", "b"], "ok": i % 2 == 0}
        for i in range(count)
    ]


def again(work):
    """The median of a few times, as programs that live longer see it."""
    return sorted(seconds(work) for _ in range(7))[3]


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def by_labtech(backend):
    lab = labtech.Lab(storage=DIR, max_workers=2, runner_backend=backend)

    def run(tasks):
        return lab.run_tasks(tasks, disable_progress=True, disable_top=True)

    if WORKLOAD == "run":
        return seconds(lambda: run([Trivial(i=i) for i in range(COUNT)]))
    if WORKLOAD == "list":
        return seconds(lambda: lab.cached_tasks([Trivial]))
    if WORKLOAD == "gather":
        parts = [Trivial(i=i) for i in range(COUNT)]
        run(parts)
        return seconds(lambda: run([Gather(parts=parts)]))
    if WORKLOAD == "busy":
        return seconds(lambda: run([Busy(i=i, ms=100) for i in range(COUNT)]))
    raise ValueError(WORKLOAD)


def by_joblib():
    memory = joblib.Memory(DIR, verbose=0)

    @memory.cache
    def trivial(i):
        return {"i": i, "half": i / 2}

    if WORKLOAD == "run":
        return seconds(lambda: [trivial(i) for i in range(COUNT)])
    raise ValueError(WORKLOAD)


def by_pickle():
    value = records(COUNT)
    if WORKLOAD == "encode":
        return again(lambda: pickle.dumps(value, protocol=5))
    if WORKLOAD == "decode":
        data = pickle.dumps(value, protocol=5)
        return again(lambda: pickle.loads(data))
    raise ValueError(WORKLOAD)


if __name__ == "__main__":
    peers = {
        "labtech-fork": lambda: by_labtech("fork"),
        "labtech-serial": lambda: by_labtech("serial"),
        "joblib": by_joblib,
        "pickle": by_pickle,
    }
    print(peers[PEER]())

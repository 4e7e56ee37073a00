#!/usr/bin/env python3
"""First come, first served: each job waits for the pool with the least outstanding work per GPU.

What `fifo+at-submit+least-loaded` does inside of edwc, from outside, with nothing but the standard library:

    edwc run quickstart --policy "exec:python3 examples/policies/fifo.py"
"""

import json
import sys


class Fifo:
    def __init__(self, fleet):
        pools = range(len(fleet["pools"]))
        self.state = [{} for _ in pools]  # free GPUs and so on, as they were told last
        self.queue = [[] for _ in pools]  # (job, GPUs), in order of submission
        self.blocked = [False for _ in pools]  # whether the head waits for room
        self.held = [set() for _ in pools]  # jobs that a rule holds back: others may pass them
        self.tried = {}  # what the last answer tried to start, by pool

    def decide(self, told):
        """Returns the decisions of one round."""
        decisions = []
        for pool in told["pools"]:
            self.state[pool["pool"]] = pool
        touched = set()
        self.learn(told["refused"])
        for number in told["left"]:
            touched |= self.forget(number)
        if told["freed"] or told["changed"]:
            for pool, held in enumerate(self.held):
                if told["changed"] or held or pool in told["freed"]:
                    self.blocked[pool] = False
                    touched.add(pool)
        for job in told["returned"]:  # it waits where it ran, at the place of its number
            pool = job["bound"]
            self.queue[pool] = sorted([*self.queue[pool], (job["job"], job["gpus"])])
            self.blocked[pool] = False
            touched.add(pool)
        added = [0 for _ in self.state]
        for job in told["arrived"]:
            pool = self.choose(job, added)
            if pool is not None:
                decisions.append({"bind": {"job": job["job"], "pool": pool}})
                self.queue[pool].append((job["job"], job["gpus"]))
                touched.add(pool)
        for pool in sorted(touched):
            decisions += self.start(pool)
        return decisions

    def choose(self, job, added):
        """Chooses the pool with the least outstanding work per GPU, and adds the job's own."""
        candidates = [candidate for candidate in job["candidates"] if self.state[candidate["pool"]]["admits"]]
        if not candidates:
            return None

        def load(candidate):
            pool = candidate["pool"]
            return (self.state[pool]["outstanding_gpu_us"] + added[pool]) // max(1, self.state[pool]["installed"])

        chosen = min(candidates, key=load)
        added[chosen["pool"]] += chosen["run_us"] * job["gpus"]
        return chosen["pool"]

    def start(self, pool):
        """Starts jobs in their order until one has no room; which ones did start is known with the next round."""
        if self.blocked[pool] or not self.queue[pool]:
            return []
        free, jobs = self.state[pool]["free"], []
        for number, gpus in self.queue[pool]:
            jobs.append(number)
            free -= 0 if number in self.held[pool] else gpus
            if free < 0:
                break
        self.tried[pool] = jobs
        return [{"place_in_order": {"pool": pool, "jobs": jobs}}]

    def learn(self, refused):
        """Takes out of the queues what the last answer started."""
        denied = {refusal["job"]: refusal["kind"] for refusal in refused}
        for pool, jobs in self.tried.items():
            started, self.held[pool] = set(), set()
            for number in jobs:
                if denied.get(number) == "room":
                    self.blocked[pool] = True
                    break
                (self.held[pool] if number in denied else started).add(number)
            self.queue[pool] = [job for job in self.queue[pool] if job[0] not in started]
        self.tried = {}

    def forget(self, number):
        """Removes a job that waits no more; returns the pool where it did."""
        for pool, queue in enumerate(self.queue):
            if any(job[0] == number for job in queue):
                self.queue[pool] = [job for job in queue if job[0] != number]
                self.blocked[pool] = False
                return {pool}
        return set()


encode = json.JSONEncoder(separators=(",", ":")).encode  # made once: json.dumps would make one for every line


def say(message):
    sys.stdout.write(encode(message) + "\n")
    sys.stdout.flush()


def main():
    policy = None
    for line in sys.stdin:
        told = json.loads(line)
        if told["type"] == "hello":
            say({"protocol": 1})
        elif told["type"] == "fleet":
            policy = Fifo(told)
        elif told["type"] == "round":
            say({"seq": told["seq"], "decisions": policy.decide(told)})


if __name__ == "__main__":
    main()

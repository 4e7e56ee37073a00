#!/usr/bin/env python3
"""Each job waits for the pool that costs its tenant least; in a pool, the shortest by estimate goes first.

A policy that keeps what it knows: it reads only what has changed, in time that grows with the changes and not with the queue.

    edwc run quickstart --policy "exec:python3 examples/policies/cheapest.py"
"""

import heapq
import json
import sys


class Cheapest:
    def __init__(self, pools):
        self.free = [0] * pools  # free GPUs, as they were told last, less what the answers since then have taken
        self.waiting = [[] for _ in range(pools)]  # heaps of (estimate, job)
        self.held = [[] for _ in range(pools)]  # jobs that a rule holds back, until something changes
        self.jobs = {}  # job: (estimate, GPUs, pool)
        self.tried = []  # what the last answer tried to start

    def decide(self, told):
        """Returns the decisions of one round."""
        for pool in told["pools"]:
            self.free[pool["pool"]] = pool["free"]
        touched = set(told["freed"])
        touched |= self.learn(told["refused"])
        for number in told["left"]:  # its entry in a heap is passed over when it comes up
            self.jobs.pop(number, None)
        if touched or told["changed"] or told["ended"]:  # a rule may allow now what it held back
            touched |= self.release()
        if told["changed"]:
            touched |= set(range(len(self.free)))
        decisions = []
        for job in told.get("queue", []):  # the fleet has changed: its pool may be gone
            decisions += self.take(job, touched)
        for job in told["arrived"]:
            decisions += self.take(job, touched)
        for job in told["returned"]:
            self.wait(job, job["bound"], touched)
        for pool in sorted(touched):
            decisions += self.start(pool)
        return decisions

    def take(self, job, touched):
        """Lets a job wait where it costs least."""
        pools = [candidate["pool"] for candidate in job["candidates"]]
        if not pools:
            return []
        known = self.jobs.get(job["job"])
        if known and known[2] in pools:
            return []
        pool = min(job["candidates"], key=lambda candidate: candidate["net_micro_cny"])["pool"]
        self.wait(job, pool, touched)
        return [{"bind": {"job": job["job"], "pool": pool}}]

    def wait(self, job, pool, touched):
        self.jobs[job["job"]] = (job["estimate_us"], job["gpus"], pool)
        heapq.heappush(self.waiting[pool], (job["estimate_us"], job["job"]))
        touched.add(pool)

    def start(self, pool):
        """Starts the shortest jobs until one does not fit."""
        queue, decisions = self.waiting[pool], []
        while queue:
            estimate, number = queue[0]
            job = self.jobs.get(number)
            if not job or job[2] != pool:
                heapq.heappop(queue)
                continue
            if job[1] > self.free[pool]:
                break
            heapq.heappop(queue)
            self.free[pool] -= job[1]
            self.tried.append((number, job))
            del self.jobs[number]
            decisions.append({"place": {"job": number, "pool": pool}})
        return decisions

    def learn(self, refused):
        """Takes back what the last answer tried to start and did not; returns the pools where something else may start instead."""
        denied = {refusal["job"]: refusal["kind"] for refusal in refused}
        touched = set()
        for number, job in self.tried:
            if number not in denied:
                continue
            estimate, _, pool = job
            self.jobs[number] = job
            if denied[number] == "room":  # there are GPUs enough, but not on so few nodes
                heapq.heappush(self.waiting[pool], (estimate, number))
            else:
                self.held[pool].append((estimate, number))
                touched.add(pool)
        self.tried = []
        return touched

    def release(self):
        """Lets jobs try again that a rule has held back."""
        touched = set()
        for pool, held in enumerate(self.held):
            for entry in held:
                heapq.heappush(self.waiting[pool], entry)
                touched.add(pool)
            held.clear()
        return touched


encode = json.JSONEncoder(separators=(",", ":")).encode  # made once: json.dumps would make one for every line


def say(message):
    sys.stdout.write(encode(message) + "\n")
    sys.stdout.flush()


def main():
    policy = None
    for line in sys.stdin:
        told = json.loads(line)
        if told["type"] == "hello":
            say({"protocol": 1, "needs": {"quotes": True}})
        elif told["type"] == "fleet":
            policy = Cheapest(len(told["pools"]))
        elif told["type"] == "round":
            say({"seq": told["seq"], "decisions": policy.decide(told)})


if __name__ == "__main__":
    main()

//! All of edwc with one more policy: `cargo run --release --example my_policy -- run quickstart --policy shortest-cheapest`.

use edwc::policy::{Plan, PolicyError, Registered, Scheduler, View};
use edwc::world::Allocation;

/// Starts what is expected to take the shortest time, wherever that costs its tenant least and fits now.
struct ShortestCheapest;

impl Scheduler for ShortestCheapest {
    fn schedule(&mut self, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), PolicyError> {
        let mut queue: Vec<_> = view.jobs().queued().collect();
        queue.sort_by_key(|job| (view.job(*job).estimate, view.job(*job).number));
        for job in queue {
            let gpus = view.job(job).gpus;
            let fitting = view.candidates(job).iter().filter(|candidate| plan.fits(candidate.pool, gpus));
            let mut pools: Vec<_> = fitting.map(|candidate| (plan.net_cost(job, candidate), candidate.pool)).collect();
            pools.sort_unstable();
            for (_, pool) in pools {
                // A quota may refuse what fits: then the next pool is tried, and the job waits if none will do.
                if plan.place(job, &[Allocation::new(pool, gpus)]).is_ok() {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// What `--policy` and `edwc policies` know of it.
pub const REGISTERED: Registered = Registered {
    name: "shortest-cheapest",
    summary: "the shortest job first, at the cheapest pool with room",
    build: |_| Ok(Box::new(ShortestCheapest)),
};

fn main() -> std::process::ExitCode {
    edwc::cli::main_with(&[REGISTERED])
}

//! A policy that waits although nothing else will happen.

use super::Run;
use crate::base::Time;
use crate::model::JobId;
use crate::world::{Allocation, Plan};

impl Run {
    /// Counts the jobs that wait although they could start now, where nothing runs and nothing but days and periods will come: the policy starves
    /// them. 0 while anything else is to come. *O*(queued jobs × pools).
    pub fn starving(&mut self) -> usize {
        let idle = self.scene.jobs.running_count() == 0 && self.scene.network.flows.next_event().unwrap_or(Time::NEVER) == Time::NEVER;
        if !idle || self.upcoming.is_some() || self.agenda.peek().is_some() {
            return 0;
        }
        let waiting: Vec<JobId> = self.scene.jobs.queued().collect();
        let before = self.tally.clone();
        let scene = &self.scene;
        let mut plan = Plan::new(scene, &mut self.bookings, &mut self.decisions, &mut self.decided, &mut self.tally);
        let mut could_start = |job: &JobId| {
            let attributes = scene.jobs.attributes(*job);
            let mark = plan.mark();
            let candidates = scene.reach.candidates(attributes.reach);
            let starts = candidates.iter().any(|candidate| plan.place(*job, &[Allocation::new(candidate.pool, attributes.gpus)]).is_ok());
            plan.rollback(mark);
            starts
        };
        let count = waiting.iter().filter(|job| could_start(job)).count();
        // These were questions, not wishes: they are not counted.
        self.tally = before;
        count
    }
}

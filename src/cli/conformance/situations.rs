//! The situations that a policy is put into, each a small scenario, and what must come out.

/// One situation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Situation {
    /// Its name.
    pub(super) name: &'static str,
    /// What it asks of a policy.
    pub(super) asks: &'static str,
    /// The scenario.
    pub(super) text: &'static str,
    /// Whether a policy that keeps to the candidates is refused nothing.
    pub(super) nothing_to_refuse: bool,
    /// Whether messages have a field that no version knows.
    pub(super) unknown_field: bool,
    /// Whether it is played twice, to see whether the same comes out, and to measure time.
    pub(super) twice: bool,
}

const fn situation(name: &'static str, asks: &'static str, text: &'static str) -> Situation {
    Situation { name, asks, text, nothing_to_refuse: false, unknown_field: false, twice: false }
}

/// What the scenarios extend.
pub(super) const BASE: &str = include_str!("situations/base.toml");

/// All situations, from what is simple to what is hard.
pub(super) const SITUATIONS: [Situation; 12] = [
    situation("one job", "greets, starts the only job, ends with the run", include_str!("situations/one-job.toml")),
    situation("a queue", "goes on when GPUs are freed, and starts nothing twice", include_str!("situations/queue.toml")),
    Situation { nothing_to_refuse: true, ..situation("other pools", "places a job on its candidates only", include_str!("situations/pools.toml")) },
    situation("a quota", "knows that a refused start has not happened", include_str!("situations/quota.toml")),
    situation("a failing node", "starts again what has returned", include_str!("situations/failure.toml")),
    situation("impatience", "forgets jobs that have left", include_str!("situations/impatience.toml")),
    situation("a growing fleet", "takes in a new fleet", include_str!("situations/fleet.toml")),
    situation("elastic jobs", "keeps track of jobs whose size it may change", include_str!("situations/elastic.toml")),
    situation("broken nodes", "keeps track of jobs that it may move", include_str!("situations/moves.toml")),
    situation("dear hours", "wakes up if it waits for something", include_str!("situations/dear-hours.toml")),
    Situation {
        unknown_field: true,
        ..situation("a later version", "passes over fields that it does not know", include_str!("situations/queue.toml"))
    },
    Situation { twice: true, ..situation("a busy day", "keeps up, and says the same twice", include_str!("situations/busy-day.toml")) },
];

#[cfg(test)]
mod tests {
    use super::super::play::scenario;
    use super::*;

    #[test]
    fn situations_are_scenarios_and_their_names_are_unique() {
        for situation in &SITUATIONS {
            assert!(!scenario(situation).model.workloads.is_empty(), "{}", situation.name);
            assert_eq!(SITUATIONS.iter().filter(|other| other.name == situation.name).count(), 1);
        }
    }
}

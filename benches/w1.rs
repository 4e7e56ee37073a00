//! W1, the hold model: of N pending events the earliest is taken, and one an exponential time later is put back.
//!
//! It measures the agenda alone. A scheduling simulator has about as many events pending as jobs running: the row of a thousand is the one
//! that matters.

use edwc::base::Time;
use edwc::base::random::Seed;
use edwc::engine::agenda::{Agenda, Event, Kind, Subject};
use std::hint::black_box;
#[expect(clippy::disallowed_types, reason = "a bench measures wall-clock time")]
use std::time::Instant;

/// Events taken and put back in one timed run.
const HOLDS: usize = 5_000_000;

/// Increments are drawn before the clock starts: the agenda is measured, not the sampler.
const INCREMENTS: usize = 1 << 16;

#[expect(clippy::print_stdout, reason = "a bench prints its figures")]
fn main() {
    println!("\nw1 (agenda)      pending   ns/event     events/s");
    for pending in [1_000, 1_000_000] {
        let mut seconds: Vec<f64> = (0..3).map(|_| hold(pending)).collect();
        seconds.sort_by(f64::total_cmp);
        let per_event = seconds[1] / HOLDS as f64;
        println!("{:<12} {pending:>11} {:>10.1} {:>12.0}", "", per_event * 1e9, 1.0 / per_event);
    }
}

/// Returns the seconds that [`HOLDS`] events take.
#[expect(clippy::disallowed_types, reason = "a bench measures wall-clock time")]
fn hold(pending: u64) -> f64 {
    let stream = Seed { seed: 1, replication: 0 }.stream("w1", "increment");
    let increments: Vec<u64> = (0..INCREMENTS as u64).map(|index| (-libm::log(stream.at(index).open_unit()) * 1e9) as u64).collect();
    let mut agenda = Agenda::default();
    for tie in 0..pending {
        agenda.push(event(increments[tie as usize % INCREMENTS], tie));
    }
    let start = Instant::now();
    for hold in 0..HOLDS {
        let earliest = agenda.pop().expect("the agenda never runs empty");
        agenda.push(event(earliest.at.0 + increments[hold % INCREMENTS], earliest.tie));
    }
    black_box(agenda);
    start.elapsed().as_secs_f64()
}

fn event(at: u64, tie: u64) -> Event {
    Event { at: Time(at), kind: Kind::JobEnd, tie, subject: Subject::Nobody }
}

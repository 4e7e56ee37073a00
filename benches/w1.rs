//! W1, the hold model: of N pending events the earliest is taken, and one an exponential time later is put back.
//!
//! It measures the agenda alone. A scheduling simulator has about as many events pending as jobs running: the row of a thousand is the one
//! that matters.
//!
//! With `cores` it prints how much more two threads do than one, each with an agenda of its own: what a machine's second core can give.

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
    if std::env::args().any(|argument| argument == "cores") {
        println!("{:.4}", speed_up());
        return;
    }
    println!("\nw1 (agenda)      pending   ns/event     events/s");
    for pending in [1_000, 1_000_000] {
        let mut seconds: Vec<f64> = (0..3).map(|_| hold(pending)).collect();
        seconds.sort_by(f64::total_cmp);
        let per_event = seconds[1] / HOLDS as f64;
        println!("{:<12} {pending:>11} {:>10.1} {:>12.0}", "", per_event * 1e9, 1.0 / per_event);
    }
}

/// Returns how many times as much two threads do as one in the same time.
#[expect(clippy::disallowed_types, reason = "a bench measures wall-clock time")]
fn speed_up() -> f64 {
    const REPEATS: usize = 4;
    let work = || (0..REPEATS).map(|_| hold(1_000)).sum::<f64>();
    let start = Instant::now();
    work();
    let alone = start.elapsed().as_secs_f64();
    let start = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(work);
        work();
    });
    2.0 * alone / start.elapsed().as_secs_f64()
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

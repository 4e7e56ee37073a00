//! `edwc why`: a job's story, from a run that was told to `--explain`.

mod tell;

use super::arguments::Why;
use super::failure::{Exit, Failure};
use super::printer::Printer;
use super::story::{FILE, FORMAT, Head};
use crate::why::{Event, Fact};
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::Path;

/// Finds a job's facts and tells them in order.
pub(super) fn run(arguments: &Why, printer: &mut Printer) -> Result<(), Failure> {
    let (head, facts) = read(&arguments.directory.join(FILE), arguments.job)?;
    if facts.is_empty() {
        let message = format!("`{}` knows no job {}", arguments.directory.display(), arguments.job);
        return Err(Failure::new(Exit::Usage, message).help("jobs are numbered from 0 in order of submission, as in its table of jobs"));
    }
    if arguments.json {
        for fact in &facts {
            printer.out(&format!("{}\n", serde_json::to_string(fact).expect("facts are plain data")));
        }
    } else {
        printer.out(&tell::story(&head, &facts, printer.width()));
    }
    Ok(())
}

/// Reads the facts of one job, in order of time. *O*(the file), line by line.
fn read(path: &Path, job: u64) -> Result<(Head, Vec<Fact>), Failure> {
    let file = File::open(path).map_err(|error| {
        let failure = Failure::io("read", path, &error);
        if error.kind() == ErrorKind::NotFound {
            failure.help("run it again with `--explain`: `edwc run SCENARIO --explain --out DIR`")
        } else {
            failure
        }
    })?;
    let mut lines = BufReader::new(MultiGzDecoder::new(BufReader::new(file))).lines();
    let wrong = |problem: String| Failure::new(Exit::Invalid, format!("`{}` cannot be used: {problem}", path.display()));
    let first = lines.next().ok_or_else(|| wrong("it is empty".to_owned()))?.map_err(|error| wrong(error.to_string()))?;
    let head: Head = serde_json::from_str(&first).map_err(|error| wrong(error.to_string()))?;
    if head.story != FORMAT {
        return Err(wrong(format!("its format is {}, but this edwc reads format {FORMAT}", head.story)));
    }
    // Most lines are of other jobs: the number stands first, and tells.
    let start = format!("{{\"job\":{job},");
    let mut facts: Vec<Fact> = Vec::new();
    for line in lines {
        let line = line.map_err(|error| wrong(error.to_string()))?;
        if line.starts_with(&start) {
            facts.push(serde_json::from_str(&line).map_err(|error| wrong(error.to_string()))?);
        }
    }
    facts.sort_by_key(|fact| (fact.at_us, rank(&fact.event)));
    Ok((head, facts))
}

/// Orders what happens at one instant.
fn rank(event: &Event) -> u8 {
    match event {
        Event::Submitted { .. } => 0,
        Event::Returned => 1,
        Event::Considered { .. } => 2,
        Event::Bound { .. } | Event::Prefetched { .. } | Event::Promised { .. } | Event::Deferred { .. } => 3,
        Event::Denied { .. } => 4,
        Event::Waited { .. } => 5,
        Event::Started { .. } => 6,
        Event::Preempted { .. } | Event::Moved { .. } => 7,
        Event::TurnedAway => 8,
        Event::Paid { .. } => 9,
        Event::Ended { .. } => 10,
    }
}

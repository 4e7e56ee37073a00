//! Runs on all cores, with results that do not depend on how many there are.

use super::{Design, FinishedRun, RunId, Shard, Store, StoreError};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Which runs are to be there in the end, and where finished ones are kept.
pub struct Work<'a> {
    /// The plan.
    pub design: &'a Design,
    /// The replications.
    pub replications: Range<u64>,
    /// The part of them that is run here.
    pub shard: Shard,
    /// Where finished runs are kept, if anywhere.
    pub store: Option<&'a Store>,
    /// Threads.
    pub threads: usize,
}

/// What is there of a shard, and what is not.
pub struct Todo {
    finished: BTreeMap<RunId, FinishedRun>,
    units: Vec<Vec<RunId>>,
}

impl Work<'_> {
    /// Looks for what is finished.
    ///
    /// # Errors
    /// The system cannot read what is there.
    pub fn todo(&self) -> Result<Todo, StoreError> {
        let mut todo = Todo { finished: BTreeMap::new(), units: Vec::new() };
        for (place, unit) in units_of(self.design, self.replications.clone()).into_iter().enumerate() {
            if !self.shard.has(place) {
                continue;
            }
            let mut missing = Vec::new();
            for id in unit {
                match self.store.map(|store| store.load(id)).transpose()?.flatten() {
                    Some(run) => drop(todo.finished.insert(id, run)),
                    None => missing.push(id),
                }
            }
            if !missing.is_empty() {
                todo.units.push(missing);
            }
        }
        Ok(todo)
    }
}

impl Todo {
    /// Returns how many runs are missing.
    pub fn missing(&self) -> usize {
        self.units.iter().map(Vec::len).sum()
    }
}

/// Runs what is missing and returns all runs of the shard, in order.
///
/// A *unit* is what one thread does at once: a run; or, where jobs are paired one by one, all alternatives of a replication, the baseline first.
/// `run_unit` gets those that are missing and hands each to the keeper as soon as it is finished.
///
/// # Errors
/// A unit's failure; those that were under way are finished first, no other is begun. What was finished is kept.
pub fn perform<E: From<StoreError> + Send>(
    work: &Work<'_>,
    todo: Todo,
    run_unit: impl Fn(&[RunId], &(dyn Fn(FinishedRun) -> Result<(), E> + Sync)) -> Result<(), E> + Sync,
) -> Result<Vec<FinishedRun>, E> {
    let Todo { mut finished, units } = todo;
    let failed = AtomicBool::new(false);
    let one = |unit: &Vec<RunId>| {
        if failed.load(Ordering::Relaxed) {
            return Ok(Vec::new());
        }
        let kept = Mutex::new(Vec::new());
        run_unit(unit, &|run| {
            if let Some(store) = work.store {
                store.keep(&run)?;
            }
            kept.lock().expect("nobody panics with the lock").push(run);
            Ok(())
        })
        .inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
        Ok(kept.into_inner().expect("nobody panics with the lock"))
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(work.threads).build().expect("the system has threads");
    let done: Vec<Result<Vec<FinishedRun>, E>> = pool.install(|| units.par_iter().with_max_len(1).map(one).collect());
    for runs in done {
        finished.extend(runs?.into_iter().map(|run| (run.id(), run)));
    }
    Ok(finished.into_values().collect())
}

/// Returns what one thread does at once.
fn units_of(design: &Design, replications: Range<u64>) -> Vec<Vec<RunId>> {
    if !design.pairs_jobs {
        return design.runs(replications).into_iter().map(|id| vec![id]).collect();
    }
    let baseline_first = |id: &RunId| (id.alternative != design.baseline, id.alternative);
    let unit = |replication| {
        let mut unit = design.runs(replication..replication + 1);
        unit.sort_by_key(baseline_first);
        unit
    };
    replications.map(unit).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::Alternative;
    use super::*;
    use std::sync::atomic::AtomicUsize;

    pub(in crate::experiment) fn design(alternatives: usize) -> Design {
        let alternative = |at: usize| Alternative {
            name: format!("a{at}"),
            scenario: "s.toml".to_owned(),
            scenario_digest: at.to_string(),
            policy: "fifo".to_owned(),
            settings: Vec::new(),
        };
        Design {
            version: "0".to_owned(),
            seed: 7,
            alternatives: (0..alternatives).map(alternative).collect(),
            baseline: 0,
            pairs_jobs: false,
            bounds: false,
        }
    }

    pub(in crate::experiment) fn made_up(id: RunId) -> FinishedRun {
        let value = id.replication as f64 + 10.0 * id.alternative as f64;
        FinishedRun::new(id, &serde_json::json!({"value": value, "fingerprint": format!("{value}"), "events": 1}))
    }

    #[test]
    fn the_number_of_threads_does_not_show() {
        let design = design(3);
        let run = |threads, shard| {
            let work = Work { design: &design, replications: 0..5, shard, store: None, threads };
            perform::<StoreError>(&work, work.todo().unwrap(), |unit, keep| unit.iter().try_for_each(|id| keep(made_up(*id)))).unwrap()
        };
        let all = run(1, Shard::ALL);
        assert_eq!(all.len(), 15);
        assert_eq!(all, run(2, Shard::ALL));
        assert_eq!(all, run(8, Shard::ALL));
        let mut parts: Vec<_> = (1..=4).flat_map(|number| run(2, Shard { number, of: 4 })).collect();
        parts.sort_by_key(FinishedRun::id);
        assert_eq!(all, parts, "shards are parts of the whole");
        let missing = |number| Work { design: &design, replications: 0..5, shard: Shard { number, of: 4 }, store: None, threads: 1 }.todo().unwrap();
        assert_eq!([1, 2, 3, 4].map(|number| missing(number).missing()), [4, 4, 4, 3]);
    }

    #[test]
    fn only_what_is_missing_is_run() {
        let (folder, design) = (tempfile::tempdir().unwrap(), design(2));
        let count = AtomicUsize::new(0);
        let run = |fails_at: usize| {
            let (store, _) = Store::open(&folder.path().join("e"), &design, &serde_json::Value::Null, false)?;
            let work = Work { design: &design, replications: 0..3, shard: Shard::ALL, store: Some(&store), threads: 1 };
            perform(&work, work.todo()?, |unit, keep| {
                if count.fetch_add(1, Ordering::Relaxed) == fails_at {
                    return Err(StoreError::Refused("stop".to_owned()));
                }
                unit.iter().try_for_each(|id| keep(made_up(*id)))
            })
        };
        assert!(run(4).is_err());
        assert_eq!(count.swap(0, Ordering::Relaxed), 5, "the fifth failed");
        assert_eq!(run(99).unwrap().len(), 6);
        assert_eq!(count.load(Ordering::Relaxed), 2, "four were there");
    }
}

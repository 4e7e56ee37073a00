//! `edwc compare --same`: alternatives are compared where a metric is the same for all of them, such as the public money that they cost.

use super::prepare::find_alternative;
use super::rows::{Scale, phrase};
use super::search::{Search, Solution, has_key, seek};
use super::target::Target;
use super::{Experiment, Watch};
use crate::cli::arguments::{Compare, Conduct};
use crate::cli::failure::{Exit, Failure, plural};
use crate::cli::load::Loaded;
use crate::cli::summary::table::{Table, cut, wrap};
use crate::cli::summary::words::number;
use crate::experiment::store::{SEARCH, check, difference, read_plan};
use crate::experiment::{Comparison, Design, FinishedRun, Range, StoreError};
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The widest name of an alternative in the table.
const WIDEST_NAME: usize = 28;

/// What is to be the same, and by which key.
pub(super) struct Same {
    target: Target,
    range: Range,
    exempt: Vec<String>,
}

/// What became of each alternative.
pub(super) struct Settled<'a> {
    same: &'a Same,
    ways: Vec<Way>,
}

/// What became of an alternative.
enum Way {
    /// It stays as it is, for this reason.
    AsItIs(&'static str),
    /// Its key has this value.
    Solved(Solution),
}

impl Same {
    /// Reads `--same`, `--find` and `--exempt`; none without them.
    pub(super) fn read(arguments: &Compare) -> Result<Option<Self>, Failure> {
        let Some((same, find)) = arguments.same.as_ref().zip(arguments.find.as_ref()) else { return Ok(None) };
        let range = Range::read(find).map_err(|message| Failure::new(Exit::Usage, message))?;
        Ok(Some(Self { target: Target::read(same)?, range, exempt: arguments.exempt.clone() }))
    }

    /// Seeks the value of every alternative that has the key, and sets it; everything is checked before anything runs.
    ///
    /// # Errors
    /// No alternative has the key, an exempt one is not there, a run fails, or the directory holds something else.
    pub(super) fn settle(&self, experiment: &mut Experiment, conduct: &Conduct, watch: &mut Watch<'_>) -> Result<Settled<'_>, Failure> {
        let exempt = self.exempt.iter().map(|name| find_alternative(&experiment.design, name)).collect::<Result<Vec<_>, _>>()?;
        let stays = |at: usize| {
            let (named, has) = (exempt.contains(&at), has_key(&experiment.contenders[at].loaded, &self.range.path));
            if named { Some("exempt") } else { (!has).then_some("no such key") }
        };
        let stays: Vec<Option<&'static str>> = (0..experiment.contenders.len()).map(stays).collect();
        let sought = || (0..stays.len()).filter(|at| stays[*at].is_none());
        if sought().next().is_none() {
            // Of whichever scenario has most of the path it is said what is missing.
            let rest = (0..stays.len()).rev().filter(|at| !exempt.contains(at));
            let nearest = rest.max_by_key(|at| depth(&experiment.contenders[*at].loaded, &self.range.path));
            let Some(first) = nearest else { return Err(Failure::new(Exit::Usage, "all alternatives are exempt: nothing is sought")) };
            self.search(experiment, first, "", conduct, None).check()?;
            return Err(Failure::new(Exit::Usage, format!("no alternative has a value at `{}`", self.range.path)));
        }
        if let Some(out) = conduct.out.as_ref().filter(|_| !conduct.force) {
            self.refuse_other(out, &experiment.design, |at| stays[at].is_none())?;
        }
        sought().try_for_each(|at| self.search(experiment, at, "", conduct, None).check())?;
        let mut ways = Vec::new();
        for (at, stays) in stays.iter().enumerate() {
            if let Some(why) = *stays {
                ways.push(Way::AsItIs(why));
                continue;
            }
            let name = experiment.design.alternatives[at].name.clone();
            let out = conduct.out.as_ref().map(|out| out.join(SEARCH).join(folder(at, &name)));
            let search = self.search(experiment, at, &name, conduct, out);
            let solution = seek(&search, watch)?;
            let (loaded, point) = search.load(solution.at)?;
            // A run with more to tell is another run.
            if !experiment.design.bounds {
                experiment.known.extend(solution.there().runs.iter().map(|run| FinishedRun { alternative: at, ..run.clone() }));
            }
            let alternative = &mut experiment.design.alternatives[at];
            alternative.scenario_digest.clone_from(&loaded.origin.digest);
            alternative.settings.extend(point);
            experiment.contenders[at].loaded = Arc::new(loaded);
            ways.push(Way::Solved(solution));
        }
        Ok(Settled { same: self, ways })
    }

    /// Refuses a directory that holds another experiment than one with these alternatives at whatever values are found.
    fn refuse_other(&self, out: &Path, design: &Design, sought: impl Fn(usize) -> bool) -> Result<(), Failure> {
        check(out)?;
        let Some(held) = read_plan(out)? else { return Ok(()) };
        let refuse = |why: String| Err(StoreError::Refused(format!("`{}` holds another experiment: {why}", out.display())).into());
        if held.request["same"] != self.asked() {
            return refuse("its alternatives were settled by another `--same`, `--find` or `--exempt`".to_owned());
        }
        let mut asked = design.clone();
        let both = asked.alternatives.iter_mut().zip(&held.design.alternatives).enumerate();
        for (_, (asked, held)) in both.filter(|(at, _)| sought(*at)) {
            asked.scenario_digest.clone_from(&held.scenario_digest);
            asked.settings.clone_from(&held.settings);
        }
        if asked == held.design { Ok(()) } else { refuse(difference(&held.design, &asked)) }
    }

    /// Returns what is asked for, as the directory holds it.
    pub(super) fn asked(&self) -> Value {
        let (target, range) = (&self.target, &self.range);
        json!({
            "metric": target.path, "target": target.value, "tolerance": target.tolerance,
            "path": range.path, "between": [range.value(range.low), range.value(range.high)], "exempt": self.exempt,
        })
    }

    fn search<'a>(&'a self, experiment: &'a Experiment, alternative: usize, name: &'a str, conduct: &'a Conduct, out: Option<PathBuf>) -> Search<'a> {
        Search { experiment, alternative, name, range: &self.range, target: &self.target, conduct, out }
    }
}

/// Counts the bytes of a path up to which a scenario has it.
fn depth(loaded: &Loaded, path: &str) -> usize {
    let parts = path.match_indices('.').map(|(at, _)| at).chain([path.len()]);
    parts.filter(|end| has_key(loaded, &path[..*end])).max().unwrap_or(0)
}

/// Names the folder of an alternative's search.
fn folder(at: usize, name: &str) -> String {
    let plain = |character: char| if character.is_alphanumeric() || "+-_.".contains(character) { character } else { '-' };
    format!("{at:03}-{}", name.chars().map(plain).collect::<String>())
}

impl Settled<'_> {
    /// Writes what was found, what it gives, and whether that is what was asked for.
    pub(super) fn table(&self, comparison: &Comparison, width: usize) -> String {
        let Some(rows) = self.rows(comparison) else { return String::new() };
        let mut table = Table::of(self.head(comparison)).left(3);
        for row in rows {
            table.push(row.into_iter().enumerate().map(|(at, text)| if at == 0 { cut(&text, WIDEST_NAME).into() } else { text.into() }).collect());
        }
        let mut text = wrap(&self.heading(comparison), width, "  ");
        let _ = write!(text, "\n{}\n", table.render_whole(width));
        for (name, missed) in self.missed(comparison) {
            text.push_str(&wrap(&format!("{name} does not meet it: {missed}."), width, "  "));
        }
        text
    }
    /// Writes the same as Markdown.
    pub(super) fn markdown(&self, comparison: &Comparison) -> String {
        let Some(rows) = self.rows(comparison) else { return String::new() };
        let cell = |text: &String| text.replace('|', "\\|");
        let line = |cells: &[String]| format!("| {} |\n", cells.iter().map(cell).collect::<Vec<_>>().join(" | "));
        let mut text = format!("{}\n\n{}|---|--:|--:|---|\n", self.heading(comparison), line(&self.head(comparison)));
        rows.iter().for_each(|row| text.push_str(&line(row)));
        text + "\n"
    }
    /// Writes the same as JSON.
    pub(super) fn json(&self, design: &Design) -> Value {
        let of_all: Map<String, Value> = design.names().zip(&self.ways).map(|(name, way)| (name.to_owned(), self.way_json(way))).collect();
        let mut json = self.same.asked();
        json["alternatives"] = of_all.into();
        json
    }
    /// Fails if an alternative did not meet the target.
    pub(super) fn conclude(&self, comparison: &Comparison) -> Result<(), Failure> {
        let missed: Vec<String> = self.missed(comparison).map(|(name, _)| format!("`{name}`")).collect();
        let [first, ..] = missed.as_slice() else { return Ok(()) };
        let names = if missed.len() == 1 { first.clone() } else { missed.join(", ") };
        let help = "widen the range of `--find` or the tolerance, choose another target, or `--exempt` what cannot meet it";
        Err(Failure::new(Exit::CheckFailed, format!("the target was not met by {names}, compared at the nearest value")).help(help))
    }

    fn missed<'a>(&'a self, comparison: &'a Comparison) -> impl Iterator<Item = (&'a str, &'a str)> {
        let missed = |(name, way): (&'a String, &'a Way)| match way {
            Way::Solved(solution) => solution.missed.as_ref().map(|missed| (name.as_str(), missed.message.as_str())),
            Way::AsItIs(_) => None,
        };
        comparison.names.iter().zip(&self.ways).filter_map(missed)
    }

    fn scale(&self, comparison: &Comparison) -> Option<Scale> {
        let first = self.ways.iter().position(|way| matches!(way, Way::Solved(_)))?;
        Some(Scale::of(comparison.row(&self.same.target.path)?, first))
    }

    fn heading(&self, comparison: &Comparison) -> String {
        let (target, range) = (&self.same.target, &self.same.range);
        let unit = self.scale(comparison).map_or("", |scale| scale.unit);
        let write = |value: f64| self.scale(comparison).map_or_else(|| number(value), |scale| scale.to(value, target.tolerance / 10.0));
        let seeds = plural(comparison.replications as usize, "seed");
        format!(
            "Compared where {} is {} {unit} ± {} on average over the {seeds}, by {} from {} to {}:",
            phrase(&target.path),
            write(target.value),
            write(target.tolerance),
            range.path,
            range.value(range.low),
            range.value(range.high),
        )
    }

    fn head(&self, comparison: &Comparison) -> Vec<String> {
        let unit = self.scale(comparison).map_or("", |scale| scale.unit);
        vec![String::new(), self.same.range.path.clone(), format!("{}, {unit}", phrase(&self.same.target.path)), String::new()]
    }

    fn rows(&self, comparison: &Comparison) -> Option<Vec<Vec<String>>> {
        let (row, scale) = (comparison.row(&self.same.target.path)?, self.scale(comparison)?);
        let one = |((name, way), cell): ((&String, &Way), &crate::experiment::comparison::Cell)| {
            let write = |value: f64| scale.to(value, self.same.target.tolerance / 10.0);
            let mean = cell.mean.map_or_else(|| "-".to_owned(), write);
            let realised = mean + &cell.half_width.map_or_else(String::new, |half_width| format!(" ± {}", write(half_width)));
            let (found, said) = match way {
                Way::AsItIs(why) => ("-".to_owned(), format!("as it is: {why}")),
                Way::Solved(solution) => {
                    let met = if solution.missed.is_some() { "NOT met, the nearest" } else { "met" };
                    (solution.said(), format!("{met}, {} values tried", solution.tried.len()))
                }
            };
            vec![name.clone(), found, realised, said]
        };
        Some(comparison.names.iter().zip(&self.ways).zip(&row.cells).map(one).collect())
    }

    fn way_json(&self, way: &Way) -> Value {
        match way {
            Way::AsItIs(why) => json!({"as_it_is": why}),
            Way::Solved(solution) => {
                let there = solution.there();
                json!({
                    "value": self.same.range.value(solution.at), "at": solution.at, "half_width": solution.half_width, "mean": there.mean,
                    "mean_half_width": there.half_width, "met": solution.missed.is_none(),
                    "why": solution.missed.as_ref().map(|missed| &missed.message), "tried": solution.tried_json(),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_searches_are_plain_and_do_not_meet() {
        assert_eq!(folder(1, "vouchers-local, fifo+easy"), "001-vouchers-local--fifo+easy");
        assert_ne!(folder(1, "a/b"), folder(2, "a b"));
        assert!(!folder(0, "../..").contains('/'));
    }
}

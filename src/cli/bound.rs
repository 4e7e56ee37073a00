//! `edwc bound`: what serving a scenario's jobs takes at the least, and how far policies are from it.

use super::arguments::Bound;
use super::chosen::{Chosen, Conditions};
use super::failure::{Exit, Failure};
use super::interrupt::Interrupt;
use super::load;
use super::printer::Printer;
use super::simulate::{Onlookers, Request, simulate_into};
use super::summary::words::{count, duration_or_none, number, number_or_none, percent_or_none};
use super::text::paragraph;
use crate::base::random::Seed;
use crate::diag::{Look, escape};
use crate::experiment::bound::{BoundError, Figures, Gaps, Problem};
use crate::model::Model;
use crate::policy::Registered;

/// What one policy took for the jobs that it finished.
#[derive(Debug, serde::Serialize)]
struct Judged {
    policy: String,
    figures: Figures,
    bounds: Figures,
    gaps: Gaps,
}

/// Everything that is found, as JSON has it.
#[derive(Debug, serde::Serialize)]
struct Found {
    title: String,
    seed: u64,
    bounds: Figures,
    policies: Vec<Judged>,
}

/// Bounds a scenario, and judges policies by bounds for what they finish.
pub(super) fn run(arguments: &Bound, registered: &[Registered], printer: &mut Printer) -> Result<(), Failure> {
    let loaded = load::load(&arguments.file, &arguments.overrides)?;
    let model = loaded.model();
    let policies: Vec<Chosen> = arguments.policies.iter().map(|text| Chosen::read(text, &model.policy, registered)).collect::<Result<_, _>>()?;
    loaded.print_warnings(Look::LIMIT, printer);
    let seed = Seed { seed: arguments.seed.unwrap_or(model.seed), replication: 0 };
    let problem = Problem::new(model, seed)?;
    let interrupt = Interrupt::listen().map_err(|error| Failure::new(Exit::Bug, format!("cannot listen for signals: {error}")))?;
    let mut found = Found { title: model.title.clone(), seed: seed.seed, bounds: problem.bounds(), policies: Vec::new() };
    for policy in &policies {
        found.policies.push(judge(&problem, model, seed, policy, &interrupt)?);
    }
    let text =
        if arguments.json { serde_json::to_string_pretty(&found).expect("figures are plain data") + "\n" } else { tell(&found, printer.width()) };
    printer.out(&text);
    Ok(())
}

/// Runs the scenario under a policy and gathers what it finishes.
fn judge(problem: &Problem, model: &Model, seed: Seed, policy: &Chosen, interrupt: &Interrupt) -> Result<Judged, Failure> {
    let Seed { seed, replication } = seed;
    let request = Request { model, policy, conditions: Conditions::default(), seed, replication, interrupt, quiet: true };
    let mut served = problem.served();
    let outcome = simulate_into(&request, None, Onlookers { served: Some(&mut served), ..Onlookers::default() })?;
    if let Some(failure) = outcome.stopped {
        return Err(failure);
    }
    let (figures, bounds) = (served.figures(), served.bounds());
    Ok(Judged { policy: policy.name(), figures, bounds, gaps: figures.over(&bounds) })
}

fn tell(found: &Found, width: usize) -> String {
    let of = |figures: &Figures| format!("{} jobs, {} GPU-hours of work", count(figures.jobs), number(figures.work_gpu_hours));
    let mut text = format!("{}, seed {}\n\n", escape(&found.title), found.seed);
    text.push_str(&format!("at the least, for all that count and could run: {}\n", of(&found.bounds)));
    for (name, value, _) in rows(&found.bounds, &found.bounds, None) {
        text.push_str(&format!("  {name:<28}{value:>12}\n"));
    }
    for judged in &found.policies {
        text.push_str(&format!("\n{} finished {}\n", escape(&judged.policy), of(&judged.figures)));
        text.push_str(&format!("  {:<28}{:>12}{:>14}{:>9}\n", "", "took", "at the least", "gap"));
        for (name, took, (least, gap)) in rows(&judged.figures, &judged.bounds, Some(&judged.gaps)) {
            text.push_str(&format!("  {name:<28}{took:>12}{least:>14}{gap:>9}\n"));
        }
    }
    let note = "GPU-hours of work are hours of the reference chip. No policy takes less for the same jobs; whether any takes so little is another question. \
                What is left out is in docs/semantics.md, Bounds.";
    text + "\n" + &paragraph(note, width)
}

/// Writes figures line by line: name, figure, bound and gap.
fn rows(figures: &Figures, bounds: &Figures, gaps: Option<&Gaps>) -> [(&'static str, String, (String, String)); 5] {
    let tonnes = |kilograms: Option<f64>| number_or_none(kilograms.map(|kilograms| kilograms / 1e3));
    let million = |yuan: Option<f64>| number_or_none(yuan.map(|yuan| yuan / 1e6));
    let gap = |of: fn(&Gaps) -> Option<f64>| percent_or_none(gaps.and_then(of));
    let row = |name, write: &dyn Fn(&Figures) -> String, gap: String| (name, write(figures), (write(bounds), gap));
    [
        row("net cost, M CNY", &|of| million(of.net_cost_cny), gap(|gaps| gaps.net_cost)),
        row("net CNY per GPU-hour of work", &|of| number_or_none(of.net_cny_per_work_gpu_hour), gap(|gaps| gaps.net_cost)),
        row("carbon, location, t", &|of| tonnes(of.carbon_location_kg), gap(|gaps| gaps.carbon_location)),
        row("carbon, contract, t", &|of| tonnes(of.carbon_market_kg), gap(|gaps| gaps.carbon_market)),
        row("completion, mean", &|of| duration_or_none(of.completion_mean_s), gap(|gaps| gaps.completion_mean)),
    ]
}

impl From<BoundError> for Failure {
    fn from(error: BoundError) -> Self {
        match error {
            BoundError::Source(error) => error.into(),
            BoundError::Money(_) => Self::new(Exit::Invalid, error.to_string()),
        }
    }
}

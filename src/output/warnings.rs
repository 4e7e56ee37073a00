//! What a reader should know before trusting a summary's averages.

use super::summary::{Summary, Warning};
use super::text::thousands;

/// What the code of a warning means: code, title, meaning.
pub static PAGES: &[(&str, &str, &str)] = &[
    (
        "W201",
        "a run that was stopped",
        "The run was interrupted (Ctrl-C, or a policy that failed). Jobs that were still in the system count as unfinished, and time averages cover \
         only the part that was simulated. Do not compare these numbers with those of whole runs.",
    ),
    (
        "W202",
        "no measured job",
        "Only jobs that are submitted between the end of the warm-up and the horizon are measured, and there was none. Make the warm-up shorter or the \
         horizon longer, or look at the workloads' rates and start.",
    ),
    (
        "W203",
        "unfinished jobs",
        "The run ended while jobs were queued or running: at `drain.at_most`, or because nothing could start any more. Completion times and slowdowns \
         leave these jobs out, so they look better than they are. Queued jobs that nothing can start are a sign of a quota or of a gang that \
         never fits.",
    ),
    (
        "W204",
        "a subsidy ran out",
        "Claims reserved or spent the whole budget of a period; later claims of the period got less or nothing. What happens then is the scenario's \
         `on_short`. The table of subsidies shows what was paid.",
    ),
    (
        "W205",
        "more work than capacity",
        "The work that was submitted in the window, at the mean speed of the chips that can run it, is more than all installed GPUs can do in that time. \
         Waits then grow with the horizon, and a longer run gives larger numbers: no steady state exists.",
    ),
    (
        "W206",
        "a cap on GPU-hours was exceeded",
        "A start commits its estimate to the cap; a job that outlives its estimate goes on under `overrun = \"report\"`. Use `overrun = \"kill\"` where the cap \
         must hold.",
    ),
    (
        "W207",
        "a domestic share was missed",
        "In some periods the share of domestic chips was below what the quota asks for. `on_miss` says what that means: report, refuse or a fine.",
    ),
    (
        "W208",
        "jobs of a trace were left out",
        "The summary shows how many and why: beyond the horizon, sampled out, or cleaned.",
    ),
    (
        "W209",
        "a trace was not read whole, or not checked whole",
        "The file of a trace has columns that its format does not know, which were left aside, or so many jobs that not every id could be compared with every \
         other. What was read is used as it is.",
    ),
];

/// Lists the warnings of a summary, most important first; `notes` are what the sources of jobs have to say.
pub fn of(summary: &Summary, notes: &[String]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if !summary.complete {
        warnings.push(Warning { code: "W201", message: "the run was stopped before its end; every number is of a part of it".to_owned() });
    }
    if summary.jobs.submitted == 0 {
        warnings.push(Warning { code: "W202", message: "no job was submitted in the measured window".to_owned() });
    }
    unfinished(summary, &mut warnings);
    exhausted(summary, &mut warnings);
    if let Some(load) = summary.offered_load.filter(|load| *load > 1.0) {
        let message = format!("the offered load was {load:.2} times what is installed; queues grow as long as it lasts");
        warnings.push(Warning { code: "W205", message });
    }
    for (name, quota) in summary.quotas.iter().filter(|(_, quota)| quota.overrun_gpu_hours > 0.0) {
        let message = format!("quota.{name}: jobs that outlived their estimates used {:.1} GPU-hours beyond the cap", quota.overrun_gpu_hours);
        warnings.push(Warning { code: "W206", message });
    }
    for (name, quota) in summary.quotas.iter().filter(|(_, quota)| quota.share_missed > 0) {
        let message = format!(
            "quota.{name}: the domestic share that it asks for was missed in {} of {} periods",
            quota.share_missed,
            quota.share_met + quota.share_missed
        );
        warnings.push(Warning { code: "W207", message });
    }
    let dropped: u64 = summary.dropped.iter().map(|(_, count)| count).sum();
    if dropped > 0 {
        let reasons: Vec<String> = summary.dropped.iter().map(|(reason, count)| format!("{} {reason}", thousands(*count))).collect();
        warnings.push(Warning { code: "W208", message: format!("{} jobs of the traces were left out: {}", thousands(dropped), reasons.join(", ")) });
    }
    warnings.extend(notes.iter().map(|note| Warning { code: "W209", message: note.clone() }));
    warnings
}

fn unfinished(summary: &Summary, warnings: &mut Vec<Warning>) {
    if summary.jobs.unfinished == 0 {
        return;
    }
    let reasons: Vec<String> = summary
        .unfinished
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(reason, count)| format!("{} {}", thousands(*count), reason.replace('_', " ")))
        .collect();
    let message = format!(
        "{} jobs were unfinished when the run ended ({}); completion times leave them out",
        thousands(summary.jobs.unfinished),
        reasons.join(", ")
    );
    warnings.push(Warning { code: "W203", message });
}

fn exhausted(summary: &Summary, warnings: &mut Vec<Warning>) {
    for (name, subsidy) in summary.subsidies.iter() {
        let Some(first) = subsidy.spent_on.first() else { continue };
        let message = format!("subsidy.{name} ran out on {first}; {} later claims got less or nothing", thousands(subsidy.short_claims));
        warnings.push(Warning { code: "W204", message });
    }
}

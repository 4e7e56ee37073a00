//! What a reader should know before trusting a summary's averages.

use super::summary::{Summary, Warning};

/// Lists the warnings of a summary, most important first.
pub fn of(summary: &Summary) -> Vec<Warning> {
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
        let message = format!("the offered load is {:.0}% of what is installed; queues grow as long as it lasts", load * 100.0);
        warnings.push(Warning { code: "W205", message });
    }
    for (name, quota) in summary.quotas.iter().filter(|(_, quota)| quota.overrun_gpu_hours > 0.0) {
        let message = format!("quota.{name}: jobs that outlived their estimates used {:.1} GPU-hours beyond the cap", quota.overrun_gpu_hours);
        warnings.push(Warning { code: "W206", message });
    }
    for (name, quota) in summary.quotas.iter().filter(|(_, quota)| quota.share_missed > 0) {
        let message = format!("quota.{name}: the domestic share was missed in {} of {} periods", quota.share_missed, quota.share_met + quota.share_missed);
        warnings.push(Warning { code: "W207", message });
    }
    let dropped: u64 = summary.dropped.iter().map(|(_, count)| count).sum();
    if dropped > 0 {
        let reasons: Vec<String> = summary.dropped.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        warnings.push(Warning { code: "W208", message: format!("{dropped} jobs of the traces were left out: {}", reasons.join(", ")) });
    }
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
        .map(|(reason, count)| format!("{count} {}", reason.replace('_', " ")))
        .collect();
    let message = format!("{} jobs were unfinished when the run ended ({}); completion times leave them out", summary.jobs.unfinished, reasons.join(", "));
    warnings.push(Warning { code: "W203", message });
}

fn exhausted(summary: &Summary, warnings: &mut Vec<Warning>) {
    for (name, subsidy) in summary.subsidies.iter() {
        let Some(first) = subsidy.spent_on.first() else { continue };
        let message = format!("subsidy.{name} ran out on {first}; {} later claims got less or nothing", subsidy.short_claims);
        warnings.push(Warning { code: "W204", message });
    }
}

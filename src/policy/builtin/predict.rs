//! What is expected of a job: the estimate that orders, placements and backfilling go by. Quotas, subsidies and `kill_at_estimate` keep to the
//! user's.

use super::composed::find;
use crate::base::random::Stream;
use crate::base::{Ratio, Span};
use crate::model::{ClassId, JobId, JobNumber, PolicyPart, TenantId};
use crate::policy::{BuildContext, Parameter, PartInfo, PartKind, View, parameter};
use std::collections::BTreeMap;

pub(super) static USER_ESTIMATE: PartInfo = PartInfo {
    name: "user-estimate",
    kind: PartKind::Predict,
    summary: "the user's estimate; what a policy without this kind of part goes by",
    parameters: &[],
    citation: "Mu'alem, Feitelson 2001, \"Utilization, predictability, workloads, and user runtime estimates\"",
    notes: "nothing to compute; users ask for more than they need, as jobs may be ended at their estimate",
    tested: &["engine::tests::predict::predictions_give_the_hand_worked_schedule"],
    oracle: false,
};

pub(super) static HISTORY: PartInfo = PartInfo {
    name: "history",
    kind: PartKind::Predict,
    summary: "the rolling mean of the work of the jobs of the same tenant and class that have ended; else of the class; else the user's estimate",
    parameters: &[Parameter {
        name: "jobs",
        default: 10.0,
        range: (1.0, 1e6),
        summary: "a job's weight is that of one in so many, once so many have ended; 1: the last one counts alone",
        words: &[],
    }],
    citation: "Hu et al. 2021, \"Characterization and prediction of deep learning workloads in large-scale GPU datacenters\" (Helios, QSSF)",
    notes: "logarithmic in tenants × classes a job; knows nothing of what sets a job apart from its tenant's others",
    tested: &["engine::tests::predict::predictions_give_the_hand_worked_schedule"],
    oracle: false,
};

pub(super) static NOISY: PartInfo = PartInfo {
    name: "noisy",
    kind: PartKind::Predict,
    summary: "the true work (an oracle) × a factor by chance, from 1 ÷ (1 + error) to 1 + error, uniform in its logarithm",
    parameters: &[Parameter {
        name: "error",
        default: 1.0,
        range: (0.0, 1e6),
        summary: "the most by which a prediction is off, relative to the work: 1 means from half to twice",
        words: &[],
    }],
    citation: "Zrigui et al. 2022, \"Improving the performance of batch schedulers using online job runtime classification\"",
    notes: "one draw a job, the same whatever else the policy does: how much an order is worth with predictions so bad",
    tested: &[
        "engine::tests::predict::predictions_give_the_hand_worked_schedule",
        "policy::builtin::predict::tests::factors_are_within_their_bounds",
    ],
    oracle: true,
};

pub(super) static ORACLE: PartInfo = PartInfo {
    name: "oracle",
    kind: PartKind::Predict,
    summary: "the true work (an oracle)",
    parameters: &[],
    citation: "the upper bound of what predictions can do",
    notes: "nothing to compute; no scheduler has it",
    tested: &["engine::tests::predict::predictions_give_the_hand_worked_schedule"],
    oracle: true,
};

/// A way to predict.
#[derive(Clone, Debug)]
pub(super) enum Predict {
    History(History),
    Noisy { chance: Stream, error: f64 },
    Oracle,
}

/// Rolling means of what has ended.
#[derive(Clone, Debug)]
pub(super) struct History {
    weight: u64,
    by_tenant: BTreeMap<(TenantId, ClassId), Mean>,
    by_class: BTreeMap<ClassId, Mean>,
    /// Whose each job is, by slot.
    known: Vec<Option<(JobNumber, TenantId, ClassId)>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    jobs: u64,
    work_us: u64,
}

impl Predict {
    /// Makes the predictions of chosen parts.
    pub(super) fn of(chosen: &[PolicyPart], context: BuildContext<'_>) -> Option<Self> {
        find(chosen, PartKind::Predict).and_then(|(part, _)| Self::new(part, context))
    }
    /// Makes the predictions of a part; none for the user's own.
    fn new(part: &PolicyPart, context: BuildContext<'_>) -> Option<Self> {
        Some(match part.name.as_str() {
            "user-estimate" => return None,
            "history" => Self::History(History {
                weight: parameter(part, &HISTORY, "jobs") as u64,
                by_tenant: BTreeMap::new(),
                by_class: BTreeMap::new(),
                known: Vec::new(),
            }),
            "noisy" => Self::Noisy { chance: context.seed.stream("policy", "noisy"), error: parameter(part, &NOISY, "error") },
            "oracle" => Self::Oracle,
            other => unreachable!("the registry knows no prediction `{other}`"),
        })
    }
    /// Predicts the work of a job that has just been submitted; `None`: nothing is known beyond the user's estimate.
    pub(super) fn predict(&mut self, view: View<'_>, job: JobId) -> Option<Span> {
        match self {
            Self::History(history) => history.predict(view, job),
            Self::Noisy { chance, error } => {
                let factor = factor(chance.at(view.job(job).number).unit(), *error);
                Some(Span(Ratio::from_f64(factor).of(view.true_work(job).0)))
            }
            Self::Oracle => Some(view.true_work(job)),
        }
    }
    /// Learns from what has ended.
    pub(super) fn follow(&mut self, view: View<'_>) {
        if let Self::History(history) = self {
            history.follow(view);
        }
    }
}

impl History {
    fn predict(&mut self, view: View<'_>, job: JobId) -> Option<Span> {
        self.follow(view);
        let attributes = view.job(job);
        let (tenant, class) = (attributes.tenant, attributes.class);
        if self.known.len() <= job.0 as usize {
            self.known.resize(job.0 as usize + 1, None);
        }
        self.known[job.0 as usize] = Some((attributes.number, tenant, class));
        let mean = self.by_tenant.get(&(tenant, class)).or_else(|| self.by_class.get(&class));
        mean.map(|mean| Span(mean.work_us))
    }
    fn follow(&mut self, view: View<'_>) {
        for left in &view.delta().ended {
            // Each job counts once, however often its end is told.
            let known = self.known.get_mut(left.job.0 as usize).and_then(|known| known.take_if(|(number, ..)| *number == left.number));
            if let Some((_, tenant, class)) = known {
                self.by_tenant.entry((tenant, class)).or_default().add(left.work, self.weight);
                self.by_class.entry(class).or_default().add(left.work, self.weight);
            }
        }
    }
}

impl Mean {
    fn add(&mut self, work: Span, weight: u64) {
        self.jobs += 1;
        let step = (i128::from(work.0) - i128::from(self.work_us)) / i128::from(self.jobs.min(weight));
        self.work_us = u64::try_from(i128::from(self.work_us) + step).unwrap_or(0);
    }
}

/// Returns the factor of a draw from 0 to 1.
fn factor(unit: f64, error: f64) -> f64 {
    libm::exp((2.0 * unit - 1.0) * libm::log(1.0 + error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_within_their_bounds() {
        for (unit, error, expected) in [(0.0, 1.0, 0.5), (0.5, 1.0, 1.0), (1.0, 1.0, 2.0), (0.25, 3.0, 0.5), (0.9, 0.0, 1.0)] {
            assert!((factor(unit, error) - expected).abs() < 1e-12, "{unit} {error}");
        }
    }

    #[test]
    fn means_roll() {
        let mut mean = Mean::default();
        // Of two: 10, then 10 + (20 - 10) / 2 = 15, then 15 + (45 - 15) / 2 = 30.
        let means = [10, 20, 45].map(|work| {
            mean.add(Span(work), 2);
            mean.work_us
        });
        assert_eq!(means, [10, 15, 30]);
    }
}

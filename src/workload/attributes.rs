//! What a job is apart from when it comes: its tenant, gang, work, estimate, data, patience and price, each from a stream of its own.

use super::choice::Choice;
use crate::base::random::{Draws, Seed, Stream};
use crate::base::{Bytes, Gpus, Id, Money, Ratio, Span, Time};
use crate::model::{
    ClassId, DatasetLaw, DatasetSpec, Elastic, Estimate, JobSpec, Law, Model, Outcome, TenantGroupId, TenantId, Workload, WorkloadId,
};

/// The laws of one workload's jobs, compiled. Job *k* draws each attribute at index *k* of the stream of that name, so that another law for one of
/// them leaves the others as they are.
#[derive(Debug)]
pub(super) struct Attributes {
    workload: WorkloadId,
    class: ClassId,
    /// By class: what it says of priority and deadline.
    terms: Vec<Terms>,
    /// All groups of tenants: the first and how many.
    groups: Vec<(TenantId, u32)>,
    /// Those of the workload.
    tenants: Choice<(TenantId, u32)>,
    gpus: Choice<u32>,
    elastic: Option<Elastic>,
    work: Law,
    estimate: Estimate,
    dataset: Option<Datasets>,
    patience: Option<Law>,
    pays_up_to: Option<Law>,
    streams: Streams,
}

#[derive(Debug)]
struct Streams {
    tenant: Stream,
    gpus: Stream,
    work: Stream,
    estimate: Stream,
    dataset: Stream,
    patience: Stream,
    pays_up_to: Stream,
}

#[derive(Clone, Copy, Debug)]
struct Terms {
    priority: i32,
    times_work: Option<Ratio>,
    after: Option<Span>,
}

/// The datasets of a workload; the latest is kept, as jobs in a row share it.
#[derive(Debug)]
struct Datasets {
    law: DatasetLaw,
    latest: Option<DatasetSpec>,
}

impl Attributes {
    /// Compiles the laws of `workload`, which may be a later state of the model's own.
    pub fn new(model: &Model, id: WorkloadId, workload: &Workload, seed: Seed) -> Self {
        let stream = |purpose| seed.stream(&model.workloads[id].name, purpose);
        let groups: Vec<_> = model.tenants.iter().map(|group| (group.first, group.count)).collect();
        let tenants: Vec<_> = workload.tenants.iter().map(|&(group, weight)| (groups[group.index()], weight)).collect();
        let terms = |class: &crate::model::Class| Terms {
            priority: workload.priority.unwrap_or(class.priority),
            times_work: class.deadline_times_work,
            after: class.deadline,
        };
        Self {
            workload: id,
            class: workload.class,
            terms: model.classes.iter().map(terms).collect(),
            tenants: Choice::new(&tenants),
            groups,
            gpus: Choice::sizes(&workload.gpus),
            elastic: workload.elastic,
            work: workload.work.clone(),
            estimate: workload.estimate.clone(),
            dataset: workload.dataset.clone().map(|law| Datasets { law, latest: None }),
            patience: workload.patience.clone(),
            pays_up_to: workload.pays_up_to.clone(),
            streams: Streams {
                tenant: stream("tenant"),
                gpus: stream("gpus"),
                work: stream("work"),
                estimate: stream("estimate"),
                dataset: stream("dataset"),
                patience: stream("patience"),
                pays_up_to: stream("pays_up_to"),
            },
        }
    }
    /// Draws job `number` of the workload, submitted at `submit`. A few dozen nanoseconds, without an allocation.
    #[inline]
    pub fn draw(&mut self, number: u64, submit: Time) -> JobSpec {
        let work = Span::from_secs_f64(self.work.sample(&mut self.streams.work.at(number)));
        let class = self.class;
        let (priority, deadline) = self.terms(class, submit, work);
        let gpus = self.gpus.only().unwrap_or_else(|| self.gpus.pick(&mut self.streams.gpus.at(number)));
        JobSpec {
            workload: self.workload,
            submit,
            class,
            tenant: self.tenant(number),
            gpus: Gpus(gpus),
            elastic: self.elastic(gpus),
            work,
            estimate: self.estimate(number, work),
            priority,
            dataset: self.dataset(number),
            patience: self.patience(number),
            pays_up_to: self.pays_up_to(number),
            deadline,
            recorded: Outcome::Completed,
            source_id: number,
        }
    }
    /// Returns the sizes at which a job can run that asks for so many GPUs.
    #[inline]
    pub fn elastic(&self, gpus: u32) -> Option<Elastic> {
        self.elastic.map(|elastic| elastic.around(gpus))
    }
    /// Returns the workload that jobs belong to.
    pub fn workload(&self) -> WorkloadId {
        self.workload
    }
    /// Returns the class of jobs that nothing else gives one.
    pub fn class(&self) -> ClassId {
        self.class
    }
    /// Returns priority and deadline: the earlier one if the class gives two.
    #[inline]
    pub fn terms(&self, class: ClassId, submit: Time, work: Span) -> (i32, Option<Time>) {
        let terms = self.terms[class.index()];
        let by_work = terms.times_work.map(|factor| submit + Span(factor.of(work.0)));
        let absolute = terms.after.map(|after| submit + after);
        (terms.priority, by_work.into_iter().chain(absolute).min())
    }
    /// Draws a tenant: a group by weight, then one of the group.
    #[inline]
    pub fn tenant(&self, index: u64) -> TenantId {
        self.tenant_of(&mut self.streams.tenant.at(index))
    }
    /// Chooses a tenant by the draws of something else than a job, such as a user of a trace.
    #[inline]
    pub fn tenant_of(&self, draws: &mut Draws) -> TenantId {
        within(self.tenants.only().unwrap_or_else(|| self.tenants.pick(draws)), draws)
    }
    /// Draws one of a group's tenants.
    pub fn tenant_in(&self, group: TenantGroupId, index: u64) -> TenantId {
        within(self.groups[group.index()], &mut self.streams.tenant.at(index))
    }
    /// Draws the user's estimate of a job's work.
    #[inline]
    pub fn estimate(&self, index: u64, work: Span) -> Span {
        match &self.estimate {
            Estimate::Exact => work,
            Estimate::TimesWork(law) => Span::from_secs_f64(work.as_secs_f64() * law.sample(&mut self.streams.estimate.at(index))),
            Estimate::Absolute(law) => Span::from_secs_f64(law.sample(&mut self.streams.estimate.at(index))),
        }
    }
    /// Draws the dataset, whose size belongs to its key rather than to the job.
    #[inline]
    pub fn dataset(&mut self, index: u64) -> Option<DatasetSpec> {
        let datasets = self.dataset.as_mut()?;
        let key = index / datasets.law.shared_by.max(1);
        if let Some(latest) = datasets.latest.filter(|latest| latest.key == key) {
            return Some(latest);
        }
        let bytes = Bytes((datasets.law.bytes.sample(&mut self.streams.dataset.at(key)) + 0.5) as u64);
        datasets.latest = Some(DatasetSpec { data: datasets.law.data, key, bytes });
        datasets.latest
    }
    /// Draws how long a job waits.
    #[inline]
    pub fn patience(&self, index: u64) -> Option<Span> {
        self.patience.as_ref().map(|law| Span::from_secs_f64(law.sample(&mut self.streams.patience.at(index))))
    }
    /// Draws what a job pays at most.
    #[inline]
    pub fn pays_up_to(&self, index: u64) -> Option<Money> {
        let law = self.pays_up_to.as_ref()?;
        Some(Money((law.sample(&mut self.streams.pays_up_to.at(index)) * Money::PER_YUAN as f64 + 0.5) as i64))
    }
}

/// Draws one of so many tenants from a first one on.
#[inline]
fn within((first, count): (TenantId, u32), draws: &mut Draws) -> TenantId {
    if count == 1 { first } else { TenantId(first.0 + draws.below(u64::from(count)) as u32) }
}

//! What a policy is told: the fleet once, then what has changed since it was told last.

use super::PROTOCOL;
use super::message::{
    Candidate, Chip, Class, Dataset, Fleet, Group, Hello, Job, Pool, PoolState, Quote, Region, Round, Said, Site, SiteState, Sizes, Wishes,
};
use super::refused::Refused;
use crate::model::{JobId, JobNumber, Model, Owner, PoolId};
use crate::policy::{Plan, View};
use crate::rules::Residence;
use crate::world::jobs::State;
use std::collections::BTreeMap;
use std::time::Duration;

/// Writes messages, and remembers what was told.
#[derive(Debug)]
pub(super) struct Teller {
    /// What the policy has asked for.
    pub(super) needs: Wishes,
    time_limit: Duration,
    unknown_field: bool,
    /// The slots of the jobs that it knows and that have not left.
    pub(super) slots: BTreeMap<JobNumber, JobId>,
    pools: Vec<PoolState>,
    sites: Vec<SiteState>,
    /// What the world denied of the decisions so far in this round; told with the next.
    pub(super) refused: Vec<Refused>,
    changed_pools: Vec<PoolState>,
    changed_sites: Vec<SiteState>,
    freed: Vec<u32>,
    left: Vec<JobNumber>,
    ended: Vec<JobNumber>,
}

impl Teller {
    pub(super) fn new(time_limit: Duration, unknown_field: bool) -> Self {
        Self {
            needs: Wishes::default(),
            time_limit,
            unknown_field,
            slots: BTreeMap::new(),
            pools: Vec::new(),
            sites: Vec::new(),
            refused: Vec::new(),
            changed_pools: Vec::new(),
            changed_sites: Vec::new(),
            freed: Vec::new(),
            left: Vec::new(),
            ended: Vec::new(),
        }
    }

    /// Writes the greeting.
    pub(super) fn hello(&self, model: &Model, line: &mut Vec<u8>) {
        let hello = Hello {
            protocol: PROTOCOL,
            edwc: env!("CARGO_PKG_VERSION"),
            scenario: &model.title,
            time_limit_ms: u64::try_from(self.time_limit.as_millis()).unwrap_or(u64::MAX),
            needs: ["every_event", "oracle", "quotes"],
        };
        self.write(&Said::Hello(hello), line);
    }
    /// Writes the fleet.
    pub(super) fn fleet(&self, model: &Model, line: &mut Vec<u8>) {
        self.write(&Said::Fleet(fleet(model)), line);
    }
    /// Writes the end.
    pub(super) fn end(&self, summary: &serde_json::Value, line: &mut Vec<u8>) {
        self.write(&Said::End { summary }, line);
    }

    /// Writes a round. *O*(what happened + pools), and sites where quotes are wanted.
    pub(super) fn round(&mut self, seq: u64, view: View<'_>, plan: &Plan<'_>, line: &mut Vec<u8>) {
        let delta = view.delta();
        self.left.clear();
        self.ended.clear();
        for (told, gone) in [(&mut self.left, &delta.left), (&mut self.ended, &delta.ended)] {
            // A job that came and went between two rounds was never told.
            told.extend(gone.iter().map(|gone| gone.number).filter(|number| self.slots.remove(number).is_some()));
        }
        self.freed.clear();
        self.freed.extend(delta.freed.iter().map(|pool| pool.0));
        self.freed.sort_unstable();
        self.freed.dedup();
        self.follow_pools(view.model(), plan);
        if self.needs.quotes {
            self.follow_sites(view);
        }
        let queue = delta.terms_changed.then(|| {
            let known: Vec<JobId> = view.jobs().queued().filter(|job| self.slots.contains_key(&view.job(*job).number)).collect();
            self.jobs(&known, view, plan)
        });
        let arrived = self.jobs(&delta.arrived, view, plan);
        let returned = self.jobs(&delta.returned, view, plan);
        self.slots.extend(delta.arrived.iter().filter(|job| waits(view, **job)).map(|job| (view.job(*job).number, *job)));
        let round = Round {
            seq,
            now_us: view.now().0,
            arrived,
            returned,
            left: &self.left,
            ended: &self.ended,
            freed: &self.freed,
            pools: &self.changed_pools,
            refused: &self.refused,
            woken: delta.woken,
            changed: delta.anything_changed,
            fleet: delta.terms_changed.then(|| fleet(view.model())),
            queue,
            sites: &self.changed_sites,
        };
        self.write(&Said::Round(round), line);
        self.refused.clear();
    }

    /// Finds the pools whose numbers have changed.
    fn follow_pools(&mut self, model: &Model, plan: &Plan<'_>) {
        self.changed_pools.clear();
        for pool in model.pools.ids() {
            let now = PoolState {
                pool: pool.0,
                free: plan.free(pool),
                installed: plan.installed(pool),
                queued: plan.queued(pool),
                outstanding_gpu_us: u64::try_from(plan.outstanding_gpu_us(pool)).unwrap_or(u64::MAX),
                admits: plan.admits(pool),
            };
            tell_if_new(&mut self.pools, &mut self.changed_pools, pool.0 as usize, now);
        }
    }
    fn follow_sites(&mut self, view: View<'_>) {
        self.changed_sites.clear();
        for site in view.model().sites.ids() {
            let now = SiteState { site: site.0, energy_micro_cny_per_kwh: view.energy_price(site), carbon_mg_per_kwh: view.carbon_intensity(site) };
            tell_if_new(&mut self.sites, &mut self.changed_sites, site.0 as usize, now);
        }
    }

    fn jobs<'a>(&self, jobs: &[JobId], view: View<'a>, plan: &Plan<'_>) -> Vec<Job<'a>> {
        jobs.iter().filter(|job| waits(view, **job)).map(|job| self.job(*job, view, plan)).collect()
    }
    fn job<'a>(&self, job: JobId, view: View<'a>, plan: &Plan<'_>) -> Job<'a> {
        let attributes = view.job(job);
        let model = view.model();
        let able = view.candidates(job).iter().filter(|candidate| plan.could_hold(candidate.pool, attributes.gpus));
        Job {
            job: attributes.number,
            submit_us: attributes.submit.0,
            gpus: attributes.gpus,
            elastic: attributes.elastic.map(|elastic| Sizes { min_gpus: elastic.min, max_gpus: elastic.max, serial_millionths: elastic.serial.0 }),
            estimate_us: attributes.estimate.0,
            work_us: self.needs.oracle.then(|| view.true_work(job).0),
            class: attributes.class.0,
            tenant: attributes.tenant.0,
            group: attributes.group.0,
            region: attributes.region.0,
            priority: attributes.priority,
            deadline_us: Some(attributes.deadline.0).filter(|deadline| *deadline != u64::MAX),
            dataset: attributes.dataset.map(|used| Dataset { data: &model.data[used.data].name, id: used.id.0, bytes: used.bytes.0 }),
            bound: view.status(job).pool.map(|pool| pool.0),
            candidates: able.map(|candidate| self.candidate(job, candidate, view, plan)).collect(),
        }
    }
    fn candidate(&self, job: JobId, candidate: &crate::world::Candidate, view: View<'_>, plan: &Plan<'_>) -> Candidate {
        let (staging, run) = view.expected_time(job, candidate);
        Candidate {
            pool: candidate.pool.0,
            one_way_us: candidate.one_way.0,
            remote_read: matches!(candidate.data, Residence::RemoteRead(_)),
            staging_us: staging.0,
            run_us: run.0,
            quote: self.needs.quotes.then(|| {
                let quote = view.quote(job, candidate);
                Quote {
                    compute_micro_cny: quote.compute.0,
                    energy_micro_cny: quote.energy.0,
                    transfer_micro_cny: quote.transfer.0,
                    subsidy_micro_cny: plan.expected_subsidy(job, candidate, &quote).0,
                    net_micro_cny: plan.net_cost(job, candidate).0,
                    energy_mj: quote.energy_mj,
                    carbon_mg: view.expected_carbon_mg(job, candidate, false),
                }
            }),
        }
    }

    fn write(&self, said: &Said<'_>, line: &mut Vec<u8>) {
        line.clear();
        serde_json::to_writer(&mut *line, said).expect("messages are plain data, and memory takes all");
        if self.unknown_field {
            line.pop();
            line.extend_from_slice(br#","from_a_later_version":{"a":[1,"b"]}}"#);
        }
        line.push(b'\n');
    }
}

/// Tells whether a job that was announced is still waiting.
fn waits(view: View<'_>, job: JobId) -> bool {
    view.jobs().is_live(job) && view.status(job).state == State::Queued
}

/// Notes a state that differs from what was told last.
fn tell_if_new<T: Copy + PartialEq>(told: &mut Vec<T>, changed: &mut Vec<T>, at: usize, now: T) {
    match told.get_mut(at) {
        Some(before) if *before == now => return,
        Some(before) => *before = now,
        None => told.push(now),
    }
    changed.push(now);
}

fn fleet(model: &Model) -> Fleet<'_> {
    Fleet {
        pools: model.pools.ids().map(|pool| pool_of(model, pool)).collect(),
        sites: sites(model),
        chips: chips(model),
        classes: classes(model),
        regions: regions(model),
        groups: groups(model),
    }
}

fn pool_of(model: &Model, id: PoolId) -> Pool<'_> {
    let pool = &model.pools[id];
    Pool {
        pool: id.0,
        name: model.pool_name(id),
        site: pool.site.0,
        chip: pool.chip.0,
        nodes: pool.nodes,
        gpus_per_node: pool.gpus_per_node,
        gpus: pool.gpus(),
        price_micro_cny_per_gpu_h: pool.price.0,
        energy: if pool.metered { "metered" } else { "included" },
    }
}

fn sites(model: &Model) -> Vec<Site<'_>> {
    let told = model.sites.entries().map(|(id, site)| Site {
        site: id.0,
        name: &site.name,
        name_zh: site.name_zh.as_deref(),
        side: site.side.name(),
        owner: if site.owner == Owner::State { "state" } else { "private" },
        province: &model.provinces[site.province],
        city: &model.cities[site.city],
        hub: site.hub.map(|hub| model.hubs[hub].as_str()),
        pue_millionths: site.pue.0,
        green_millionths: site.green_share.0,
        power_limit_mw: site.power_limit.map(|power| power.0),
        job_limit: site.admission.limit,
    });
    told.collect()
}

fn chips(model: &Model) -> Vec<Chip<'_>> {
    let told = model.chips.entries().map(|(id, chip)| Chip {
        chip: id.0,
        name: &chip.name,
        origin: if chip.domestic { "domestic" } else { "imported" },
        pflops_millionths: chip.pflops.0,
        memory_bytes: chip.memory.0,
        idle_mw: chip.idle.0,
        busy_mw: chip.busy.0,
    });
    told.collect()
}

fn classes(model: &Model) -> Vec<Class<'_>> {
    let told = model.classes.entries().map(|(id, class)| Class {
        class: id.0,
        name: &class.name,
        speed_millionths: class.speed.iter().map(|speed| speed.0).collect(),
        priority: class.priority,
        checkpoints: class.checkpoint.is_some(),
        splits: !class.split.is_empty(),
        one_way_max_us: class.one_way_max.map(|delay| delay.0),
    });
    told.collect()
}

fn regions(model: &Model) -> Vec<Region<'_>> {
    let told = model.regions.entries().map(|(id, region)| Region {
        region: id.0,
        name: &region.name,
        province: &model.provinces[region.province],
        city: &model.cities[region.city],
    });
    told.collect()
}

fn groups(model: &Model) -> Vec<Group<'_>> {
    let told = model.tenants.entries().map(|(id, group)| Group {
        group: id.0,
        name: &group.name,
        kind: &model.kinds[group.kind],
        region: group.region.0,
        tenants: group.count,
        weight_millionths: group.weight.0,
    });
    told.collect()
}

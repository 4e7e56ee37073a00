//! What subsidies take off the cost of a GPU-hour, at their highest.

use super::lives::{Lives, Range};
use crate::base::Ratio;
use crate::model::{Covers, Model, Payee, StackId, StackMode, SubsidyId};
use crate::rules::matching::{ClaimRate, Eligible};

/// A subsidy that a kind of job can claim at a pool.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Payment {
    pub(super) subsidy: SubsidyId,
    pub(super) base: Base,
    pub(super) stack: Option<StackId>,
    pub(super) terms: Terms,
    /// The share of it that reaches the tenant.
    pub(super) share: f64,
}

/// What a subsidy is a share of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Base {
    Compute,
    Energy,
    Transfer,
    Capital,
}

/// How much it pays.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Terms {
    /// A share of the base.
    Share(f64),
    /// What energy costs beyond so many yuan per kWh.
    Beyond(f64),
    /// So many yuan per GPU-hour.
    PerGpuHour(f64),
    /// All of the base.
    All,
}

/// What a GPU-hour costs before subsidies, in yuan.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Bases {
    pub(super) compute: Range,
    pub(super) energy: Range,
    /// Energy at the meter in kWh.
    pub(super) kwh: Range,
    /// Whether the tenant pays for energy.
    pub(super) charges_energy: bool,
    pub(super) capital: Range,
}

/// What a GPU-hour costs after them.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Paid {
    pub(super) cost: f64,
    pub(super) idle_cost: f64,
    pub(super) claims: Vec<(usize, f64)>,
    pub(super) pays_for_transfers: bool,
}

/// Choices of one subsidy from each stack beyond which all are added up instead.
const CHOICES: usize = 32;

impl Payment {
    /// Reads a subsidy in one state of the scenario; of one that a change touches, all of its base may be paid.
    pub(super) fn new(model: &Model, eligible: Eligible, changes: bool) -> Self {
        let subsidy = &model.subsidies[eligible.subsidy];
        let base = match subsidy.covers {
            Covers::Compute => Base::Compute,
            Covers::Energy => Base::Energy,
            Covers::Transfer => Base::Transfer,
            Covers::Capital => Base::Capital,
        };
        let terms = match eligible.rate {
            _ if changes => Terms::All,
            ClaimRate::Share(share) => Terms::Share(Ratio(share).as_f64().min(1.0)),
            ClaimRate::TargetPrice(price) if base == Base::Energy => Terms::Beyond(price.as_yuan_f64()),
            ClaimRate::TargetPrice(_) => Terms::All,
            ClaimRate::PerGpuHour(_) if base == Base::Transfer => Terms::All,
            ClaimRate::PerGpuHour(amount) => Terms::PerGpuHour(amount.as_yuan_f64().max(0.0)),
        };
        let share = if subsidy.payee == Payee::Tenant { 1.0 } else { subsidy.pass_through.as_f64() };
        Self { subsidy: eligible.subsidy, base, stack: subsidy.stack, terms, share }
    }
    /// Takes the better of the terms in two states.
    pub(super) fn join(&mut self, other: Self) {
        self.terms = self.terms.better(other.terms);
        self.share = self.share.max(other.share);
    }
    /// Returns what it pays the tenant of a base of so many yuan, and so many kWh.
    fn amount(&self, base: f64, kwh: Range) -> f64 {
        let all = base.max(0.0);
        let amount = match self.terms {
            Terms::Share(share) => share * all,
            Terms::Beyond(price) => (base - if price > 0.0 { price * kwh.least } else { price * kwh.most }).clamp(0.0, all),
            Terms::PerGpuHour(amount) => amount,
            Terms::All => all,
        };
        self.share * amount
    }
    /// The most that it takes from a yuan that is added to its base.
    fn slope(&self) -> f64 {
        self.share
            * match self.terms {
                Terms::Share(share) => share,
                Terms::PerGpuHour(_) => 0.0,
                Terms::Beyond(_) | Terms::All => 1.0,
            }
    }
    /// Makes an amount per GPU-hour to all of its base where that may be less: a claim is limited by the base of its whole job, which may have been
    /// to dearer places, so that hours at a cheap one can bring more than they cost.
    pub(super) fn within(self, base: f64) -> Self {
        let terms = if matches!(self.terms, Terms::PerGpuHour(amount) if amount > base) { Terms::All } else { self.terms };
        Self { terms, ..self }
    }
}

impl Terms {
    pub(super) fn better(self, other: Self) -> Self {
        match (self, other) {
            (Self::Share(a), Self::Share(b)) => Self::Share(a.max(b)),
            (Self::Beyond(a), Self::Beyond(b)) => Self::Beyond(a.min(b)),
            (Self::PerGpuHour(a), Self::PerGpuHour(b)) => Self::PerGpuHour(a.max(b)),
            _ => Self::All,
        }
    }
}

impl Bases {
    /// Takes subsidies off that are claimed together.
    pub(super) fn less(&self, chosen: &[Payment]) -> Paid {
        let free = Range::of(0.0);
        let compute = self.net(chosen, Base::Compute, self.compute, true);
        let energy = self.net(chosen, Base::Energy, self.energy, self.charges_energy);
        // What capital costs is none of the tenant's charges: what it brings is all gain.
        let capital = self.net(chosen, Base::Capital, self.capital, false);
        let transfers: f64 = chosen.iter().filter(|payment| payment.base == Base::Transfer).map(|payment| Payment::amount(payment, 1.0, free)).sum();
        let claims = [&compute, &energy, &capital].iter().flat_map(|net| &net.claims).copied().collect();
        // GPUs that wait draw less than those that compute, perhaps nothing; what is paid by the hour or by another base is paid for them too.
        let idle_energy = self.energy_charge().min(0.0) - energy.taken_anyway;
        Paid {
            cost: compute.value + energy.value + capital.value,
            idle_cost: compute.value + idle_energy + capital.value,
            claims,
            pays_for_transfers: transfers > 1.0,
        }
    }
    fn energy_charge(&self) -> f64 {
        if self.charges_energy { self.energy.least } else { 0.0 }
    }
    /// Returns the base that a subsidy is limited by, at its least.
    pub(super) fn least(&self, base: Base) -> f64 {
        match base {
            Base::Compute => self.compute.least,
            Base::Energy => self.energy.least,
            Base::Capital => self.capital.least,
            Base::Transfer => 0.0,
        }
    }
    /// Takes those off that are for one base.
    ///
    /// If what is left rises with the base, it is least where the base is least: so it is if no yuan is taken twice from what the tenant pays.
    /// If not, the most that is ever taken comes off the least that is ever charged.
    fn net(&self, chosen: &[Payment], base: Base, range: Range, charged: bool) -> Net {
        let of_base = || chosen.iter().filter(|payment| payment.base == base);
        let rises = charged && of_base().map(Payment::slope).sum::<f64>() <= 1.0;
        let from = if rises { range.least } else { range.most };
        let amount = |payment: &Payment| payment.amount(from, self.kwh);
        let claims: Vec<(usize, f64)> = of_base().map(|payment| (payment.subsidy.0 as usize, amount(payment))).collect();
        let anyway = of_base().filter(|payment| !rises || matches!(payment.terms, Terms::PerGpuHour(_)));
        let taken: f64 = claims.iter().map(|(_, amount)| amount).sum();
        Net { value: if charged { range.least } else { 0.0 } - taken, taken_anyway: anyway.map(amount).sum(), claims }
    }
}

struct Net {
    /// What is left of the charge, at the least.
    value: f64,
    /// What is taken also of hours that have no base.
    taken_anyway: f64,
    claims: Vec<(usize, f64)>,
}

/// Lists which subsidies may be claimed together at a pool: all without a stack and of stacks that add up, and one of each stack of which only the
/// best counts. Where a change may move them between stacks, or there are too many choices, all at once: that is no less than any of them.
pub(super) fn together(lives: &Lives, payments: &[Payment]) -> Vec<Vec<Payment>> {
    let stacks = &lives.models[0].stacks;
    let exclusive = |payment: &Payment| payment.stack.filter(|stack| stacks[*stack].mode == StackMode::BestOne);
    let mut groups: Vec<(StackId, Vec<Payment>)> = Vec::new();
    for payment in payments {
        if let Some(stack) = exclusive(payment) {
            match groups.iter_mut().find(|(known, _)| *known == stack) {
                Some((_, group)) => group.push(*payment),
                None => groups.push((stack, vec![*payment])),
            }
        }
    }
    let choices = groups.iter().map(|(_, group)| group.len()).fold(1, usize::saturating_mul);
    if !lives.is_single() || choices > CHOICES {
        return vec![payments.to_vec()];
    }
    let always: Vec<Payment> = payments.iter().filter(|payment| exclusive(payment).is_none()).copied().collect();
    groups.iter().fold(vec![always], |lists, (_, group)| {
        lists.iter().flat_map(|list| group.iter().map(|one| list.iter().chain([one]).copied().collect())).collect()
    })
}

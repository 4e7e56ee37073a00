//! The linear program behind the bounds on cost and carbon, and its dual.
//!
//! Work of many kinds is divided over pools at the least cost, under the capacity of pools and the budgets of subsidies:
//!
//! ```text
//! least    Σ cost × hours                     over hours ≥ 0 of each way (pool, subsidies) for each kind
//! so that  Σ rate × hours ≥ work of the kind   (its work may be cut and spread at will)
//!          Σ hours        ≥ fixed hours        (start-up and checkpoints: the same everywhere)
//!          Σ hours        ≤ capacity           of each pool
//!          Σ claim × hours ≤ budget            of each subsidy, of which less may be claimed than could be
//! ```
//!
//! What is returned is a value of the dual, summed up anew from its prices: by weak duality *any* prices of capacity λ ≥ 0 and of budgets 0 ≤ μ ≤ 1
//! give a true bound, however exact the solver is. The prices are found by cutting planes (Kelley 1960): a master program over a few ways, to which
//! those ways are added that are cheaper at the prices found, until none is. Where the solver gives up, the best bound so far stands.

use good_lp::{Expression, ProblemVariables, Solution, SolverModel, Variable, microlp, variable};

/// A way to serve a kind of work: a pool, and what is claimed there.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Way {
    /// The pool's index.
    pub(super) pool: usize,
    /// Work per GPU-hour, in GPU-hours of the reference chip.
    pub(super) rate: f64,
    /// Cost of a GPU-hour that computes, less all that can be claimed.
    pub(super) cost: f64,
    /// The same of a GPU-hour that is held for nothing. Where it is negative, capacity must cost at least as much, or nobody would ever let go.
    pub(super) idle_cost: f64,
    /// What a GPU-hour claims from each budget: (its index, amount).
    pub(super) claims: Vec<(usize, f64)>,
}

/// What there is to do of a kind.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Need {
    /// Work in GPU-hours of the reference chip.
    pub(super) work: f64,
    /// GPU-hours that it takes on any chip beside.
    pub(super) fixed: f64,
}

/// What the program is about, but for the work to do and the time that there is for it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Program {
    /// The ways of each kind.
    pub(super) kinds: Vec<Vec<Way>>,
    /// The money of each budget; none: no limit.
    pub(super) budgets: Vec<Option<f64>>,
}

/// Prices of capacity (per GPU-hour) and of budgets (per unit of money).
#[derive(Clone, PartialEq, Debug)]
struct Prices {
    capacity: Vec<f64>,
    budgets: Vec<f64>,
}

/// Rounds of cutting planes before the best bound so far is good enough.
const ROUNDS: usize = 60;
/// Ways of one kind that are added in a round.
const WAYS_A_ROUND: usize = 4;
/// The distance of the bound from the program's optimum at which the search ends, relative.
const NEAR: f64 = 1e-7;

impl Way {
    fn price(&self, prices: &Prices) -> f64 {
        self.cost + prices.capacity[self.pool] + self.claims.iter().map(|(budget, amount)| prices.budgets[*budget] * amount).sum::<f64>()
    }
}

impl Program {
    /// Returns a lower bound on what it costs to serve these needs, one a kind, with so many GPU-hours of each pool (none: no limit). `None`: there
    /// is no finite one, as GPU-hours without limit pay more than they cost, or a kind cannot be served at all.
    pub(super) fn least(&self, needs: &[Need], capacity: &[Option<f64>]) -> Option<f64> {
        let asked: Vec<usize> = (0..self.kinds.len()).filter(|kind| needs[*kind].work > 0.0 || needs[*kind].fixed > 0.0).collect();
        if asked.iter().any(|kind| self.kinds[*kind].is_empty()) {
            return None;
        }
        let floor = self.least_prices(&asked, capacity)?;
        let total: f64 = asked.iter().map(|kind| needs[*kind].work + needs[*kind].fixed).sum();
        if total <= 0.0 {
            return Some(0.0);
        }
        let mut best = self.bound(&asked, (needs, capacity), &floor);
        let mut master =
            Master { program: self, needs, capacity, total, floor: &floor, asked: &asked, ways: vec![[Vec::new(), Vec::new()]; asked.len()] };
        master.add_cheapest(&floor);
        for _ in 0..ROUNDS {
            let Some((optimum, prices)) = master.solve() else { break };
            best = best.max(self.bound(&asked, (needs, capacity), &prices));
            if optimum - best <= NEAR * optimum.abs() || !master.add_cheapest(&prices) {
                break;
            }
        }
        Some(best)
    }
    /// The least prices of capacity at which nobody gains by holding GPUs for nothing; `None` where a pool without limit would need one.
    fn least_prices(&self, asked: &[usize], capacity: &[Option<f64>]) -> Option<Prices> {
        let mut prices = Prices { capacity: vec![0.0; capacity.len()], budgets: vec![0.0; self.budgets.len()] };
        for way in asked.iter().flat_map(|kind| &self.kinds[*kind]) {
            prices.capacity[way.pool] = prices.capacity[way.pool].max(-way.idle_cost);
        }
        let free = |pool: &usize| capacity[*pool].is_none() && prices.capacity[*pool] > 0.0;
        (!(0..capacity.len()).any(|pool| free(&pool))).then_some(prices)
    }
    /// The dual's value at some prices.
    fn bound(&self, asked: &[usize], (needs, capacity): (&[Need], &[Option<f64>]), prices: &Prices) -> f64 {
        let of_kind = |kind: &usize| {
            let ways = &self.kinds[*kind];
            let per_work = ways.iter().map(|way| way.price(prices) / way.rate).fold(f64::INFINITY, f64::min);
            let per_hour = ways.iter().map(|way| way.price(prices)).fold(f64::INFINITY, f64::min);
            needs[*kind].work * per_work + needs[*kind].fixed * per_hour
        };
        let spent = |prices: &[f64], limits: &[Option<f64>]| -> f64 {
            prices.iter().zip(limits).map(|(price, limit)| limit.map_or(0.0, |limit| price * limit)).sum()
        };
        asked.iter().map(of_kind).sum::<f64>() - spent(&prices.capacity, capacity) - spent(&prices.budgets, &self.budgets)
    }
}

/// The dual over the ways found so far. Needs and limits are scaled by the total need, so that its numbers are prices.
struct Master<'a> {
    program: &'a Program,
    needs: &'a [Need],
    capacity: &'a [Option<f64>],
    total: f64,
    floor: &'a Prices,
    asked: &'a [usize],
    /// Ways in use of each kind asked for: for its work, and for its fixed hours.
    ways: Vec<[Vec<usize>; 2]>,
}

impl Master<'_> {
    /// Adds the cheapest ways of each kind that are cheaper at some prices than those in use; `false` if there are none.
    fn add_cheapest(&mut self, prices: &Prices) -> bool {
        let mut added = false;
        for (kind, of_kind) in self.asked.iter().zip(&mut self.ways) {
            let all = &self.program.kinds[*kind];
            for (known, for_work) in of_kind.iter_mut().zip([true, false]) {
                let price = |way: usize| all[way].price(prices) / if for_work { all[way].rate } else { 1.0 };
                let best = known.iter().map(|way| price(*way)).fold(f64::INFINITY, f64::min);
                let enough = if best.is_finite() { best - NEAR * best.abs() } else { best };
                let mut cheaper: Vec<usize> = (0..all.len()).filter(|way| price(*way) < enough).collect();
                cheaper.sort_by(|a, b| price(*a).total_cmp(&price(*b)));
                known.extend(cheaper.iter().take(WAYS_A_ROUND));
                added |= !cheaper.is_empty();
            }
        }
        added
    }
    /// Solves it; returns its value and the prices. `None` if the solver cannot.
    fn solve(&self) -> Option<(f64, Prices)> {
        let program = self.program;
        let mut variables = ProblemVariables::new();
        let dearest = program.kinds.iter().flatten().map(|way| way.cost.abs()).fold(1.0, f64::max) * 1e3;
        let prices_of_kinds: Vec<[Variable; 2]> =
            self.asked.iter().map(|_| [variables.add(variable().min(0.0)), variables.add(variable().min(0.0))]).collect();
        let capacity: Vec<Option<Variable>> = (self.capacity.iter().zip(&self.floor.capacity))
            .map(|(limit, floor)| limit.map(|_| variables.add(variable().min(*floor).max(floor + dearest))))
            .collect();
        let budgets: Vec<Option<Variable>> = program.budgets.iter().map(|limit| limit.map(|_| variables.add(variable().min(0.0).max(1.0)))).collect();
        let mut objective = Expression::default();
        for (kind, [per_work, per_hour]) in self.asked.iter().zip(&prices_of_kinds) {
            objective.add_mul(self.needs[*kind].work / self.total, per_work);
            objective.add_mul(self.needs[*kind].fixed / self.total, per_hour);
        }
        for (variable, limit) in capacity.iter().chain(&budgets).zip(self.capacity.iter().chain(&program.budgets)) {
            if let (Some(variable), Some(limit)) = (variable, limit) {
                objective.add_mul(-limit / self.total, variable);
            }
        }
        let mut model = variables.maximise(&objective).using(microlp);
        let rows = (self.asked.iter().zip(&prices_of_kinds).zip(&self.ways)).flat_map(|((kind, [per_work, per_hour]), [for_work, fixed])| {
            let of_work = for_work.iter().map(move |way| (&program.kinds[*kind][*way], *per_work, true));
            of_work.chain(fixed.iter().map(move |way| (&program.kinds[*kind][*way], *per_hour, false)))
        });
        for (way, price_of_kind, for_work) in rows {
            let mut row = Expression::default();
            row.add_mul(if for_work { way.rate } else { 1.0 }, price_of_kind);
            if let Some(price) = capacity[way.pool] {
                row.add_mul(-1.0, price);
            }
            for (budget, amount) in &way.claims {
                if let Some(price) = budgets[*budget] {
                    row.add_mul(-amount, price);
                }
            }
            model.add_constraint(row.leq(way.cost));
        }
        let solution = model.solve().ok()?;
        let value = |variable: &Option<Variable>, floor: f64, most: f64| variable.map_or(0.0, |variable| solution.value(variable).clamp(floor, most));
        let of_capacity = capacity.iter().zip(&self.floor.capacity).map(|(variable, floor)| value(variable, *floor, f64::INFINITY)).collect();
        let prices = Prices { capacity: of_capacity, budgets: budgets.iter().map(|variable| value(variable, 0.0, 1.0)).collect() };
        Some((solution.eval(&objective) * self.total, prices))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(pool: usize, rate: f64, cost: f64) -> Way {
        Way { pool, rate, cost, idle_cost: cost, claims: Vec::new() }
    }

    fn near(actual: Option<f64>, expected: f64) {
        let actual = actual.expect("there is a bound");
        assert!((actual - expected).abs() < 1e-6 * expected.abs().max(1.0), "{actual} is not {expected}");
    }

    #[test]
    fn work_goes_to_the_cheapest_pool_until_it_is_full() {
        // 10 hours of work; the first pool does two an hour at 3 (1.5 each) for at most 2 hours, the second one at 2
        let program = Program { kinds: vec![vec![way(0, 2.0, 3.0), way(1, 1.0, 2.0)]], budgets: vec![] };
        let capacity = [Some(2.0), Some(100.0)];
        near(program.least(&[Need { work: 10.0, fixed: 0.0 }], &capacity), 2.0 * 3.0 + 6.0 * 2.0);
        near(program.least(&[Need { work: 3.0, fixed: 0.0 }], &capacity), 4.5);
        near(program.least(&[Need { work: 0.0, fixed: 3.0 }], &capacity), 6.0);
        near(program.least(&[Need::default()], &capacity), 0.0);
    }

    #[test]
    fn two_kinds_share_a_pool_by_what_it_saves_them() {
        // the second kind saves 9 an hour in the first pool, the first kind 1
        let kinds = vec![vec![way(0, 1.0, 1.0), way(1, 1.0, 2.0)], vec![way(0, 1.0, 1.0), way(1, 1.0, 10.0)]];
        let program = Program { kinds, budgets: vec![] };
        near(
            program.least(&[Need { work: 4.0, fixed: 0.0 }, Need { work: 3.0, fixed: 0.0 }], &[Some(4.0), None]),
            3.0 + 1.0 + 3.0 * 2.0,
        );
    }

    #[test]
    fn a_budget_lowers_the_cost_by_no_more_than_itself() {
        // an hour costs 10, of which 6 can be claimed
        let claimed = Way { claims: vec![(0, 6.0)], ..way(0, 1.0, 4.0) };
        let program = |budget| Program { kinds: vec![vec![claimed.clone()]], budgets: vec![budget] };
        let need = [Need { work: 5.0, fixed: 0.0 }];
        near(program(None).least(&need, &[None]), 20.0);
        near(program(Some(12.0)).least(&need, &[None]), 50.0 - 12.0);
        near(program(Some(0.0)).least(&need, &[None]), 50.0);
    }

    #[test]
    fn hours_that_pay_more_than_they_cost_are_bounded_by_capacity_alone() {
        let paying = Way { idle_cost: -1.0, ..way(0, 1.0, -1.0) };
        let program = Program { kinds: vec![vec![paying]], budgets: vec![] };
        let need = [Need { work: 5.0, fixed: 0.0 }];
        near(program.least(&need, &[Some(7.0)]), -7.0);
        assert_eq!(program.least(&need, &[None]), None);
        assert_eq!(Program { kinds: vec![vec![]], ..program }.least(&need, &[Some(7.0)]), None, "no pool serves it");
    }
}

//! When jobs arrive: the processes behind synthetic workloads.
//!
//! Instants are held as `f64` microseconds, so that rounding to the clock does not add up; they are exact up to 285 years.

use crate::base::Time;
use crate::base::random::{Draws, Stream};
use crate::base::time::{MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_SECOND};
use crate::model::{Arrivals, Calendar, Law, Rate};

/// An arrival process that goes forward in time.
#[derive(Debug)]
pub(super) enum Process {
    /// All at one instant, then none.
    Once { at: Option<f64> },
    /// A Poisson process of constant rate: the mean time between two.
    Constant { between_us: f64 },
    /// A Poisson process of varying rate.
    Varying(Box<Profile>),
    /// A Markov-modulated Poisson process.
    Modulated(Box<Modulated>),
    /// Independent times between arrivals.
    Renewal { between: Law },
}

impl Process {
    /// Starts a process at an instant; `states` is the stream that an MMPP draws its states from. Traces are no process: `None`.
    pub fn start(arrivals: &Arrivals, calendar: &Calendar, states: Stream, at: f64) -> Option<Self> {
        Some(match arrivals {
            Arrivals::AtStart { jobs } => Self::Once { at: (*jobs > 0).then_some(at) },
            Arrivals::Poisson { rate, .. } if rate.sine.is_none() && rate.by_hour.is_none() && rate.by_weekday.is_none() => {
                Self::Constant { between_us: MICROS_PER_SECOND as f64 / rate.mean_per_s }
            }
            Arrivals::Poisson { rate, .. } => Self::Varying(Box::new(Profile::new(rate, calendar))),
            Arrivals::Mmpp { rates_per_s, stays_s, .. } => Self::Modulated(Box::new(Modulated::start(rates_per_s, stays_s, states, at))),
            Arrivals::Renewal { between, .. } => Self::Renewal { between: between.clone() },
            Arrivals::Trace(_) => return None,
        })
    }
    /// Puts another process in this one's place at an instant. An MMPP with as many states stays in its state; any other process starts afresh.
    pub fn replace(&mut self, mut next: Self) {
        if let (Self::Modulated(old), Self::Modulated(new)) = (&*self, &mut next)
            && old.between_us.len() == new.between_us.len()
        {
            (new.state, new.leaves_at, new.visits) = (old.state, old.leaves_at, old.visits);
        }
        *self = next;
    }
    /// Returns the first arrival after `now`; infinity if none comes before `until`.
    #[inline]
    pub fn next(&mut self, now: f64, until: f64, draws: &mut Draws) -> f64 {
        match self {
            Self::Constant { between_us } => now + *between_us * draws.exponential(),
            Self::Once { at } => at.take().unwrap_or(f64::INFINITY),
            Self::Varying(profile) => profile.next(now, until, draws),
            Self::Modulated(modulated) => modulated.next(now, until, draws),
            Self::Renewal { between } => now + between.sample(draws) * MICROS_PER_SECOND as f64,
        }
    }
}

/// A rate that varies with the local hour of the week, and a sine.
///
/// A process of the greatest rate of each hour is made by inversion, hour by hour, and thinned to the sine (Lewis & Shedler 1979): without a sine
/// every candidate is kept.
#[derive(Debug)]
pub(super) struct Profile {
    /// The greatest rate in each hour of the week from Monday, per µs.
    greatest: [f64; HOURS_PER_WEEK],
    /// The sine: mean, amplitude (per µs) and angular frequency (per µs).
    sine: Option<(f64, f64, f64)>,
    /// From the week's start to the scenario's.
    into_week_us: u64,
}

const HOURS_PER_WEEK: usize = 7 * 24;

impl Profile {
    fn new(rate: &Rate, calendar: &Calendar) -> Self {
        let per_us = |per_s: f64| per_s / MICROS_PER_SECOND as f64;
        let sine = rate
            .sine
            .map(|(amplitude, period_s)| (per_us(rate.mean_per_s), per_us(amplitude), std::f64::consts::TAU / (period_s * MICROS_PER_SECOND as f64)));
        let peak = per_us(rate.mean_per_s) + sine.map_or(0.0, |(_, amplitude, _)| amplitude.abs());
        Self { greatest: std::array::from_fn(|hour| peak * hour_weight(rate, hour)), sine, into_week_us: into_week_us(calendar) }
    }
    fn next(&self, mut now: f64, until: f64, draws: &mut Draws) -> f64 {
        while now < until {
            let mut hazard = draws.exponential();
            let Some(candidate) = self.invert(now, until, &mut hazard) else { break };
            match self.sine {
                None => return candidate,
                Some((mean, amplitude, frequency)) => {
                    let rate = mean + amplitude * libm::sin(frequency * candidate);
                    if draws.unit() * (mean + amplitude.abs()) < rate {
                        return candidate;
                    }
                }
            }
            now = candidate;
        }
        f64::INFINITY
    }
    /// Returns the instant at which the greatest rate since `now` sums up to `hazard`.
    fn invert(&self, mut now: f64, until: f64, hazard: &mut f64) -> Option<f64> {
        let week_us = (HOURS_PER_WEEK as u64 * MICROS_PER_HOUR) as f64;
        let week: f64 = self.greatest.iter().sum::<f64>() * MICROS_PER_HOUR as f64;
        if week <= 0.0 {
            return None;
        }
        let weeks = (*hazard / week).trunc();
        *hazard -= weeks * week;
        now += weeks * week_us;
        while now < until {
            let into_week = (now + self.into_week_us as f64) / MICROS_PER_HOUR as f64;
            let hour = into_week as u64;
            let hour_ends = ((hour + 1) * MICROS_PER_HOUR) as f64 - self.into_week_us as f64;
            let rate = self.greatest[(hour % HOURS_PER_WEEK as u64) as usize];
            let in_hour = rate * (hour_ends - now);
            if *hazard < in_hour {
                return Some(now + *hazard / rate);
            }
            *hazard -= in_hour;
            now = hour_ends;
        }
        None
    }
}

/// Returns the time from the week's start, Monday at midnight, to the scenario's.
fn into_week_us(calendar: &Calendar) -> u64 {
    let weekday = u64::from(calendar.start.date().weekday().to_monday_zero_offset().unsigned_abs());
    weekday * MICROS_PER_DAY + calendar.start_of_day_offset_us()
}

/// Returns the weight of an hour of the week.
fn hour_weight(rate: &Rate, hour_of_week: usize) -> f64 {
    rate.by_hour.map_or(1.0, |weights| weights[hour_of_week % 24]) * rate.by_weekday.map_or(1.0, |weights| weights[hour_of_week / 24])
}

/// Returns the mean rate per second between two instants, by the midpoints of steps of five minutes.
pub(super) fn mean_rate(rate: &Rate, calendar: &Calendar, from: Time, to: Time) -> f64 {
    const STEP_US: u64 = MICROS_PER_HOUR / 12;
    let into_week_us = into_week_us(calendar);
    let at = |micros: u64| {
        let hour = (micros + into_week_us) / MICROS_PER_HOUR % HOURS_PER_WEEK as u64;
        let sine = rate.sine.map_or(0.0, |(amplitude, period_s)| {
            amplitude * libm::sin(std::f64::consts::TAU * micros as f64 / (period_s * MICROS_PER_SECOND as f64))
        });
        (rate.mean_per_s + sine).max(0.0) * hour_weight(rate, hour as usize)
    };
    let steps = (to.0 - from.0).div_ceil(STEP_US).max(1);
    (0..steps).map(|step| at(from.0 + step * STEP_US + STEP_US / 2)).sum::<f64>() / steps as f64
}

/// A Poisson process whose rate is that of the present state; states follow each other in turn and last for exponential times.
#[derive(Debug)]
pub(super) struct Modulated {
    /// Mean time between arrivals in each state; infinite where none comes.
    between_us: Vec<f64>,
    stays_us: Vec<f64>,
    states: Stream,
    visits: u64,
    state: usize,
    leaves_at: f64,
}

impl Modulated {
    /// Starts in equilibrium: in a state with the probability of its share of time.
    fn start(rates_per_s: &[f64], stays_s: &[f64], states: Stream, at: f64) -> Self {
        let mut draws = states.at(0);
        let mut point = draws.unit() * stays_s.iter().sum::<f64>();
        let mut state = 0;
        while state + 1 < stays_s.len() && point >= stays_s[state] {
            point -= stays_s[state];
            state += 1;
        }
        let micros = MICROS_PER_SECOND as f64;
        let stays_us: Vec<f64> = stays_s.iter().map(|stay| stay * micros).collect();
        let leaves_at = at + stays_us[state] * draws.exponential();
        Self { between_us: rates_per_s.iter().map(|rate| micros / rate).collect(), stays_us, states, visits: 1, state, leaves_at }
    }
    fn next(&mut self, mut now: f64, until: f64, draws: &mut Draws) -> f64 {
        if self.between_us.iter().all(|between| between.is_infinite()) {
            return f64::INFINITY;
        }
        while now < until {
            let candidate = now + self.between_us[self.state] * draws.exponential();
            if candidate < self.leaves_at {
                return candidate;
            }
            now = self.leaves_at;
            self.state = (self.state + 1) % self.stays_us.len();
            self.leaves_at = now + self.stays_us[self.state] * self.states.at(self.visits).exponential();
            self.visits += 1;
        }
        f64::INFINITY
    }
}

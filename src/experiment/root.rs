//! Where a function that takes long to evaluate meets a target.

/// A search for a root between two ends by Chandrupatla's method (1997, "A new hybrid quadratic/bisection algorithm for finding the zero of a
/// nonlinear function without using derivatives"): inverse quadratic interpolation where the last three points allow it, else the middle. The root
/// stays between two points that were evaluated. Where something near the root is known, secants from there seek the two points first. It draws
/// nothing: the same answers give the same questions.
#[derive(Clone, PartialEq, Debug)]
pub struct Root {
    tolerance: f64,
    ends: (f64, f64),
    /// Where the search starts if not at the ends, and a point that is presumed until there are two.
    start: Option<(f64, Point)>,
    /// Whether only whole numbers are asked for.
    whole: bool,
    /// What was evaluated, in order.
    told: Vec<Point>,
    /// The last point and the end on its other side, if there is one.
    bracket: Option<(Point, Point)>,
    /// Where between them the next point lies, as a share of the way from the last.
    share: f64,
}

/// A place and the value there.
type Point = (f64, f64);

/// Secants from a start that may all end on one side before the ends are tried.
const SECANTS: usize = 4;
/// The share of the range in which a function is taken for a line at first.
const NEAR: f64 = 0.25;
/// How many tolerances a point is off if what the function does within the tolerance is not to matter for a slope.
const OFF: f64 = 3.0;

/// What to do next.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Step {
    /// Evaluate here.
    Try(f64),
    /// The value here is within the tolerance, and the nearest to the target.
    Found(f64),
    /// The ends do not lie on two sides of the target.
    NoBracket,
    /// The bracket has no number left between its ends, and the function jumps over the target there.
    Jump(f64, f64),
}

impl Root {
    /// Starts a search between two ends, of which the first is the lower one, for a value of at most the tolerance.
    pub fn between(low: f64, high: f64, tolerance: f64) -> Self {
        assert!(low < high && tolerance >= 0.0, "a search needs a range and a tolerance");
        Self { tolerance, ends: (low, high), start: None, whole: false, told: Vec::new(), bracket: None, share: 0.5 }
    }
    /// Starts at a point between the ends instead, and goes on along the line through what it finds there and a point that is only presumed.
    pub fn starting_at(self, start: f64, presumed: (f64, f64)) -> Self {
        assert!(self.ends.0 <= start && start <= self.ends.1, "a search starts between its ends");
        Self { start: Some((start, presumed)), ..self }
    }
    /// Asks only for whole numbers, also at the ends.
    pub fn in_whole_numbers(self) -> Self {
        Self { whole: true, ends: (self.ends.0.ceil(), self.ends.1.floor()), ..self }
    }
    /// Tells the value (less the target) of the point that was asked for, or of one near it.
    pub fn tell(&mut self, at: f64, value: f64) {
        let next = (at, value);
        match self.bracket {
            None => {
                let opposite = self.told.iter().filter(|(_, other)| other * value < 0.0);
                if let Some(other) = opposite.min_by(|a, b| (a.0 - at).abs().total_cmp(&(b.0 - at).abs())).copied() {
                    let (last, other) = if other.1.abs() < value.abs() { (other, next) } else { (next, other) };
                    self.bracket = Some((last, other));
                    // Near the root a line is better than the middle.
                    let near = self.start.is_some() && (last.0 - other.0).abs() < NEAR * (self.ends.1 - self.ends.0);
                    self.share = if near { last.1 / (last.1 - other.1) } else { 0.5 };
                }
            }
            Some((last, other)) => {
                let (other, third) = if value * last.1 > 0.0 { (other, last) } else { (last, other) };
                self.bracket = Some((next, other));
                self.share = share(next, other, third);
            }
        }
        self.told.push(next);
    }
    /// Says what to do next.
    pub fn step(&self) -> Step {
        let found = self.told.iter().filter(|(_, value)| value.abs() <= self.tolerance);
        if let Some((at, _)) = found.min_by(|a, b| a.1.abs().total_cmp(&b.1.abs())) {
            return Step::Found(*at);
        }
        let Some((last, other)) = self.bracket else { return self.without_bracket() };
        let (low, high) = (last.0.min(other.0), last.0.max(other.0));
        let next = last.0 + self.share * (other.0 - last.0);
        if self.whole {
            return if high - low > 1.0 { Step::Try(next.round().clamp(low + 1.0, high - 1.0)) } else { Step::Jump(low, high) };
        }
        if low < next && next < high { Step::Try(next) } else { Step::Jump(low, high) }
    }

    /// Says what to do next as long as all points lie on one side of the target.
    fn without_bracket(&self) -> Step {
        let tried = |at: f64| self.told.iter().any(|(known, _)| *known == at);
        let secant = match (self.told.as_slice(), self.start) {
            ([], Some((start, _))) => Some(start),
            ([only], Some((_, presumed))) => Some(crossing(presumed, *only)),
            ([.., before, last], Some(_)) if self.told.len() <= SECANTS => Some(crossing(*before, *last)),
            _ => None,
        };
        let secant = secant.filter(|at| !at.is_nan()).map(|at| if self.whole { at.round() } else { at });
        let within = secant.map(|at| at.clamp(self.ends.0, self.ends.1));
        match within.into_iter().chain([self.ends.0, self.ends.1]).find(|at| !tried(*at)) {
            Some(next) => Step::Try(next),
            None => Step::NoBracket,
        }
    }

    /// Returns what was evaluated, in order.
    pub fn told(&self) -> &[(f64, f64)] {
        &self.told
    }
    /// Returns the slope of the function at a point: that of the line through it and the nearest point on the other side of the target, or the
    /// nearest at all, of those that are further from its value than the tolerance by far; none if there are none.
    pub fn slope_at(&self, at: f64) -> Option<f64> {
        let value = self.told.iter().find(|(known, _)| *known == at)?.1;
        let others = || self.told.iter().filter(|(_, other)| *other != value && (other - value).abs() >= OFF * self.tolerance);
        let near = |points: &mut dyn Iterator<Item = &(f64, f64)>| points.min_by(|a, b| (a.0 - at).abs().total_cmp(&(b.0 - at).abs())).copied();
        let (other, of_other) = near(&mut others().filter(|(_, other)| other * value < 0.0)).or_else(|| near(&mut others()))?;
        Some((of_other - value) / (other - at))
    }
    /// Returns a point beside one, from which its slope can be told: a tenth of the way to the farther end.
    pub fn beside(&self, at: f64) -> f64 {
        let (low, high) = self.ends;
        let way = if at - low > high - at { low - at } else { high - at };
        if self.whole { at + (0.1 * way).abs().ceil() * way.signum() } else { at + 0.1 * way }
    }
}

/// Returns where the line through two points crosses zero.
fn crossing(one: Point, other: Point) -> f64 {
    other.0 - other.1 * (other.0 - one.0) / (other.1 - one.1)
}

/// Returns where between the last point and the other end the next lies: by inverse quadratic interpolation where it may be trusted.
fn share(last: Point, other: Point, third: Point) -> f64 {
    const NEAREST: f64 = 1e-6;
    let along = (last.0 - other.0) / (third.0 - other.0);
    let up = (last.1 - other.1) / (third.1 - other.1);
    if up * up >= along || (1.0 - up) * (1.0 - up) >= 1.0 - along {
        return 0.5;
    }
    let quadratic = (last.1 / (other.1 - last.1)) * (third.1 / (other.1 - third.1))
        + ((third.0 - last.0) / (other.0 - last.0)) * (last.1 / (third.1 - last.1)) * (other.1 / (third.1 - other.1));
    quadratic.clamp(NEAREST, 1.0 - NEAREST)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches by at most so many evaluations; returns the last step and how many there were.
    fn search(low: f64, high: f64, tolerance: f64, most: usize, function: impl Fn(f64) -> f64) -> (Step, usize) {
        go_on(Root::between(low, high, tolerance), most, function)
    }

    fn go_on(mut root: Root, most: usize, function: impl Fn(f64) -> f64) -> (Step, usize) {
        loop {
            match root.step() {
                Step::Try(at) if root.told().len() < most => root.tell(at, function(at)),
                step => return (step, root.told().len()),
            }
        }
    }

    /// To one per cent of the target, as a search is usually asked for.
    #[test]
    fn curves_take_at_most_nine_evaluations() {
        type Curve = fn(f64) -> f64;
        let curves: [(&str, Curve, f64, usize); 8] = [
            ("line", |x| 3.0 * x, 1.0, 4),
            ("square", |x| x * x, 0.2, 7),
            ("steep", |x| libm::exp(8.0 * x), 100.0, 7),
            ("flat", |x| libm::pow(x, 9.0), 0.05, 8),
            ("falling", |x| 1.0 - x.sqrt(), 0.6, 5),
            ("budget", |x| (100.0 * x).min(60.0), 59.0, 8),
            ("late", |x| (100.0 * (x - 0.7)).max(0.0), 2.0, 9),
            ("step, rounded", |x| 50.0 * libm::tanh(20.0 * (x - 0.3)), 10.0, 8),
        ];
        for (name, curve, target, most) in curves {
            let (step, count) = search(0.0, 1.0, 0.01 * target, 10, |x| curve(x) - target);
            assert!(matches!(step, Step::Found(x) if (curve(x) - target).abs() <= 0.01 * target), "{name}: {step:?} after {count}");
            assert!(count <= most, "{name}: {count}");
        }
    }

    #[test]
    fn an_end_may_be_the_root_and_ends_on_one_side_are_none() {
        assert_eq!(search(0.0, 1.0, 0.1, 10, |x| x), (Step::Found(0.0), 1));
        assert_eq!(search(0.0, 1.0, 0.1, 10, |x| x - 1.0), (Step::Found(1.0), 2));
        assert_eq!(search(0.0, 1.0, 0.1, 10, |x| x + 1.0), (Step::NoBracket, 2));
    }

    #[test]
    fn a_jump_is_closed_in_and_told() {
        let step = |x: f64| if x < 0.3 { -1.0 } else { 1.0 };
        let (last, count) = search(0.0, 1.0, 0.1, 10, step);
        assert!(matches!(last, Step::Try(x) if (x - 0.3).abs() < 0.1) && count == 10, "{last:?}");
        let (last, _) = search(0.0, 1.0, 0.1, 1000, step);
        assert!(matches!(last, Step::Jump(low, high) if low < 0.3 && 0.3 <= high && high - low < 1e-9), "{last:?}");
    }

    #[test]
    fn from_near_the_root_it_takes_few_evaluations_and_from_anywhere_it_finds_it() {
        type Curve = fn(f64) -> f64;
        let curves: [(&str, Curve, f64, usize); 6] = [
            ("line", |x| 3.0 * x, 0.6, 2),
            ("square", |x| x * x, 0.05, 4),
            ("steep", |x| libm::exp(8.0 * x), 10.0, 6),
            ("falling", |x| 1.0 - x.sqrt(), 0.6, 7),
            ("budget", |x| (100.0 * x).min(60.0), 59.0, 3),
            ("late", |x| (100.0 * (x - 0.7)).max(0.0), 2.0, 9),
        ];
        for (name, curve, target, most) in curves {
            let root = Root::between(0.0, 1.0, 0.01 * target).starting_at(0.25, (0.0, -target));
            let (step, count) = go_on(root, 10, |x| curve(x) - target);
            assert!(matches!(step, Step::Found(x) if (curve(x) - target).abs() <= 0.01 * target), "{name}: {step:?} after {count}");
            assert!(count <= most, "{name}: {count}");
        }
        let one_sided = |function: fn(f64) -> f64| go_on(Root::between(0.0, 1.0, 0.1).starting_at(0.25, (0.0, -1.0)), 10, function).0;
        assert_eq!(
            (one_sided(|x| x - 2.0), one_sided(|x| x + 1.0), one_sided(|_| 1.0)),
            (Step::NoBracket, Step::NoBracket, Step::NoBracket)
        );
    }

    #[test]
    fn whole_numbers_are_tried_until_none_is_left() {
        let whole = |function: fn(f64) -> f64| go_on(Root::between(0.0, 40.0, 0.1).in_whole_numbers().starting_at(20.0, (0.0, -7.0)), 20, function);
        assert!(matches!(whole(|x| x - 7.0), (Step::Found(at), 2..=4) if at == 7.0));
        assert!(matches!(whole(|x| x * x / 7.0 - 7.5), (Step::Jump(low, high), _) if (low, high) == (7.0, 8.0)));
        assert!((whole(|x| x - 70.0).0) == Step::NoBracket);
    }

    #[test]
    fn a_slope_needs_a_point_that_is_off() {
        let mut root = Root::between(0.0, 1.0, 1.0).starting_at(0.5, (0.0, -10.0));
        root.tell(0.5, 0.4);
        root.tell(0.48, -0.2);
        assert_eq!((root.step(), root.slope_at(0.48)), (Step::Found(0.48), None));
        assert!((root.beside(0.48) - 0.532).abs() < 1e-12);
        root.tell(0.532, 3.8);
        assert!((root.slope_at(0.48).unwrap() - 4.0 / 0.052).abs() < 1e-9);
        assert_eq!(root.in_whole_numbers().beside(1.0), 0.0);
    }

    #[test]
    fn the_slope_is_that_of_the_nearest_line_over_the_target() {
        let mut root = Root::between(0.0, 1.0, 1e-6);
        assert_eq!(root.slope_at(0.0), None);
        for (at, value) in [(0.0, -2.0), (1.0, 4.0), (0.4, -0.5)] {
            root.tell(at, value);
        }
        assert!((root.slope_at(0.4).unwrap() - 7.5).abs() < 1e-12);
    }
}

//! Where a function that takes long to evaluate meets a target.

/// A search for a root between two ends by Chandrupatla's method (1997, "A new hybrid quadratic/bisection algorithm for finding the zero of a
/// nonlinear function without using derivatives"): inverse quadratic interpolation where the last three points allow it, else the middle. The root
/// stays between two points that were evaluated. It draws nothing: the same answers give the same questions.
#[derive(Clone, PartialEq, Debug)]
pub struct Root {
    tolerance: f64,
    ends: (f64, f64),
    /// What was evaluated, in order.
    told: Vec<(f64, f64)>,
    /// The last point and the end on its other side, if there is one.
    bracket: Option<(Point, Point)>,
    /// Where between them the next point lies, as a share of the way from the last.
    share: f64,
}

/// A place and the value there.
type Point = (f64, f64);

/// What to do next.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Step {
    /// Evaluate here.
    Try(f64),
    /// The value here is within the tolerance.
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
        Self { tolerance, ends: (low, high), told: Vec::new(), bracket: None, share: 0.5 }
    }
    /// Tells the value (less the target) of the point that was asked for, or of one near it.
    pub fn tell(&mut self, at: f64, value: f64) {
        self.told.push((at, value));
        match (self.told.as_slice(), self.bracket) {
            ([first, second], None) if first.1 * second.1 < 0.0 => {
                self.bracket = Some(if first.1.abs() < second.1.abs() { (*first, *second) } else { (*second, *first) });
            }
            (_, Some((last, other))) => {
                let next = (at, value);
                let (other, third) = if value * last.1 > 0.0 { (other, last) } else { (last, other) };
                self.bracket = Some((next, other));
                self.share = share(next, other, third);
            }
            _ => {}
        }
    }
    /// Says what to do next.
    pub fn step(&self) -> Step {
        if let Some((at, _)) = self.told.iter().find(|(_, value)| value.abs() <= self.tolerance) {
            return Step::Found(*at);
        }
        match self.told.len() {
            0 => return Step::Try(self.ends.0),
            1 => return Step::Try(self.ends.1),
            _ => {}
        }
        let Some((last, other)) = self.bracket else { return Step::NoBracket };
        let next = last.0 + self.share * (other.0 - last.0);
        let (low, high) = (last.0.min(other.0), last.0.max(other.0));
        if low < next && next < high { Step::Try(next) } else { Step::Jump(low, high) }
    }
    /// Returns what was evaluated, in order.
    pub fn told(&self) -> &[(f64, f64)] {
        &self.told
    }
    /// Returns the slope of the function at a point: that of the line through it and the nearest point on the other side of the target, or the
    /// nearest at all; none of a single point.
    pub fn slope_at(&self, at: f64) -> Option<f64> {
        let value = self.told.iter().find(|(known, _)| *known == at)?.1;
        let others = || self.told.iter().filter(|(known, other)| *known != at && *other != value);
        let near = |points: &mut dyn Iterator<Item = &(f64, f64)>| points.min_by(|a, b| (a.0 - at).abs().total_cmp(&(b.0 - at).abs())).copied();
        let (other, of_other) = near(&mut others().filter(|(_, other)| other * value < 0.0)).or_else(|| near(&mut others()))?;
        Some((of_other - value) / (other - at))
    }
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
        let mut root = Root::between(low, high, tolerance);
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
    fn the_slope_is_that_of_the_nearest_line_over_the_target() {
        let mut root = Root::between(0.0, 1.0, 1e-6);
        assert_eq!(root.slope_at(0.0), None);
        for (at, value) in [(0.0, -2.0), (1.0, 4.0), (0.4, -0.5)] {
            root.tell(at, value);
        }
        assert!((root.slope_at(0.4).unwrap() - 7.5).abs() < 1e-12);
    }
}

//! What a sweep varies, and the points at which it looks: grids, one factor at a time, Latin hypercubes.

use crate::base::random::Seed;

/// A key of a scenario and the values that it takes, as they are set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Factor {
    /// The path.
    pub path: String,
    /// The values.
    pub values: Vec<String>,
}

/// A key of a scenario and the numbers between which it lies.
#[derive(Clone, PartialEq, Debug)]
pub struct Range {
    /// The path.
    pub path: String,
    /// The least.
    pub low: f64,
    /// The most.
    pub high: f64,
    /// The unit behind the number; empty for a bare number.
    pub unit: String,
}

/// What is set at a point: paths and values, in order.
pub type Point = Vec<(String, String)>;

impl Factor {
    /// Reads `PATH=V1,V2,…`; commas in quotes and brackets part nothing.
    ///
    /// # Errors
    /// There is no path, no value, or the same value twice.
    pub fn read(text: &str) -> Result<Self, String> {
        let (path, values) = split_path(text)?;
        let values: Vec<String> = split_values(values).into_iter().map(str::to_owned).collect();
        if values.iter().any(String::is_empty) {
            return Err(format!("`{text}` has an empty value"));
        }
        if let Some(twice) = values.iter().enumerate().find(|(at, value)| values[..*at].contains(value)) {
            return Err(format!("`{text}` has the value `{}` twice", twice.1));
        }
        Ok(Self { path: path.to_owned(), values })
    }
}

impl Range {
    /// Reads `PATH=0..0.6` or `PATH=0.2..0.6 CNY/kWh`.
    ///
    /// # Errors
    /// There is no path, an end is no number, or the first is not below the second.
    pub fn read(text: &str) -> Result<Self, String> {
        let (path, range) = split_path(text)?;
        let range = range.trim_matches('"');
        let (low, high) = range.split_once("..").ok_or_else(|| format!("`{text}` is not a range: write `{path}=0..0.6`"))?;
        let end = |end: &str| number_and_unit(end).map(|(number, unit)| (number, unit.to_owned()));
        let (low, high) = end(low).zip(end(high)).ok_or_else(|| format!("`{text}` is not a range of numbers: write `{path}=0..0.6`"))?;
        if !low.1.is_empty() && low.1 != high.1 {
            return Err(format!("`{text}` has two units: write both ends in one, `{path}=1..2 {}`", high.1));
        }
        if low.0 >= high.0 {
            return Err(format!("`{text}` is empty: the first end must be below the second"));
        }
        Ok(Self { path: path.to_owned(), low: low.0, high: high.0, unit: high.1 })
    }
    /// Writes a number of the range as it is set.
    pub fn value(&self, number: f64) -> String {
        written(number, &self.unit)
    }
}

/// Writes a number with its unit, as a scenario takes it.
pub fn written(number: f64, unit: &str) -> String {
    if unit.is_empty() { number.to_string() } else { format!("{number} {unit}") }
}

/// Parts a number from the unit behind it; none if it does not begin with a finite number.
pub fn number_and_unit(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let ends = text.char_indices().map(|(at, character)| at + character.len_utf8()).rev();
    let (end, number) = ends.filter_map(|end| Some((end, text[..end].parse::<f64>().ok()?))).find(|(_, number)| number.is_finite())?;
    Some((number, text[end..].trim()))
}

fn split_path(text: &str) -> Result<(&str, &str), String> {
    let (path, values) = text.split_once('=').ok_or_else(|| format!("`{text}` varies nothing: write `PATH=VALUE,VALUE`"))?;
    if path.trim().is_empty() {
        return Err(format!("`{text}` has no path before its `=`"));
    }
    Ok((path.trim(), values.trim()))
}

/// Splits at commas that stand in no quote and no bracket.
fn split_values(text: &str) -> Vec<&str> {
    let (mut depth, mut quote, mut escaped, mut from) = (0_usize, None, false, 0);
    let mut values = Vec::new();
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some('"'), '\\') if !escaped => {
                escaped = true;
                continue;
            }
            (Some(open), _) if character == open && !escaped => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, '[' | '{' | '(') => depth += 1,
            (None, ']' | '}' | ')') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                values.push(text[from..at].trim());
                from = at + 1;
            }
            (None, _) => {}
        }
        escaped = false;
    }
    values.push(text[from..].trim());
    values
}

/// Lists all combinations of all values; the last factor varies fastest.
pub fn grid(factors: &[Factor]) -> Vec<Point> {
    factors.iter().fold(vec![Vec::new()], |points, factor| {
        let with = |point: &Point, value: &String| point.iter().cloned().chain([(factor.path.clone(), value.clone())]).collect();
        points.iter().flat_map(|point| factor.values.iter().map(move |value| with(point, value)).collect::<Vec<Point>>()).collect()
    })
}

/// Counts the points of a grid, as far as 64 bits go.
pub fn grid_size(factors: &[Factor]) -> u64 {
    factors.iter().fold(1, |size: u64, factor| size.saturating_mul(factor.values.len() as u64))
}

/// Lists the scenario as it is, and then each value of each factor alone.
pub fn one_at_a_time(factors: &[Factor]) -> Vec<Point> {
    let alone = factors.iter().flat_map(|factor| factor.values.iter().map(|value| vec![(factor.path.clone(), value.clone())]));
    std::iter::once(Vec::new()).chain(alone).collect()
}

/// Draws so many points that each of as many equal strata of each range holds exactly one (McKay, Beckman & Conover 1979, "A comparison of three
/// methods for selecting values of input variables"); `whole` tells where only whole numbers are taken. Each range has a stream of its own, so that
/// another range changes nothing for those that were there.
pub fn latin_hypercube(ranges: &[Range], points: u64, seed: u64, whole: impl Fn(&str) -> bool) -> Vec<Point> {
    let columns: Vec<Vec<(String, String)>> = ranges
        .iter()
        .map(|range| {
            let stream = Seed { seed, replication: 0 }.stream(&range.path, "latin hypercube");
            let mut strata: Vec<u64> = (0..points).collect();
            for at in (1..points).rev() {
                strata.swap(at as usize, stream.at(at).below(at + 1) as usize);
            }
            let draw = |(at, stratum): (u64, u64)| {
                let mut draws = stream.at(points + at);
                let share = (stratum as f64 + draws.unit()) / points as f64;
                let number = range.low + (range.high - range.low) * share;
                (range.path.clone(), range.value(if whole(&range.path) { number.round() } else { number }))
            };
            (0..points).zip(strata).map(draw).collect()
        })
        .collect();
    (0..points as usize).map(|at| columns.iter().map(|column| column[at].clone()).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factor(text: &str) -> Factor {
        Factor::read(text).unwrap()
    }

    #[test]
    fn commas_part_values_only_outside_of_quotes_and_brackets() {
        assert_eq!(factor("subsidy.x.rate=0,0.1, 0.2").values, ["0", "0.1", "0.2"]);
        assert_eq!(factor("policy.place=nearest,cheapest(wait_h=4,x=1)").values, ["nearest", "cheapest(wait_h=4,x=1)"]);
        assert_eq!(factor(r#"a.b=["x,y", "z"],'p,q',"r\",s""#).values, [r#"["x,y", "z"]"#, "'p,q'", r#""r\",s""#]);
        assert_eq!(factor("a={x=1,y=2},3").values, ["{x=1,y=2}", "3"]);
        for wrong in ["a.b", "=1,2", "a=", "a=1,,2", "a=1,1"] {
            assert!(Factor::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ranges_have_one_unit() {
        assert_eq!(Range::read("a.b=0..0.6").unwrap(), Range { path: "a.b".to_owned(), low: 0.0, high: 0.6, unit: String::new() });
        let priced = Range::read("a=0.2..0.6 CNY/kWh").unwrap();
        assert_eq!((priced.unit.as_str(), priced.value(0.25).as_str()), ("CNY/kWh", "0.25 CNY/kWh"));
        assert_eq!(Range::read("a=1 h..2 h").unwrap().unit, "h");
        assert_eq!(Range::read("a=-1..1e3").unwrap().high, 1000.0);
        for wrong in ["a=0.6", "a=1..0", "a=1..1", "a=x..2", "a=1 d..2 h", "a=nan..1"] {
            assert!(Range::read(wrong).is_err(), "{wrong}");
        }
        assert_eq!(number_and_unit("65M CNY"), Some((65.0, "M CNY")));
        assert_eq!(number_and_unit("2.5亿元"), Some((2.5, "亿元")));
        assert_eq!(number_and_unit("unlimited"), None);
    }

    #[test]
    fn grids_are_all_combinations_and_one_at_a_time_none() {
        let factors = [factor("a=1,2"), factor("b=x,y,z")];
        let point = |values: &[(&str, &str)]| values.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect::<Point>();
        let grid = grid(&factors);
        assert_eq!((grid.len() as u64, grid_size(&factors)), (6, 6));
        assert_eq!(grid[1], point(&[("a", "1"), ("b", "y")]));
        assert_eq!(grid[3], point(&[("a", "2"), ("b", "x")]));
        let alone = one_at_a_time(&factors);
        assert_eq!(alone.len(), 6);
        assert_eq!((alone[0].clone(), alone[2].clone(), alone[3].clone()), (Vec::new(), point(&[("a", "2")]), point(&[("b", "x")])));
    }

    #[test]
    fn every_stratum_of_every_range_holds_one_point() {
        let ranges = [Range::read("a=0..1").unwrap(), Range::read("b=10..30 h").unwrap()];
        let points = latin_hypercube(&ranges, 20, 7, |_| false);
        let stratum = |value: &str, low: f64, width: f64| ((number_and_unit(value).unwrap().0 - low) / width) as usize;
        let mut of_a: Vec<usize> = points.iter().map(|point| stratum(&point[0].1, 0.0, 0.05)).collect();
        let of_b: Vec<usize> = points.iter().map(|point| stratum(&point[1].1, 10.0, 1.0)).collect();
        assert_ne!(of_a, of_b, "the ranges are paired at random");
        of_a.sort_unstable();
        assert_eq!(of_a, (0..20).collect::<Vec<_>>());
        let mut sorted = of_b;
        sorted.sort_unstable();
        assert_eq!(sorted, of_a);
        assert_eq!(points, latin_hypercube(&ranges, 20, 7, |_| false));
        assert_ne!(points, latin_hypercube(&ranges, 20, 8, |_| false));
        let alone = latin_hypercube(&ranges[1..], 20, 7, |_| true);
        assert!(alone.iter().all(|point| number_and_unit(&point[0].1).unwrap().0.fract() == 0.0));
    }
}

//! A part of an experiment that one of several machines runs: `3/64`.

use std::fmt;
use std::str::FromStr;

/// Part `number` of `of`; parts are dealt out by turns, so that each gets short and long runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shard {
    /// Its number, from one.
    pub number: u64,
    /// How many there are.
    pub of: u64,
}

impl Shard {
    /// The whole experiment.
    pub const ALL: Self = Self { number: 1, of: 1 };
    /// Tells whether the unit of work at this place belongs to the part.
    pub fn has(self, place: usize) -> bool {
        place as u64 % self.of == self.number - 1
    }
}

impl FromStr for Shard {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match parts {
            Some((number, of)) if 1 <= number && number <= of => Ok(Self { number, of }),
            _ => Err("a shard is written `3/64`: the third of sixty-four, counted from 1".to_owned()),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_belongs_to_one_shard() {
        for of in 1..9 {
            for place in 0..40 {
                assert_eq!((1..=of).filter(|number| Shard { number: *number, of }.has(place)).count(), 1);
            }
        }
    }

    #[test]
    fn only_parts_of_a_whole_are_shards() {
        assert_eq!("3/64".parse(), Ok(Shard { number: 3, of: 64 }));
        for text in ["0/4", "5/4", "3", "a/b", "-1/3", "1/0", "1/2/3", ""] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}

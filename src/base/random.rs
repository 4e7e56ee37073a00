//! Named random streams: a key per purpose, a value per index.
//!
//! The key of a stream is derived once with BLAKE3 from (seed, replication, source, purpose). The value for index *k* then
//! comes from Philox2x64-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), a counter-based generator:
//! job *k* draws the same numbers whatever the policy does, which is what makes paired comparison work.

/// What a run's randomness starts from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seed {
    /// The scenario's or the command line's seed.
    pub seed: u64,
    /// The number of the replication, from zero.
    pub replication: u64,
}

/// A stream of random numbers that is addressed by index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stream {
    key: u64,
    tweak: u64,
}

impl Seed {
    /// Derives the stream of one source (a workload, a pool, a subsidy) and one purpose (`"work"`, `"failure"`).
    pub fn stream(self, source: &str, purpose: &str) -> Stream {
        let mut hasher = blake3::Hasher::new_derive_key("edwc 2026-11 random streams");
        hasher.update(&self.seed.to_le_bytes());
        hasher.update(&self.replication.to_le_bytes());
        for part in [source, purpose] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let digest = hasher.finalize();
        let word = |at: usize| u64::from_le_bytes(digest.as_bytes()[at..at + 8].try_into().expect("eight bytes"));
        Stream { key: word(0), tweak: word(8) }
    }
}

impl Stream {
    /// Opens the generator of index `index`: as many values as one entity needs, independent of every other index.
    pub fn at(self, index: u64) -> Draws {
        Draws { key: self.key, index: index ^ self.tweak, block: 0, spare: None }
    }
}

/// The values of one index of a [`Stream`].
#[derive(Clone, Debug)]
pub struct Draws {
    key: u64,
    index: u64,
    block: u64,
    spare: Option<u64>,
}

impl Draws {
    /// Returns the next 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let [first, second] = philox2x64([self.index, self.block], self.key);
        self.block += 1;
        self.spare = Some(second);
        first
    }
    /// Returns a uniform number in [0, 1) with 53 bits.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }
    /// Returns a uniform number in (0, 1].
    pub fn open_unit(&mut self) -> f64 {
        ((self.bits() >> 11) + 1) as f64 * (1.0 / (1_u64 << 53) as f64)
    }
    /// Returns a uniform integer below `bound`, which must not be zero (Lemire 2019, without rejection: the bias is below 2⁻³² for the
    /// bounds used here, which are counts of nodes and tenants).
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "a draw needs at least one outcome");
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }
}

impl rand::TryRng for Draws {
    type Error = std::convert::Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok((self.bits() >> 32) as u32)
    }
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(self.bits())
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for chunk in bytes.chunks_mut(8) {
            let word = self.bits().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

/// One block of Philox2x64 with ten rounds; constants from the paper.
#[inline]
fn philox2x64(mut counter: [u64; 2], mut key: u64) -> [u64; 2] {
    for _ in 0..10 {
        let product = u128::from(counter[0]) * 0xD2B7_4407_B1CE_6E93;
        counter = [(product >> 64) as u64 ^ key ^ counter[1], product as u64];
        key = key.wrapping_add(0x9E37_79B9_7F4A_7C15);
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers of Random123 1.14 (`kat_vectors`, philox2x64 10 rounds).
    #[test]
    fn philox_gives_the_published_vectors() {
        assert_eq!(philox2x64([0, 0], 0), [0xca00_a045_9843_d731, 0x66c2_4222_c9a8_45b5]);
        assert_eq!(philox2x64([u64::MAX, u64::MAX], u64::MAX), [0x65b0_21d6_0cd8_310f, 0x4d02_f322_2f86_df20]);
        assert_eq!(
            philox2x64([0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344], 0xa409_3822_299f_31d0),
            [0x0a5e_742c_2997_341c, 0xb0f8_83d3_8000_de5d]
        );
    }

    #[test]
    fn streams_differ_by_every_part_of_their_name() {
        let seed = Seed { seed: 1, replication: 0 };
        let draws = [
            seed.stream("a", "b").at(0).bits(),
            seed.stream("a", "c").at(0).bits(),
            seed.stream("ab", "").at(0).bits(),
            seed.stream("a", "b").at(1).bits(),
            Seed { replication: 1, ..seed }.stream("a", "b").at(0).bits(),
            Seed { seed: 2, ..seed }.stream("a", "b").at(0).bits(),
        ];
        for (i, first) in draws.iter().enumerate() {
            assert!(draws[i + 1..].iter().all(|other| other != first));
        }
    }

    /// Whoever brings samplers written for `rand` can use them with our streams.
    #[test]
    fn draws_drive_the_samplers_of_rand() {
        use rand_distr::{Distribution, Exp1};
        let mut draws = Seed { seed: 1, replication: 0 }.stream("test", "exponential").at(0);
        let mean = (0..40_000).map(|_| Distribution::<f64>::sample(&Exp1, &mut draws)).sum::<f64>() / 40_000.0;
        assert!((mean - 1.0).abs() < 4.0 / 200.0, "{mean}");
    }
}

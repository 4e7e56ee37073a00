//! Hash maps whose hasher is the same in every process. They are only looked up in, never walked through: order must not leak.

#[expect(clippy::disallowed_types, reason = "with a fixed hasher, and never iterated")]
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map for lookups by small integer keys.
#[expect(clippy::disallowed_types, reason = "with a fixed hasher, and never iterated")]
pub(super) type FixedMap<K, V> = HashMap<K, V, BuildHasherDefault<FixedHasher>>;

/// Mixes integers by the finaliser of SplitMix64 (Steele, Lea and Flood 2014).
#[derive(Clone, Debug, Default)]
pub(super) struct FixedHasher {
    state: u64,
}

impl Hasher for FixedHasher {
    fn finish(&self) -> u64 {
        self.state
    }
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }
    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }
    fn write_u64(&mut self, value: u64) {
        let mut mixed = (self.state ^ value).wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        self.state = mixed ^ (mixed >> 31);
    }
}

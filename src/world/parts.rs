//! GPUs of one job by pool: one entry, or two of a gang over two sites.

use crate::model::PoolId;

/// The parts of a gang.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parts {
    parts: [(PoolId, u32); 2],
    count: usize,
}

impl Parts {
    /// No GPUs.
    pub const NONE: Self = Self { parts: [(PoolId(0), 0); 2], count: 0 };

    /// Makes the parts of a gang in one pool.
    pub fn one(pool: PoolId, gpus: u32) -> Self {
        Self { parts: [(pool, gpus); 2], count: 1 }
    }
    /// Adds GPUs of a pool; `false` for a third pool, which no gang has.
    pub fn add(&mut self, pool: PoolId, gpus: u32) -> bool {
        match self.parts[..self.count].iter_mut().find(|part| part.0 == pool) {
            Some(part) => part.1 += gpus,
            None if self.count == 2 => return false,
            None => {
                self.parts[self.count] = (pool, gpus);
                self.count += 1;
            }
        }
        true
    }
    /// Counts all GPUs.
    pub fn gpus(&self) -> u32 {
        self.as_slice().iter().map(|part| part.1).sum()
    }
    /// Returns the entries.
    pub fn as_slice(&self) -> &[(PoolId, u32)] {
        &self.parts[..self.count]
    }
    /// Iterates over (pool, GPUs).
    pub fn iter(&self) -> impl Iterator<Item = (PoolId, u32)> + use<> {
        let parts = *self;
        (0..parts.count).map(move |index| parts.parts[index])
    }
}

//! The fingerprint: a hash over a run's whole event history.

/// Collects what happened, word by word. Words are buffered, as BLAKE3 is fast only on long inputs.
#[derive(Clone, Debug)]
pub struct Digest {
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
}

/// Bytes that are hashed at once.
const BUFFER_BYTES: usize = 16 * 1024;

impl Digest {
    /// Starts an empty history.
    pub fn new() -> Self {
        Self { hasher: blake3::Hasher::new(), buffer: Vec::with_capacity(BUFFER_BYTES) }
    }
    /// Adds one event of up to three words.
    pub fn event(&mut self, kind: u8, words: [u64; 3]) {
        if self.buffer.len() + 25 > BUFFER_BYTES {
            self.hasher.update(&self.buffer);
            self.buffer.clear();
        }
        self.buffer.push(kind);
        for word in words {
            self.buffer.extend_from_slice(&word.to_le_bytes());
        }
    }
    /// Returns the fingerprint of the history so far.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hasher = self.hasher.clone();
        hasher.update(&self.buffer);
        Fingerprint(*hasher.finalize().as_bytes())
    }
}

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}

/// A 256-bit hash of a run's event history.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// Returns all 64 hex digits.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
    /// Returns twelve hex digits in three groups, for people.
    pub fn short(&self) -> String {
        let hex = self.hex();
        format!("{}-{}-{}", &hex[0..4], &hex[4..8], &hex[8..12])
    }
}

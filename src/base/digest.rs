//! The fingerprint: a hash over a run's whole event history.

/// Collects what happened, word by word. Words are buffered, as BLAKE3 is fast only on long inputs.
#[derive(Clone, Debug)]
pub struct Digest {
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
    kept: Option<Vec<Entry>>,
}

/// One event of a history: what it is, and up to three words on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    /// What it is; whoever writes the history knows the numbers.
    pub kind: u8,
    /// When, what, how much.
    pub words: [u64; 3],
}

/// Bytes that are hashed at once.
const BUFFER_BYTES: usize = 16 * 1024;

impl Digest {
    /// Starts an empty history.
    pub fn new() -> Self {
        Self { hasher: blake3::Hasher::new(), buffer: Vec::with_capacity(BUFFER_BYTES), kept: None }
    }
    /// Keeps events from now on, beside hashing them.
    pub fn keep(&mut self) {
        self.kept.get_or_insert_default();
    }
    /// Takes the events kept since they were last taken.
    pub fn take_kept(&mut self) -> Vec<Entry> {
        self.kept.as_mut().map(std::mem::take).unwrap_or_default()
    }
    /// Adds one event of up to three words.
    pub fn event(&mut self, kind: u8, words: [u64; 3]) {
        if let Some(kept) = &mut self.kept {
            kept.push(Entry { kind, words });
        }
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

//! What was said between edwc and a policy, line by line, so that the run can be had again without the policy.
//!
//! A transcript is JSON lines: `{"transcript":1,"policy":"…"}` first, then `{"edwc":…}` for each line that was sent and `{"policy":…}` for each
//! that came back, and `{"failed":"…"}` at the end if the policy failed. It is compressed (gzip) unless it is asked for as plain text.

use crate::policy::PolicyError;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// The version of the transcript's own format.
const FORMAT: u32 = 1;
/// The longest line that is read back.
const LONGEST_LINE: u64 = 1 << 30;

/// A transcript in the making: it lies in a file without a name until it is put into its place, so that there never is half of one.
pub struct Transcript {
    file: BufWriter<GzEncoder<File>>,
}

/// Its first line.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    transcript: u32,
    policy: String,
}

/// There is no transcript to replay.
#[derive(Debug, thiserror::Error)]
pub enum TranscriptError {
    /// The file cannot be read.
    #[error("cannot read `{}`: {error}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file is not a transcript of such a run.
    #[error("`{}` cannot be replayed: {problem}", .path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

impl Transcript {
    /// Begins a transcript of a policy.
    pub fn begin(policy: &str) -> io::Result<Self> {
        // No name, no time: the same words give the same bytes.
        let encoder = GzBuilder::new().write(tempfile::tempfile()?, Compression::fast());
        let mut file = BufWriter::new(encoder);
        serde_json::to_writer(&mut file, &Head { transcript: FORMAT, policy: policy.to_owned() })?;
        file.write_all(b"\n")?;
        Ok(Self { file })
    }
    /// Adds a line that was sent; it ends with a line end.
    pub(super) fn sent(&mut self, line: &[u8]) -> io::Result<()> {
        self.add(b"{\"edwc\":", line.strip_suffix(b"\n").unwrap_or(line))
    }
    /// Adds a line that came back.
    pub(super) fn received(&mut self, line: &[u8]) -> io::Result<()> {
        self.add(b"{\"policy\":", line.strip_suffix(b"\r").unwrap_or(line))
    }
    /// Adds that the policy failed, and how.
    pub(super) fn failed(&mut self, why: &str) {
        // What cannot be written here cannot be finished either, and is told then.
        if let Ok(text) = serde_json::to_vec(why) {
            let _ = self.add(b"{\"failed\":", &text);
        }
    }
    fn add(&mut self, who: &[u8], line: &[u8]) -> io::Result<()> {
        self.file.write_all(who)?;
        self.file.write_all(line)?;
        self.file.write_all(b"}\n")
    }
    /// Writes it out whole, compressed or as plain text.
    pub fn write_to(&mut self, target: &mut impl Write, plain: bool) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_mut().try_finish()?;
        let file = self.file.get_mut().get_mut();
        file.rewind()?;
        if plain { io::copy(&mut MultiGzDecoder::new(file), target) } else { io::copy(file, target) }?;
        Ok(())
    }
}

/// A transcript that answers in the place of its policy.
pub(super) struct Replay {
    lines: Box<dyn BufRead + Send>,
    line: Vec<u8>,
    number: u64,
    policy: String,
}

/// Returns the name of the policy that a transcript is of.
pub fn policy_of(path: &Path) -> Result<String, TranscriptError> {
    Replay::open(path).map(|replay| replay.policy)
}

impl Replay {
    /// Opens a transcript, compressed or not.
    pub(super) fn open(path: &Path) -> Result<Self, TranscriptError> {
        let io = |error| TranscriptError::Io { path: path.to_owned(), error };
        let unusable = |problem: String| TranscriptError::Unusable { path: path.to_owned(), problem };
        let mut file = File::open(path).map_err(io)?;
        let mut magic = [0; 2];
        let compressed = file.read_exact(&mut magic).is_ok() && magic == [0x1f, 0x8b];
        file.rewind().map_err(io)?;
        let lines: Box<dyn BufRead + Send> =
            if compressed { Box::new(BufReader::new(MultiGzDecoder::new(file))) } else { Box::new(BufReader::new(file)) };
        let mut replay = Self { lines, line: Vec::new(), number: 0, policy: String::new() };
        replay.next().map_err(|error| unusable(error.0))?;
        let head: Head = serde_json::from_slice(&replay.line).map_err(|error| unusable(format!("it is not a transcript of a policy: {error}")))?;
        if head.transcript != FORMAT {
            return Err(unusable(format!("its format is {}, but this edwc reads format {FORMAT}", head.transcript)));
        }
        replay.policy = head.policy;
        Ok(replay)
    }
    /// Checks that a line is the one that was sent then.
    pub(super) fn check(&mut self, line: &[u8]) -> Result<(), PolicyError> {
        self.next()?;
        let sent = line.strip_suffix(b"\n").unwrap_or(line);
        match said(&self.line, b"{\"edwc\":") {
            Some(then) if then == sent || is_frame(then) && is_frame(sent) => Ok(()),
            Some(_) => Err(self.differs("the policy was told something else then")),
            None => Err(self.differs("nothing was told to the policy then")),
        }
    }
    /// Checks a line, and returns the one that answered it.
    pub(super) fn exchange(&mut self, line: &[u8]) -> Result<&[u8], PolicyError> {
        self.check(line)?;
        self.next()?;
        if let Some(why) = said(&self.line, b"{\"failed\":") {
            return Err(PolicyError(serde_json::from_slice(why).unwrap_or_else(|_| "its transcript does not say how".to_owned())));
        }
        if said(&self.line, b"{\"policy\":").is_none() {
            return Err(self.differs("there is no answer"));
        }
        Ok(said(&self.line, b"{\"policy\":").unwrap_or_default())
    }
    /// Says what is wrong with the answer that was read last.
    pub(super) fn bad_line(&self, problem: &str) -> PolicyError {
        PolicyError(format!("line {} of its transcript {problem}", self.number))
    }

    fn differs(&self, how: &str) -> PolicyError {
        PolicyError(format!(
            "line {} of its transcript is not of this run: {how}; scenario, seed, overrides and edwc must be those of the recording",
            self.number
        ))
    }
    fn next(&mut self) -> Result<(), PolicyError> {
        self.line.clear();
        self.number += 1;
        let read = self.lines.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut self.line);
        read.map_err(|error| PolicyError(format!("its transcript cannot be read: {error}")))?;
        match self.line.pop() {
            Some(b'\n') => Ok(()),
            _ => Err(PolicyError(format!("its transcript ends at line {}, before the run does", self.number))),
        }
    }
}

/// Returns what stands behind a key that a line begins with.
fn said<'a>(line: &'a [u8], who: &[u8]) -> Option<&'a [u8]> {
    line.strip_prefix(who)?.strip_suffix(b"}")
}

/// Tells whether a line is a greeting or an end: these name the edwc that sent them, and what counts stands between.
fn is_frame(line: &[u8]) -> bool {
    line.starts_with(b"{\"type\":\"hello\",") || line.starts_with(b"{\"type\":\"end\",")
}

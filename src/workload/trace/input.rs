//! A trace as lines of bytes: plain or gzip, in bounded memory, and certain to be one file from its first byte to its last.

use crate::model::SourceError;
use flate2::bufread::GzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

/// The longest line, in bytes.
pub(super) const LINE_LIMIT: usize = 1 << 20;
/// A compressed file may expand to so many times its size, after a first [`EXPANDED_FREE`] bytes. Traces compress 5 to 40 times.
const EXPANDED_RATIO: u64 = 250;
const EXPANDED_FREE: u64 = 64 << 20;
/// Bytes at the start of a file that tell whether it is still the same.
const HEAD_BYTES: u64 = 64 << 10;
const BUFFER_BYTES: usize = 128 << 10;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The lines of a file.
#[derive(Debug)]
pub(super) struct Input {
    label: String,
    reader: BufReader<Content>,
    guard: Guard,
    line: u64,
    ended: bool,
}

impl Input {
    /// Opens a file, compressed or not: its first bytes tell, not its name.
    ///
    /// # Errors
    /// A file that is not there or cannot be read; that is not a regular file; that is empty; that is UTF-16.
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        let label = printable(&path.display().to_string());
        let unreadable = |error: io::Error| SourceError::Unreadable(format!("{label}: cannot be read: {error}"));
        // Opening a FIFO would wait for its writer, so look first.
        if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(SourceError::Invalid(format!("{label}: not a regular file; a trace is a file, plain or compressed by gzip")));
        }
        let mut file = File::open(path).map_err(unreadable)?;
        let (guard, head) = Guard::new(&mut file).map_err(unreadable)?;
        let encoding = |name| SourceError::Invalid(format!("{label}:1:1: is {name}; a trace is UTF-8 text, plain or compressed by gzip"));
        let content = match head.as_slice() {
            [] => return Err(SourceError::Invalid(format!("{label}: is empty; a trace has at least a header"))),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Err(encoding("UTF-16")),
            head if head.starts_with(&GZIP_MAGIC) => Content::Gzip(Box::new(Gunzip::new(file, &label))),
            head if head.contains(&0) => return Err(encoding("binary")),
            _ => Content::Plain(file),
        };
        Ok(Self { label, reader: BufReader::with_capacity(BUFFER_BYTES, content), guard, line: 0, ended: false })
    }
    /// Returns the file's name as errors print it.
    pub fn label(&self) -> &str {
        &self.label
    }
    /// Returns the number of the line that was read last, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }
    /// Appends the next line to `into`, without its end (LF or CRLF), or returns `false` at the end of an unchanged file.
    ///
    /// # Errors
    /// A line beyond the limit, together with what `into` holds; damaged or oversized gzip; a file that changed since it was opened.
    pub fn append_line(&mut self, into: &mut Vec<u8>) -> Result<bool, SourceError> {
        if self.ended {
            return Ok(false);
        }
        let room = LINE_LIMIT.saturating_sub(into.len()) + 2;
        let start = into.len();
        let read = Read::take(&mut self.reader, room as u64).read_until(b'\n', into).map_err(|error| self.failure(error))?;
        if read == 0 {
            self.ended = true;
            self.guard.check(&self.label)?;
            return Ok(false);
        }
        self.line += 1;
        if into.last() == Some(&b'\n') {
            into.pop();
            if into.len() > start && into.last() == Some(&b'\r') {
                into.pop();
            }
        } else if read == room {
            return Err(SourceError::Invalid(format!(
                "{}:{}:1: the line is longer than {LINE_LIMIT} bytes; is it a text file?",
                self.label, self.line
            )));
        }
        if self.line == 1 && into.starts_with(b"\xef\xbb\xbf") {
            into.drain(..3);
        }
        Ok(true)
    }
    /// Puts a changed file in the place of the error that it led to, and ends the reading.
    pub fn blame(&mut self, error: SourceError) -> SourceError {
        self.ended = true;
        self.guard.check(&self.label).err().unwrap_or(error)
    }
    fn failure(&mut self, error: io::Error) -> SourceError {
        let error = error
            .downcast::<SourceError>()
            .unwrap_or_else(|error| SourceError::Unreadable(format!("{}: cannot be read beyond line {}: {error}", self.label, self.line)));
        self.blame(error)
    }
}

/// The bytes of a file, expanded.
#[derive(Debug)]
enum Content {
    Plain(File),
    Gzip(Box<Gunzip>),
}

impl Read for Content {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.read(into),
            Self::Gzip(gunzip) => gunzip.read(into),
        }
    }
}

/// Expands the members of a gzip file one after the other.
#[derive(Debug)]
struct Gunzip {
    label: String,
    /// Present but for the moment between two members.
    member: Option<GzDecoder<BufReader<Counted>>>,
    expanded: u64,
    /// Where the present member starts in the file.
    starts_at: u64,
}

impl Gunzip {
    fn new(file: File, label: &str) -> Self {
        let reader = BufReader::with_capacity(BUFFER_BYTES, Counted { file, read: 0 });
        Self { label: label.to_owned(), member: Some(GzDecoder::new(reader)), expanded: 0, starts_at: 0 }
    }
    /// Returns how much of the file was used.
    fn position(&self) -> u64 {
        self.member.as_ref().map_or(0, |member| position(member.get_ref()))
    }
    /// Goes to the next member, if there is one.
    fn next_member(&mut self) -> io::Result<bool> {
        let mut reader = self.member.take().expect("a member is open").into_inner();
        self.starts_at = position(&reader);
        let next = reader.fill_buf()?.first().copied();
        if next == Some(0) {
            // Files on tape are filled up with zeros, which gzip ignores too.
            let mut rest = Vec::new();
            while !reader.fill_buf()?.is_empty() {
                rest.clear();
                rest.extend_from_slice(reader.buffer());
                reader.consume(rest.len());
                if rest.iter().any(|byte| *byte != 0) {
                    return Err(self.garbage());
                }
            }
        }
        if next.is_some_and(|byte| byte != 0 && byte != GZIP_MAGIC[0]) {
            return Err(self.garbage());
        }
        self.member = Some(GzDecoder::new(reader));
        Ok(next == Some(GZIP_MAGIC[0]))
    }
    fn garbage(&self) -> io::Error {
        invalid(format!(
            "{}: something that is not gzip follows at byte {}; cut it off, or compress the file anew",
            self.label, self.starts_at
        ))
    }
    fn explain(&self, error: io::Error) -> io::Error {
        let at = self.position();
        match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                invalid(format!("{}: the gzip data is truncated at byte {at}; fetch or compress the file anew", self.label))
            }
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData if self.starts_at > 0 && at <= self.starts_at + 10 => self.garbage(),
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                invalid(format!("{}: the gzip data is damaged before byte {at}; fetch or compress the file anew", self.label))
            }
            _ => error,
        }
    }
}

impl Read for Gunzip {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let member = self.member.as_mut().expect("a member is open");
            let read = member.read(into).map_err(|error| self.explain(error))?;
            self.expanded += read as u64;
            if self.expanded > EXPANDED_FREE + EXPANDED_RATIO * self.position() {
                let text = format!("{}: expands to more than {EXPANDED_RATIO} times its size; expand it first, if it is meant", self.label);
                return Err(io::Error::other(SourceError::TooLarge(text)));
            }
            if read > 0 || !self.next_member()? {
                return Ok(read);
            }
        }
    }
}

fn position(reader: &BufReader<Counted>) -> u64 {
    reader.get_ref().read - reader.buffer().len() as u64
}

fn invalid(text: String) -> io::Error {
    io::Error::other(SourceError::Invalid(text))
}

/// A file that counts what was read.
#[derive(Debug)]
struct Counted {
    file: File,
    read: u64,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        self.read += read as u64;
        Ok(read)
    }
}

/// Knows a file by its size, time of change and first bytes.
#[derive(Debug)]
struct Guard {
    file: File,
    state: FileState,
}

#[derive(PartialEq, Debug)]
struct FileState {
    size: u64,
    modified: Option<Duration>,
    head: blake3::Hash,
}

impl Guard {
    /// Looks at a file and returns its first bytes; `file` stays at its start. Both handles share one place in the file, so that a check
    /// ends the reading.
    fn new(file: &mut File) -> io::Result<(Self, Vec<u8>)> {
        let (state, head) = FileState::read(file)?;
        Ok((Self { file: file.try_clone()?, state }, head))
    }
    fn check(&mut self, label: &str) -> Result<(), SourceError> {
        let unreadable = |error: io::Error| SourceError::Unreadable(format!("{label}: cannot be read: {error}"));
        let (now, _) = FileState::read(&mut self.file).map_err(unreadable)?;
        if now != self.state {
            return Err(SourceError::Unreadable(format!("{label}: changed while it was read; run again when nothing writes to it")));
        }
        Ok(())
    }
}

impl FileState {
    fn read(file: &mut File) -> io::Result<(Self, Vec<u8>)> {
        let metadata = file.metadata()?;
        let mut head = Vec::new();
        file.rewind()?;
        Read::take(&mut *file, HEAD_BYTES).read_to_end(&mut head)?;
        file.rewind()?;
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Ok((Self { size: metadata.len(), modified, head: blake3::hash(&head) }, head))
    }
}

/// Escapes control characters and cuts what is long.
pub(super) fn printable(text: &str) -> String {
    const LONGEST: usize = 200;
    let mut shown: String = text.chars().take(LONGEST).flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

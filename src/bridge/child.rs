//! A policy's process: one line out, one line in, with a time limit; its standard error drained all the while.

use super::family::Family;
use super::fault::{Failed, Fault};
use super::{LONGEST_LINE, Terms};
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

/// Between two looks at whether the run shall stop.
const TICK: Duration = Duration::from_millis(50);
/// What a process that has closed its pipes gets to end by itself, so that its exit code can be told; and what its last words get to arrive.
const GRACE: Duration = Duration::from_millis(500);
/// Lines of standard error that are kept.
const KEPT_LINES: usize = 20;
/// Bytes of one of them that are kept.
const KEPT_OF_A_LINE: usize = 2000;
/// Bytes of a bad line that are shown.
const SHOWN: usize = 200;

/// Whether somebody wants the run to stop; asked while a policy is waited for.
#[derive(Clone)]
pub struct Stop(Arc<dyn Fn() -> bool + Send + Sync>);

impl Stop {
    /// Stops when the question is answered with yes.
    pub fn when(asked: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(asked))
    }
    /// Tells whether the run shall stop.
    pub fn asked(&self) -> bool {
        (self.0)()
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stop")
    }
}

/// A policy that runs.
pub(super) struct Child {
    runtime: Runtime,
    process: tokio::process::Child,
    family: Family,
    /// None once it was told that the run is over.
    input: Option<ChildStdin>,
    output: ChildStdout,
    /// What it wrote beyond the last line that was taken.
    received: Vec<u8>,
    /// Where the last line that was taken ends in it.
    taken: usize,
    lines: u64,
    last_words: Arc<Mutex<LastWords>>,
    drain: Option<JoinHandle<()>>,
    time_limit: Duration,
    stop: Stop,
    over: bool,
}

impl Child {
    /// Starts the process, in a group of its own.
    pub(super) fn start(terms: &Terms) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (program, arguments) = terms.command.split_first().ok_or_else(|| io::Error::other("there is no command"))?;
        let mark = Family::mark();
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command.env(Family::VARIABLE, &mark);
        #[cfg(unix)]
        command.process_group(0);
        let mut process = {
            let _inside = runtime.enter();
            command.spawn()?
        };
        let family = Family::of(process.id(), mark);
        let input = process.stdin.take();
        let output = process.stdout.take().expect("standard output is piped");
        let errors = process.stderr.take().expect("standard error is piped");
        let last_words = Arc::new(Mutex::new(LastWords::default()));
        let drain = Some(runtime.spawn(drain(errors, Arc::clone(&last_words))));
        let (time_limit, stop) = (terms.time_limit, terms.stop.clone());
        let (received, taken, lines, over) = (Vec::new(), 0, 0, false);
        Ok(Self { runtime, process, family, input, output, received, taken, lines, last_words, drain, time_limit, stop, over })
    }

    /// Sends a line and returns the one that answers it.
    pub(super) fn exchange(&mut self, line: &[u8]) -> Result<&[u8], Failed> {
        let deadline = Instant::now() + self.time_limit;
        let Self { runtime, process, input, output, received, taken, stop, .. } = self;
        received.drain(..*taken);
        *taken = 0;
        let result = runtime.block_on(async {
            write(input, line, stop, deadline).await?;
            read_line(output, process, received, stop, deadline).await
        });
        match result {
            Ok(end) => {
                self.lines += 1;
                self.taken = end + 1;
                Ok(&self.received[..end])
            }
            Err(broken) => Err(self.put(broken)),
        }
    }
    /// Sends a line that has no answer.
    pub(super) fn send(&mut self, line: &[u8]) -> Result<(), Failed> {
        let deadline = Instant::now() + self.time_limit;
        let Self { runtime, input, stop, .. } = self;
        runtime.block_on(write(input, line, stop, deadline)).map_err(|broken| self.put(broken))
    }
    /// Tells it that the run is over, closes its standard input, and waits for its end; kills what is left then. Returns how it ended if it was
    /// not with exit code 0 in time.
    pub(super) fn end(&mut self, line: &[u8]) -> Option<String> {
        let deadline = Instant::now() + self.time_limit;
        let Self { runtime, input, process, stop, time_limit, .. } = self;
        let ended = runtime.block_on(async {
            // It may have gone already: how it ended says all there is to say.
            let _ = write(input, line, stop, deadline).await;
            drop(input.take());
            patiently(stop, deadline, process.wait()).await
        });
        let note = match ended {
            Ok(Ok(status)) if status.success() => None,
            Ok(Ok(status)) => Some(format!("the policy {} after the run", said(status))),
            Ok(Err(error)) => Some(format!("the policy's end cannot be told: {error}")),
            Err(Broken::Stopped) => None,
            Err(_) => Some(format!("the policy did not end within {} after the run and was killed", seconds(*time_limit))),
        };
        self.give_up();
        note
    }
    /// Kills it and all that it has started; returns the last lines of its standard error.
    pub(super) fn give_up(&mut self) -> Vec<String> {
        if !std::mem::replace(&mut self.over, true) {
            self.family.kill();
            let Self { runtime, process, drain, family, .. } = self;
            runtime.block_on(async {
                // The group is killed; this is for systems without groups, and reaps.
                let _ = process.start_kill();
                let _ = timeout(GRACE, process.wait()).await;
                if let Some(drain) = drain.take() {
                    let _ = timeout(GRACE, drain).await;
                }
            });
            family.reap();
        }
        self.last_words.lock().unwrap_or_else(PoisonError::into_inner).lines()
    }
    /// Says what is wrong with the line that was taken last.
    pub(super) fn bad_line(&self, wrong: &Failed) -> Failed {
        let line = &self.received[..self.taken.saturating_sub(1)];
        Failed::new(wrong.fault, format!("line {} of its standard output {}: {}", self.lines, wrong.problem, excerpt(line)))
    }

    /// Puts into words why there is no answer, now that it is known how the process fares.
    fn put(&mut self, broken: Broken) -> Failed {
        let rest = if self.received.is_empty() { String::new() } else { format!("; its last line has no end: {}", excerpt(&self.received)) };
        let fault = broken.fault();
        let problem = match broken {
            Broken::Stopped => "interrupted".to_owned(),
            Broken::Late => format!("it did not answer within {}{rest}", seconds(self.time_limit)),
            Broken::Deaf => format!("it did not read what it was sent within {}", seconds(self.time_limit)),
            Broken::TooLong => {
                format!("line {} of its standard output is longer than {} MiB: {}", self.lines + 1, LONGEST_LINE >> 20, excerpt(&self.received))
            }
            Broken::Closed(pipe) => {
                let Self { runtime, process, .. } = self;
                match runtime.block_on(async { timeout(GRACE, process.wait()).await }) {
                    Ok(Ok(status)) => format!("it {} instead of an answer{rest}", said(status)),
                    _ => format!("it closed its standard {pipe} instead of an answer{rest}"),
                }
            }
            Broken::Io(error) => format!("its pipes failed: {error}"),
        };
        Failed::new(fault, problem)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.give_up();
    }
}

/// Why there is no answer.
enum Broken {
    Stopped,
    Late,
    Deaf,
    TooLong,
    Closed(&'static str),
    Io(io::Error),
}

impl Broken {
    fn fault(&self) -> Fault {
        match self {
            Self::Late => Fault::Silent,
            Self::Deaf => Fault::Deaf,
            Self::TooLong => Fault::Chatter,
            Self::Closed(_) => Fault::Gone,
            Self::Stopped | Self::Io(_) => Fault::Elsewhere,
        }
    }
}

/// Waits for something until the deadline, or until somebody wants the run to stop. What is waited for must not mind being dropped and made again.
async fn patiently<T>(stop: &Stop, deadline: Instant, waiting: impl Future<Output = T>) -> Result<T, Broken> {
    let mut waiting = std::pin::pin!(waiting);
    loop {
        let tick = TICK.min(deadline.saturating_duration_since(Instant::now()));
        match timeout(tick, &mut waiting).await {
            Ok(done) => return Ok(done),
            Err(_) if stop.asked() => return Err(Broken::Stopped),
            Err(_) if Instant::now() >= deadline => return Err(Broken::Late),
            Err(_) => {}
        }
    }
}

async fn write(input: &mut Option<ChildStdin>, line: &[u8], stop: &Stop, deadline: Instant) -> Result<(), Broken> {
    let Some(pipe) = input else { return Err(Broken::Closed("input")) };
    match patiently(stop, deadline, pipe.write_all(line)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => Err(Broken::Closed("input")),
        Ok(Err(error)) => Err(Broken::Io(error)),
        Err(Broken::Late) => Err(Broken::Deaf),
        Err(broken) => Err(broken),
    }
}

/// Reads until there is a whole line in the buffer; returns where it ends.
async fn read_line(
    output: &mut ChildStdout,
    process: &mut tokio::process::Child,
    received: &mut Vec<u8>,
    stop: &Stop,
    deadline: Instant,
) -> Result<usize, Broken> {
    let mut searched = 0;
    loop {
        if let Some(at) = received[searched..].iter().position(|byte| *byte == b'\n') {
            return Ok(searched + at);
        }
        searched = received.len();
        if searched > LONGEST_LINE {
            return Err(Broken::TooLong);
        }
        received.reserve(8192);
        match patiently(stop, deadline, read_while_it_lives(output, process, received)).await? {
            Ok(0) => return Err(Broken::Closed("output")),
            Ok(_) => {}
            Err(error) => return Err(Broken::Io(error)),
        }
    }
}

/// Reads what there is; nothing if the process has gone, even where one that it has started holds the pipe open.
async fn read_while_it_lives(output: &mut ChildStdout, process: &mut tokio::process::Child, received: &mut Vec<u8>) -> io::Result<usize> {
    loop {
        if let Ok(read) = timeout(TICK, output.read_buf(received)).await {
            return read;
        }
        if process.try_wait()?.is_some() {
            // What it wrote at last may have come between.
            return timeout(TICK, output.read_buf(received)).await.unwrap_or(Ok(0));
        }
    }
}

/// Reads all of standard error, so that nobody waits for it to be read, and keeps its end.
async fn drain(mut errors: ChildStderr, last_words: Arc<Mutex<LastWords>>) {
    let mut bytes = vec![0; 16 << 10];
    while let Ok(count @ 1..) = errors.read(&mut bytes).await {
        last_words.lock().unwrap_or_else(PoisonError::into_inner).hear(&bytes[..count]);
    }
}

/// The end of what was written to standard error.
#[derive(Debug, Default)]
struct LastWords {
    lines: VecDeque<Vec<u8>>,
    /// Whether the last line goes on.
    open: bool,
}

impl LastWords {
    fn hear(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if !self.open {
                if self.lines.len() == KEPT_LINES {
                    self.lines.pop_front();
                }
                self.lines.push_back(Vec::new());
            }
            let text = piece.strip_suffix(b"\n").unwrap_or(piece);
            let line = self.lines.back_mut().expect("a line is open");
            line.extend_from_slice(&text[..text.len().min(KEPT_OF_A_LINE.saturating_sub(line.len()))]);
            self.open = text.len() == piece.len();
        }
    }
    fn lines(&self) -> Vec<String> {
        self.lines.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    }
}

/// Shows the beginning of a line; what is not printable ASCII or UTF-8 text is escaped.
fn excerpt(line: &[u8]) -> String {
    let shown = &line[..line.len().min(SHOWN)];
    let text = std::str::from_utf8(shown).map_or_else(|_| shown.escape_ascii().to_string(), str::to_owned);
    if line.len() > SHOWN { format!("`{text}`… ({} bytes)", line.len()) } else { format!("`{text}`") }
}

/// Says how a process ended.
fn said(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        let why = if signal == 9 { ", perhaps for want of memory" } else { "" };
        return format!("was killed by signal {signal}{why}");
    }
    status.code().map_or_else(|| "ended".to_owned(), |code| format!("ended with exit code {code}"))
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_standard_error_is_kept_in_bounds() {
        let mut words = LastWords::default();
        for number in 0..100_000 {
            words.hear(format!("line {number}\npart").as_bytes());
            words.hear(b" two\n");
        }
        words.hear(&vec![b'x'; 1 << 20]);
        let lines = words.lines();
        assert_eq!(lines.len(), KEPT_LINES);
        assert_eq!(lines[KEPT_LINES - 2], "part two");
        assert_eq!(lines[KEPT_LINES - 1].len(), KEPT_OF_A_LINE);
    }

    #[test]
    fn excerpts_are_short_and_printable() {
        assert_eq!(excerpt("价格".as_bytes()), "`价格`");
        assert_eq!(excerpt(b"\xff\x00a"), r"`\xff\x00a`");
        assert_eq!(excerpt(&[b'a'; 1000]).len(), SHOWN + "``… (1000 bytes)".len());
    }
}

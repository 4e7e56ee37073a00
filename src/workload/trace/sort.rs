//! Rows by time of submission, then by their place in the file: an external merge sort in bounded memory.

use super::row::Row;
use crate::model::SourceError;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};

/// Rows that are sorted at once, in memory (some 40 MB).
pub(super) const ROWS_AT_ONCE: usize = 1 << 18;
/// Rows that are read at once from each sorted part.
const ROWS_READ: usize = 256;

/// Rows in order.
#[derive(Debug)]
pub(super) struct Sorted {
    file: Option<File>,
    parts: Vec<Part>,
    /// The first row of each part that has one: time, number, part.
    heads: BinaryHeap<Reverse<(i64, u64, usize)>>,
}

/// A sorted part: rows read, and where the others are in the file.
#[derive(Debug)]
struct Part {
    read: VecDeque<Row>,
    next: u64,
    end: u64,
}

impl Sorted {
    /// Reads all rows and sorts them, `at_once` in memory at a time; if there are more, parts go to one temporary file that nobody else can see.
    pub fn new(mut next: impl FnMut() -> Result<Option<Row>, SourceError>, at_once: usize) -> Result<Self, SourceError> {
        let (mut file, mut parts, mut rows) = (None, Vec::new(), Vec::new());
        let mut place = 0;
        loop {
            let row = next()?;
            let ended = row.is_none();
            rows.extend(row);
            if rows.len() < at_once && !ended {
                continue;
            }
            rows.sort_unstable_by_key(|row: &Row| (row.submit_us, row.number));
            if ended && file.is_none() {
                parts.push(Part { read: rows.into(), next: 0, end: 0 });
                break;
            }
            let end = place + (rows.len() * Row::ENCODED) as u64;
            write(&mut file, &rows).map_err(|error| temporary(&error))?;
            parts.push(Part { read: VecDeque::new(), next: place, end });
            place = end;
            rows.clear();
            if ended {
                break;
            }
        }
        let mut sorted = Self { file, parts, heads: BinaryHeap::new() };
        for part in 0..sorted.parts.len() {
            sorted.queue(part)?;
        }
        Ok(sorted)
    }
    /// Returns the next row.
    pub fn next_row(&mut self) -> Result<Option<Row>, SourceError> {
        let Some(Reverse((_, _, part))) = self.heads.pop() else { return Ok(None) };
        let row = self.parts[part].read.pop_front();
        self.queue(part)?;
        Ok(row)
    }
    /// Puts the first row of a part among the heads.
    fn queue(&mut self, part: usize) -> Result<(), SourceError> {
        if self.parts[part].read.is_empty() {
            self.refill(part).map_err(|error| temporary(&error))?;
        }
        self.heads.extend(self.parts[part].read.front().map(|row| Reverse((row.submit_us, row.number, part))));
        Ok(())
    }
    fn refill(&mut self, part: usize) -> io::Result<()> {
        let (part, Some(file)) = (&mut self.parts[part], &mut self.file) else { return Ok(()) };
        let length = (part.end - part.next).min((ROWS_READ * Row::ENCODED) as u64);
        let mut bytes = vec![0; usize::try_from(length).expect("a few thousand bytes")];
        file.seek(SeekFrom::Start(part.next))?;
        file.read_exact(&mut bytes)?;
        part.next += length;
        part.read.extend(bytes.chunks_exact(Row::ENCODED).map(Row::decode));
        Ok(())
    }
}

fn write(file: &mut Option<File>, rows: &[Row]) -> io::Result<()> {
    if file.is_none() {
        *file = Some(tempfile::tempfile()?);
    }
    let mut writer = BufWriter::with_capacity(1 << 20, file.as_mut().expect("the file was just made"));
    let mut bytes = Vec::with_capacity(Row::ENCODED);
    for row in rows {
        bytes.clear();
        row.encode(&mut bytes);
        writer.write_all(&bytes)?;
    }
    writer.flush()
}

fn temporary(error: &io::Error) -> SourceError {
    SourceError::Unreadable(format!("a temporary file for sorting cannot be used: {error}; set `TMPDIR` to a folder with room"))
}

#[cfg(test)]
mod tests {
    use super::super::row::Who;
    use super::*;
    use crate::base::random::Seed;
    use crate::base::{Bytes, Money, Ratio, Span};
    use crate::model::{ClassId, DataId, DatasetSpec, Elastic, Outcome, TenantGroupId, TenantId};

    fn row(number: u64) -> Row {
        let mut draws = Seed { seed: 5, replication: 0 }.stream("sort", "test").at(number);
        let mut some = |chance: u64| draws.below(2) < chance;
        let dataset = DatasetSpec { data: DataId(3), key: u64::MAX, bytes: Bytes(1 << 50) };
        Row {
            number,
            line: number + 2,
            id: number * 7,
            estimate: some(1).then_some(Span(9)),
            class: some(1).then_some(ClassId(2)),
            dataset: some(1).then_some(dataset),
            patience: some(1).then_some(Span(u64::MAX)),
            pays_up_to: some(1).then_some(Money(-1)),
            priority: some(1).then_some(-4),
            elastic: some(1).then_some(Elastic { min: 2, max: u32::MAX, serial: Ratio(7) }),
            outcome: [Outcome::Completed, Outcome::Failed, Outcome::Cancelled][(number % 3) as usize],
            who: [Who::Unknown, Who::User(u64::MAX), Who::Tenant(TenantId(7)), Who::Group(TenantGroupId(1))][(number % 4) as usize],
            submit_us: draws.below(500).cast_signed() - 100,
            gpus: u32::MAX,
            work: Span(number),
        }
    }

    #[test]
    fn sorts_by_time_and_keeps_ties_in_order_whatever_the_memory() {
        let mut expected: Vec<Row> = (0..2_000).map(row).collect();
        expected.sort_by_key(|row| row.submit_us);
        for at_once in [1, 7, 300, 1_999, 2_000, 2_001, 10_000] {
            let mut rows = (0..2_000).map(row);
            let mut sorted = Sorted::new(|| Ok(rows.next()), at_once).unwrap();
            let found: Vec<Row> = std::iter::from_fn(|| sorted.next_row().unwrap()).collect();
            assert_eq!(found, expected, "{at_once} rows at once");
        }
        let mut empty = Sorted::new(|| Ok(None), 10).unwrap();
        assert_eq!(empty.next_row(), Ok(None));
    }
}

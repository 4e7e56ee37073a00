//! The texts that diagnostics point into.

use std::ops::Range;
use std::sync::Arc;

/// One source: a file, or an argument of the command line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FileId(pub u32);

/// A range of bytes in one source.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct At {
    /// The source.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl At {
    /// Makes a place of a range; sources are limited to 64 MiB, so that 32 bits are enough.
    pub fn new(file: FileId, range: Range<usize>) -> Self {
        let offset = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
        Self { file, start: offset(range.start), end: offset(range.end) }
    }
}

#[derive(Clone, Debug)]
struct Source {
    name: String,
    text: Arc<str>,
    /// The offset of each line's first byte.
    lines: Arc<[u32]>,
}

/// All sources of one input, by id. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    sources: Vec<Source>,
}

/// A place as people count it: from one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl SourceMap {
    /// Adds a source and returns its id.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let text = text.into();
        let starts = std::iter::once(0).chain(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1));
        let lines = starts.map(|start| u32::try_from(start).unwrap_or(u32::MAX)).collect();
        self.sources.push(Source { name: name.into(), text, lines });
        FileId(u32::try_from(self.sources.len() - 1).expect("an input has few sources"))
    }
    /// Returns the name of a source, as it was given.
    pub fn name(&self, file: FileId) -> &str {
        &self.sources[file.0 as usize].name
    }
    /// Returns the text of a source.
    pub fn text(&self, file: FileId) -> &str {
        &self.sources[file.0 as usize].text
    }
    /// Returns line and column, both from 1; the column counts characters.
    pub fn line_and_column(&self, at: At) -> (usize, usize) {
        let position = self.position(at);
        (position.line, position.column)
    }
    pub(super) fn position(&self, at: At) -> Position {
        let source = &self.sources[at.file.0 as usize];
        let line = source.lines.partition_point(|start| *start <= at.start).max(1);
        let start = source.lines[line - 1] as usize;
        let end = floor(&source.text, at.start as usize);
        Position { line, column: source.text[start..end.max(start)].chars().filter(|c| *c != '\u{feff}').count() + 1 }
    }
    /// Returns the line that holds the start of a place, without its end of line, and the place within it.
    pub(super) fn line_of(&self, at: At) -> (&str, Range<usize>) {
        let source = &self.sources[at.file.0 as usize];
        let line = source.lines.partition_point(|start| *start <= at.start).max(1);
        let start = source.lines[line - 1] as usize;
        let end = source.lines.get(line).map_or(source.text.len(), |next| *next as usize);
        let text = source.text[start..end].trim_end_matches(['\n', '\r']);
        let within = |offset: u32| floor(text, (offset as usize).saturating_sub(start));
        (text, within(at.start)..within(at.end))
    }
}

/// Moves an offset down to the next boundary of a character within the text.
fn floor(text: &str, offset: usize) -> usize {
    (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_not_bytes() {
        let mut map = SourceMap::default();
        let file = map.add("a.toml", "x = 1\n中卫 = \"错\"\n");
        assert_eq!(map.line_and_column(At::new(file, 6..12)), (2, 1));
        assert_eq!(map.line_and_column(At::new(file, 15..20)), (2, 6));
        assert_eq!(map.line_and_column(At::new(file, 999..1000)), (3, 1));
    }
}

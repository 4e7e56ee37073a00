//! Comma-separated records as RFC 4180 has them, with the place of every field.
//!
//! The `csv` crate would split the records, but keeps no columns for errors and reads what the RFC does not allow (a quote within a field) as it
//! likes; a line without quotes, which is nearly every one, needs one pass here.

use super::input::{Input, LINE_LIMIT, printable};
use crate::model::SourceError;

/// Reads records one at a time into buffers that are used again.
#[derive(Debug)]
pub(super) struct Records {
    input: Input,
    /// The present record as it stands in the file; a quoted field may span lines.
    raw: Vec<u8>,
    /// Its fields without their quotes, if it has any quoted one.
    unquoted: Vec<u8>,
    quoted: bool,
    fields: Vec<Field>,
    /// The line that the record starts on.
    line: u64,
}

/// Where a field is: in the text without quotes, and in the file.
#[derive(Clone, Copy, Debug)]
struct Field {
    from: u32,
    to: u32,
    raw_from: u32,
}

impl Records {
    /// Wraps an opened file.
    pub fn new(input: Input) -> Self {
        Self { input, raw: Vec::new(), unquoted: Vec::new(), quoted: false, fields: Vec::new(), line: 0 }
    }
    /// Reads the next record; `false` at the end. Blank lines may only stand at the end.
    pub fn advance(&mut self) -> Result<bool, SourceError> {
        self.raw.clear();
        self.fields.clear();
        if !self.input.append_line(&mut self.raw)? {
            return Ok(false);
        }
        self.line = self.input.line();
        if self.raw.is_empty() {
            return self.only_blank_lines();
        }
        self.quoted = self.split_plain();
        if self.quoted {
            self.split_quoted()?;
        }
        Ok(true)
    }
    /// Counts the fields.
    pub fn len(&self) -> usize {
        self.fields.len()
    }
    /// Returns a field's text.
    #[inline]
    pub fn field(&self, index: usize) -> &[u8] {
        let field = self.fields[index];
        let text = if self.quoted { &self.unquoted } else { &self.raw };
        &text[field.from as usize..field.to as usize]
    }
    /// Returns the line that the record starts on.
    pub fn line(&self) -> u64 {
        self.line
    }
    /// Returns the file's name as errors print it.
    pub fn label(&self) -> &str {
        self.input.label()
    }
    /// Returns the file that the records come from.
    pub fn input(&mut self) -> &mut Input {
        &mut self.input
    }
    /// Checks that the record has as many fields as the header.
    ///
    /// # Errors
    /// Says what it looks like.
    pub fn check_width(&self, header: usize) -> Result<(), SourceError> {
        let width = self.len();
        if width == header {
            return Ok(());
        }
        let allowed = if width == 1 && self.field(0).contains(&b';') {
            "the line looks like `;` separated: use commas"
        } else if width == header + 1 && self.field(width - 1).is_empty() {
            "a comma at the end of the line opens one more field: take it away"
        } else if width > header {
            "numbers take a decimal point and no thousands separators; text with a comma is quoted"
        } else {
            "leave a field empty rather than out"
        };
        let what = format!("the row has {width} fields where the header has {header}");
        Err(self.complain(width.min(header), &what, allowed))
    }
    /// Checks that a header is not separated by something else than commas.
    ///
    /// # Errors
    /// Names the separator.
    pub fn check_separators(&self) -> Result<(), SourceError> {
        let text = if self.len() == 1 { self.field(0) } else { &[] };
        let other = [(b';', "`;`"), (b'\t', "tab")].into_iter().find(|(separator, _)| text.contains(separator));
        other.map_or(Ok(()), |(_, name)| {
            Err(self.complain(0, &format!("the header looks like {name} separated"), "fields are separated by commas"))
        })
    }
    /// Makes the error of a field: `file:line:column: what; allowed`.
    pub fn complain(&self, index: usize, what: &str, allowed: &str) -> SourceError {
        self.complain_at(self.fields.get(index).map_or(self.raw.len(), |field| field.raw_from as usize), what, allowed)
    }
    fn complain_at(&self, offset: usize, what: &str, allowed: &str) -> SourceError {
        let before = &self.raw[..offset];
        let line = self.line + before.iter().filter(|byte| **byte == b'\n').count() as u64;
        let in_line = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let column = String::from_utf8_lossy(in_line).chars().count() + 1;
        SourceError::Invalid(format!("{}:{line}:{column}: {what}; {allowed}", self.input.label()))
    }
    fn only_blank_lines(&mut self) -> Result<bool, SourceError> {
        while self.input.append_line(&mut self.raw)? {
            if !self.raw.is_empty() {
                self.raw.clear();
                return Err(self.complain_at(0, "the line is blank", "blank lines may only stand at the end"));
            }
        }
        Ok(false)
    }
    /// Splits at every comma; `true` if there is a quote, which asks for more care.
    fn split_plain(&mut self) -> bool {
        let (mut from, mut quoted) = (0, false);
        for (at, &byte) in self.raw.iter().enumerate() {
            if byte == b',' {
                let to = at as u32;
                self.fields.push(Field { from, to, raw_from: from });
                from = to + 1;
            }
            quoted |= byte == b'"';
        }
        self.fields.push(Field { from, to: self.raw.len() as u32, raw_from: from });
        quoted
    }
    fn split_quoted(&mut self) -> Result<(), SourceError> {
        self.unquoted.clear();
        self.fields.clear();
        let mut at = 0;
        loop {
            let raw_from = at as u32;
            let from = self.unquoted.len() as u32;
            at = if self.raw.get(at) == Some(&b'"') { self.unquote(at)? } else { self.copy_plain(at)? };
            self.fields.push(Field { from, to: self.unquoted.len() as u32, raw_from });
            if at >= self.raw.len() {
                return Ok(());
            }
            at += 1;
        }
    }
    /// Copies an unquoted field and returns where it ends.
    fn copy_plain(&mut self, from: usize) -> Result<usize, SourceError> {
        let rest = &self.raw[from..];
        let length = rest.iter().position(|byte| *byte == b',').unwrap_or(rest.len());
        if let Some(quote) = rest[..length].iter().position(|byte| *byte == b'"') {
            return Err(self.complain_at(from + quote, "a quote within a field", "quote the whole field and double the quotes in it"));
        }
        self.unquoted.extend_from_slice(&rest[..length]);
        Ok(from + length)
    }
    /// Copies a quoted field, reading on where it spans lines, and returns where it ends.
    fn unquote(&mut self, from: usize) -> Result<usize, SourceError> {
        let mut at = from + 1;
        loop {
            match self.raw.get(at) {
                Some(b'"') if self.raw.get(at + 1) == Some(&b'"') => {
                    self.unquoted.push(b'"');
                    at += 2;
                }
                Some(b'"') if matches!(self.raw.get(at + 1), None | Some(b',')) => return Ok(at + 1),
                Some(b'"') => return Err(self.complain_at(at + 1, "text after a closing quote", "quotes in a quoted field are doubled")),
                Some(&byte) => {
                    self.unquoted.push(byte);
                    at += 1;
                }
                None => {
                    self.raw.push(b'\n');
                    if self.raw.len() > LINE_LIMIT || !self.input.append_line(&mut self.raw)? {
                        return Err(self.complain_at(from, "a quote is opened here and never closed", "close it with a second quote"));
                    }
                }
            }
        }
    }
}

/// Writes a text as one field, quoted where RFC 4180 asks for it and where a spreadsheet would take it for a formula.
pub(super) fn quoted(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if formula || text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// Shows a field in an error.
pub(super) fn shown(text: &[u8]) -> String {
    format!("`{}`", printable(&String::from_utf8_lossy(text)))
}

//! Tables as CSV (RFC 4180, UTF-8, line feeds): exact decimals, and text that no reader takes for something else.
//!
//! Rows are written into one buffer: formatting through the `csv` crate would cost twice as much a row. Reading back goes
//! through that crate, in a test.

use super::columns::{Field, Kind, Names, Value};
use std::io::{self, Write};

/// Bytes that are gathered before they are written.
const BUFFER_BYTES: usize = 256 * 1024;

/// A table on its way into a file.
pub struct CsvTable<R: 'static, W> {
    fields: &'static [Field<R>],
    spreadsheet: bool,
    buffer: Vec<u8>,
    into: W,
}

impl<R, W: Write> CsvTable<R, W> {
    /// Starts a table with its header. For a `spreadsheet`, text that looks like a formula gets a leading `'` (OWASP ASVS 1.2.10).
    pub fn new(fields: &'static [Field<R>], spreadsheet: bool, into: W) -> Self {
        let mut buffer = Vec::with_capacity(BUFFER_BYTES + 4096);
        for (at, field) in fields.iter().enumerate() {
            buffer.extend_from_slice(if at > 0 { b"," } else { b"" });
            buffer.extend_from_slice(field.name.as_bytes());
        }
        buffer.push(b'\n');
        Self { fields, spreadsheet, buffer, into }
    }
    /// Appends rows.
    pub fn rows(&mut self, rows: &[R], names: &Names) -> io::Result<()> {
        for row in rows {
            for (at, field) in self.fields.iter().enumerate() {
                if at > 0 {
                    self.buffer.push(b',');
                }
                write_value(&mut self.buffer, field.kind, (field.value)(row, names), self.spreadsheet);
            }
            self.buffer.push(b'\n');
            if self.buffer.len() >= BUFFER_BYTES {
                self.into.write_all(&self.buffer)?;
                self.buffer.clear();
            }
        }
        Ok(())
    }
    /// Writes what is left and returns the writer.
    pub fn finish(mut self) -> io::Result<W> {
        self.into.write_all(&self.buffer)?;
        Ok(self.into)
    }
}

#[inline]
fn write_value(buffer: &mut Vec<u8>, kind: Kind, value: Value<'_>, spreadsheet: bool) {
    match value {
        Value::Integer(number) => write_integer(buffer, number),
        Value::Decimal(number) => {
            let Kind::Decimal(places) = kind else { unreachable!("only decimal columns have decimals") };
            write_decimal(buffer, number, places);
        }
        Value::Text(text) => write_text(buffer, text, spreadsheet),
        Value::Flag(flag) => buffer.extend_from_slice(if flag { b"true" } else { b"false" }),
        Value::Empty => {}
    }
}

/// The two digits of every number below a hundred.
static PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

fn write_integer(buffer: &mut Vec<u8>, mut number: u64) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    while number >= 10 {
        at -= 2;
        digits[at..at + 2].copy_from_slice(&PAIRS[(number % 100) as usize]);
        number /= 100;
    }
    if number > 0 || at == digits.len() {
        at -= 1;
        digits[at] = b'0' + number as u8;
    }
    buffer.extend_from_slice(&digits[at..]);
}

/// Writes a decimal without zeros at its end: `1.5`, `-0.000001`, `3`.
fn write_decimal(buffer: &mut Vec<u8>, number: i128, places: u8) {
    if number < 0 {
        buffer.push(b'-');
    }
    let unit = 10_u64.pow(places.into());
    let size = number.unsigned_abs();
    // Dividing 128 bits is slow, and almost nothing needs more than 64.
    let (whole, mut part) = match u64::try_from(size) {
        Ok(size) => (u128::from(size / unit), size % unit),
        Err(_) => (size / u128::from(unit), (size % u128::from(unit)) as u64),
    };
    match u64::try_from(whole) {
        Ok(whole) => write_integer(buffer, whole),
        Err(_) => buffer.extend_from_slice(whole.to_string().as_bytes()),
    }
    if part > 0 {
        buffer.push(b'.');
        let mut left = unit / 10;
        while part > 0 {
            buffer.push(b'0' + (part / left) as u8);
            part %= left;
            left = (left / 10).max(1);
        }
    }
}

/// Writes text, quoted where it must be; for a `spreadsheet`, what looks like a formula is disarmed.
pub(super) fn write_text(buffer: &mut Vec<u8>, text: &str, spreadsheet: bool) {
    let formula = matches!(text.as_bytes().first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r'));
    let quoted = formula || text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r'));
    if !quoted {
        return buffer.extend_from_slice(text.as_bytes());
    }
    buffer.push(b'"');
    if formula && spreadsheet {
        buffer.push(b'\'');
    }
    for byte in text.bytes() {
        buffer.extend_from_slice(if byte == b'"' { b"\"" } else { b"" });
        buffer.push(byte);
    }
    buffer.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(number: i128, places: u8) -> String {
        let mut buffer = Vec::new();
        write_decimal(&mut buffer, number, places);
        String::from_utf8(buffer).unwrap()
    }

    #[test]
    fn decimals_are_exact() {
        assert_eq!(decimal(0, 6), "0");
        assert_eq!(decimal(1, 6), "0.000001");
        assert_eq!(decimal(-1_500_000, 6), "-1.5");
        assert_eq!(decimal(12_345_678_901, 3), "12345678.901");
        assert_eq!(decimal(i64::MIN.into(), 6), "-9223372036854.775808");
        assert_eq!(decimal(i128::MAX, 6), "170141183460469231731687303715884.105727");
        for number in [0, 1, 9, 10, 99, 100, 101, 12_345, 999_999, u64::MAX] {
            let mut buffer = Vec::new();
            write_integer(&mut buffer, number);
            assert_eq!(String::from_utf8(buffer).unwrap(), number.to_string());
        }
    }

    #[test]
    fn text_survives_and_formulas_are_disarmed() {
        let text = |text, spreadsheet| {
            let mut buffer = Vec::new();
            write_text(&mut buffer, text, spreadsheet);
            String::from_utf8(buffer).unwrap()
        };
        assert_eq!(text("plain", true), "plain");
        assert_eq!(text("a,\"b\"\n", false), "\"a,\"\"b\"\"\n\"");
        for formula in ["=1+1", "+1", "-1", "@x", "\tx", "\rx"] {
            assert_eq!(text(formula, false), format!("\"{formula}\""));
            assert_eq!(text(formula, true), format!("\"'{formula}\""));
        }
    }
}

//! Reading a scenario's text: what is refused before a parser sees it.

use crate::diag::{At, CONTROL_CHARACTER, Code, Diagnostic, EMPTY_FILE, FileId, NOT_REGULAR, NOT_UTF8, SourceMap, TOO_DEEP, TOO_LARGE, UNREADABLE};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// The most bytes that a scenario has.
pub const SIZE_LIMIT: u64 = 64 << 20;
/// How deep brackets, and the parts of a dotted key, may nest. The parser's own limit is 80.
const DEPTH_LIMIT: usize = 64;

/// Reads a scenario file and adds it to the sources.
///
/// # Errors
/// Refuses what is not a regular file (a pipe would hang, a device has no end), what is too large, and what is not text.
pub(super) fn read_file(path: &Path, sources: &mut SourceMap, out: &mut Vec<Diagnostic>) -> Option<FileId> {
    let name = path.to_string_lossy();
    let mut fail = |code: Code, message: String| {
        let file = sources.add(name.clone(), "");
        out.push(Diagnostic::new(code, message).at(At::new(file, 0..0), ""));
    };
    let bytes = match read_regular(path, SIZE_LIMIT) {
        Ok(bytes) => bytes,
        Err((code, message)) => {
            fail(code, message);
            return None;
        }
    };
    match String::from_utf8(bytes) {
        Ok(text) => add_text(&name, text, sources, out),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            fail(NOT_UTF8, format!("not UTF-8 at byte {at}"));
            out.last_mut()?.help.push("save the file as UTF-8".to_owned());
            None
        }
    }
}

/// Reads a regular file of at most `limit` bytes; the error is a code and a message.
pub(super) fn read_regular(path: &Path, limit: u64) -> Result<Vec<u8>, (Code, String)> {
    // Asking before opening: to open a pipe for reading waits for its writer.
    let unreadable = |error: std::io::Error| (UNREADABLE, format!("cannot read the file: {}", reason(&error)));
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        let what = if metadata.is_dir() { "it is a directory" } else { "it is a pipe or a device" };
        return Err((NOT_REGULAR, format!("not a regular file: {what}")));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(limit + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > limit {
        return Err((TOO_LARGE, format!("the file has more than {} MiB", limit >> 20)));
    }
    Ok(bytes)
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string().to_lowercase(),
    }
}

/// Checks a text and adds it to the sources.
pub(super) fn add_text(name: &str, text: String, sources: &mut SourceMap, out: &mut Vec<Diagnostic>) -> Option<FileId> {
    let before = out.len();
    let file = sources.add(name, text);
    let text = sources.text(file);
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(at) = text.bytes().position(|byte| (byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')) || byte == 0x7f) {
        let byte = text.as_bytes()[at];
        let what = if byte == 0 { "a NUL byte".to_owned() } else { format!("the control character `\\x{byte:02x}`") };
        out.push(Diagnostic::new(CONTROL_CHARACTER, format!("{what} at byte {at}")).at(At::new(file, at..at + 1), ""));
    } else if body.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        let empty = Diagnostic::new(EMPTY_FILE, "the file is empty").at(At::new(file, 0..0), "");
        out.push(empty.help("`edwc init FILE` writes a scenario to start from"));
    } else if let Some(at) = too_deep(text) {
        let deep = Diagnostic::new(TOO_DEEP, format!("nested more than {DEPTH_LIMIT} deep")).at(At::new(file, at..at + 1), "");
        out.push(deep);
    }
    (out.len() == before).then_some(file)
}

/// Returns where brackets or the parts of a dotted key nest too deeply: a recursive parser, and all that walks its result, must not
/// meet such a text. Looks at strings and comments only as far as to skip them.
fn too_deep(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth, mut dots) = (0, 0_usize, 0_usize);
    while at < bytes.len() {
        match bytes[at] {
            b'#' => at += bytes[at..].iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len() - at) - 1,
            b'"' | b'\'' => {
                at = end_of_string(bytes, at);
                continue;
            }
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'.' => dots += 1,
            b'\n' | b'=' | b',' => dots = 0,
            _ => {}
        }
        if depth + dots > DEPTH_LIMIT {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// Returns the offset after the string that begins at `start`; an unclosed one-line string ends with its line, as in the parser's recovery.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let quote = bytes[start];
    let long = bytes[start..].starts_with(&[quote; 3]);
    let mut at = start + if long { 3 } else { 1 };
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote == b'"' => at += 1,
            b'\n' if !long => return at,
            byte if byte == quote && !long => return at + 1,
            byte if byte == quote && bytes[at..].starts_with(&[quote; 3]) => return at + 3,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

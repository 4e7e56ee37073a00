//! The form of the catalogue of codes: each has a page that says what it means, with a wrong and a right example.

use super::Severity;

/// The code of a diagnostic, such as `E0117`. Only the catalogue makes codes, so that each has its page.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub(super) &'static str);

impl Code {
    /// Returns the code as people write it.
    pub fn name(self) -> &'static str {
        self.0
    }
    /// Returns its severity: `E` errors, `W` warnings, `N` notes.
    pub fn severity(self) -> Severity {
        match self.0.as_bytes()[0] {
            b'E' => Severity::Error,
            b'W' => Severity::Warning,
            _ => Severity::Note,
        }
    }
    /// Returns the exit code of an error: 5 for limits on resources (`E05…`), 6 for files that cannot be read (`E06…`), 3 for all else.
    pub fn exit_code(self) -> u8 {
        match &self.0[..3] {
            "E05" => 5,
            "E06" => 6,
            _ => 3,
        }
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

/// What a code means.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// The code.
    pub code: Code,
    /// The subject in a few words.
    pub title: &'static str,
    /// What is wrong and why it matters.
    pub meaning: &'static str,
    /// What yields it.
    pub wrong: Example,
    /// What does not.
    pub right: Example,
}

/// An example on a page.
#[derive(Clone, Copy, Debug)]
pub enum Example {
    /// Lines of a scenario; a test puts them on top of a small scenario and sees that the wrong ones yield the code and the right ones do not.
    Lines(&'static str),
    /// A whole file.
    File(&'static str),
    /// Words, where no text of a file shows it.
    Words(&'static str),
}

impl Example {
    /// Returns the text, whatever it is.
    pub fn text(self) -> &'static str {
        match self {
            Self::Lines(text) | Self::File(text) | Self::Words(text) => text,
        }
    }
}

/// Declares codes with their pages.
macro_rules! declare_pages {
    ($($name:ident $code:literal $title:literal: $meaning:literal wrong $wrong:expr, right $right:expr;)+) => {
        $(#[doc = concat!("`", $code, "`: ", $title, ".")] pub const $name: Code = Code($code);)+
        pub(super) static PAGES: &[Page] = &[$(Page { code: $name, title: $title, meaning: $meaning, wrong: $wrong, right: $right }),+];
    };
}
pub(super) use declare_pages;

/// Returns all pages in order of their codes.
pub fn pages() -> &'static [Page] {
    super::pages::PAGES
}

/// Returns the page of a code, whatever the case of its letter.
pub fn explain(code: &str) -> Option<&'static Page> {
    pages().iter().find(|page| page.code.0.eq_ignore_ascii_case(code.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(pages().windows(2).all(|pair| pair[0].code < pair[1].code), "codes must ascend");
        assert!(explain("e0117").is_some() && explain("E9999").is_none());
    }
}

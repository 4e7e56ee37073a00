//! The `edwc` command: a thin shell around the library's [`edwc::cli`].

fn main() {}

//! All integration tests, in one binary.

mod check_format;
mod command_line;
mod tidy;

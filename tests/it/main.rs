//! All integration tests, in one binary.

mod command_line;
mod tidy;

//! All integration tests, in one binary.

mod check_format;
mod tidy;

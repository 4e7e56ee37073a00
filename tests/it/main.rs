//! All integration tests, in one binary.

mod chaos;
mod tidy;

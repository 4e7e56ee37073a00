//! All integration tests, in one binary.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests may look at clocks, environments and platform maths")]
#![allow(
    clippy::type_complexity,
    clippy::inconsistent_digit_grouping,
    reason = "strategies have long types; tables keep the digits of their sources"
)]

mod bound_command;
mod bridge;
mod broker;
mod chaos;
mod check_bad_input;
mod check_catalogue;
mod check_files;
mod check_format;
mod check_meaning;
mod claims;
mod command_line;
mod delay;
mod determinism;
mod experiments;
mod gates;
mod known_answers;
mod placing;
mod program;
mod published;
mod relations;
mod resume;
mod same;
mod sweeping;
mod tidy;
mod trace_commands;
mod why;

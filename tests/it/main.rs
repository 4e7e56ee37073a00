//! All integration tests, in one binary.

mod chaos;
mod check_bad_input;
mod check_catalogue;
mod check_files;
mod check_format;
mod check_meaning;
mod command_line;
mod known_answers;
mod published;
mod tidy;
mod trace_commands;

//! The `edwc` command; see [`edwc::cli`].

fn main() -> std::process::ExitCode {
    edwc::cli::main()
}

//! All automation of the project, in Rust: `cargo xtask test`, `bench`, `policies`, `codegen`.

mod bench;
mod bench_child;
mod bench_cores;
mod codegen;
mod instructions;
mod log;
mod mutants;
mod policies;
mod slurm;
mod steps;
mod summary;
mod test;
mod verify;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask COMMAND

  test [--all]        format, lints, tests, release build, smoke runs, the commands of the documents;
                      --all adds every feature, the API documentation, licences and advisories
  verify [--write]    all cases with known answers, to one or two per cent: within an hour; --write puts their table into docs/validation.md
  bench [--instructions] [NAME…]
                      jobs/s, events/s and peak memory of the scenarios in benches/ and of scenarios/national.toml, and the agenda alone (w1);
                      --instructions counts instructions per job instead (needs valgrind), which a busy machine does not blur
  policies [NAME…]    compares policies on the national scenario and two real logs, and writes docs/policies.md
  bench child         rounds/s of a policy in a child process, in C and in Python, beside the same policy inside
  bench cores         how much faster replications are on two threads, beside a loop that shares nothing; fails below 0.97 of it
  mutants [--shard I/N] [--again] [--report] | --in-diff REVISION
                      tests 200 mutants of `rules`, `engine` and `stats`, drawn with a fixed seed, or all of the lines that differ from a revision;
                      begun again it goes on where it was; --again begins anew with those not caught so far, --report only tells;
                      installs cargo-mutants
  slurm               runs an experiment as a job array on a Slurm of one node, which it sets up (needs Debian and root), and merges the parts
  log FILE GIGABYTES  write a log of jobs of that size, to see that reading one takes bounded memory
  codegen [--check]   write what is generated from the program (schema/, docs/reference/); --check only compares";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["test"] => test::run_steps(false),
        ["test", "--all"] => test::run_steps(true),
        ["verify"] => verify::run_verify(false),
        ["verify", "--write"] => verify::run_verify(true),
        ["bench", "child"] => bench_child::run_child_bench(),
        ["bench", "cores"] => bench_cores::run_cores_bench(),
        ["bench", "--instructions", names @ ..] => instructions::count_instructions(names),
        ["bench", names @ ..] => bench::run_benches(names),
        ["policies", names @ ..] => policies::run_policies(names),
        ["mutants", words @ ..] => mutants::Wanted::parse(words).and_then(|wanted| mutants::run_mutants(&wanted)),
        ["slurm"] => slurm::run_slurm(),
        ["log", file, gigabytes] => log::write_log(std::path::Path::new(file), gigabytes),
        ["codegen"] => codegen::run_codegen(false),
        ["codegen", "--check"] => codegen::run_codegen(true),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

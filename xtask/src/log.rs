//! `cargo xtask log`: a log of jobs of any size in edwc's own CSV, to see that reading one takes bounded memory.

use crate::steps::Failure;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

const USERS: u64 = 5_000;
const SIZES: [u64; 8] = [1, 1, 1, 2, 4, 8, 8, 64];

/// Writes so many gigabytes of jobs, some ten a second, the same ones every time.
pub fn write_log(path: &Path, gigabytes: &str) -> Result<(), Failure> {
    let bytes = gigabytes.parse::<f64>().map_err(|error| format!("`{gigabytes}`: {error}"))? * 1e9;
    let fail = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut out = BufWriter::with_capacity(1 << 20, File::create_new(path).map_err(fail)?);
    let (mut written, mut job, mut at_ms, mut state) = (0.0, 0_u64, 0_u64, 0x9E37_79B9_7F4A_7C15_u64);
    let header = "job,submit_s,gpus,work_s,user\n";
    out.write_all(header.as_bytes()).map_err(fail)?;
    while written < bytes {
        // Marsaglia's xorshift: all that is needed is that rows differ.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        job += 1;
        at_ms += state % 200;
        let (gpus, work_s, user) = (SIZES[(state >> 20) as usize % SIZES.len()], 1 + (state >> 30) % 86_400, (state >> 48) % USERS);
        let row = format!("{job},{}.{:03},{gpus},{work_s},u{user}\n", at_ms / 1000, at_ms % 1000);
        out.write_all(row.as_bytes()).map_err(fail)?;
        written += row.len() as f64;
    }
    out.flush().map_err(fail)?;
    println!("wrote {job} jobs to {}", path.display());
    Ok(())
}

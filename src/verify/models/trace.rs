//! Listed jobs as a trace: a CSV file in a folder of its own, which goes when it has been read.

use super::super::case::Problem;
use std::io::Write as _;
use tempfile::NamedTempFile;

/// Writes seconds of so many units as plain decimals, to the microsecond.
pub(super) fn seconds(units: f64) -> String {
    format!("{:.6}", units * 3600.0)
}

/// Writes rows (id, submission in units, further fields) in order of submission; rows of one instant keep their order. The rows are left in
/// the order of the file, which is that of job numbers.
pub(super) fn write(columns: &str, rows: &mut [(String, f64, String)]) -> Result<NamedTempFile, Problem> {
    rows.sort_by(|a, b| a.1.total_cmp(&b.1));
    let fail = |error: std::io::Error| Problem::Run(format!("cannot write a trace: {error}"));
    let mut file = tempfile::Builder::new().prefix("edwc-case-").suffix(".csv").tempfile().map_err(fail)?;
    writeln!(file, "job,submit_s,{columns}").map_err(fail)?;
    for (id, at, fields) in rows.iter() {
        writeln!(file, "{id},{},{fields}", seconds(*at)).map_err(fail)?;
    }
    file.flush().map_err(fail)?;
    Ok(file)
}

/// Returns a workload's keys that read the trace; its time 0 is that of the scenario.
pub(super) fn keys(file: &NamedTempFile) -> String {
    format!("trace = {{ file = {:?}, format = \"csv\", starts_at = \"zero\" }}", file.path().display().to_string())
}

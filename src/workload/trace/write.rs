//! Writes jobs as the native CSV.

use super::native::COLUMNS;
use super::record::quoted;
use crate::base::Span;
use crate::model::{Elastic, JobSpec, Model, Outcome};
use std::io::{self, Write};

/// Writes jobs as the native CSV that [`open`](crate::workload::open) reads, header first. What is read back are the same jobs: numbers are written
/// exactly, datasets keep their sharing. Where the model has several workloads, whose ids may be alike, jobs are numbered anew and datasets named
/// after their workload.
///
/// # Errors
/// Whatever writing gives.
pub fn write_native(into: &mut impl Write, model: &Model, jobs: impl IntoIterator<Item = JobSpec>) -> io::Result<()> {
    let alone = model.workloads.len() == 1;
    writeln!(into, "{}", COLUMNS.map(|(column, _)| column).join(","))?;
    for (number, job) in jobs.into_iter().enumerate() {
        let id = if alone { job.source_id } else { number as u64 };
        write!(into, "{id},{},{},{},{},", decimal(job.submit.0, 6), job.gpus, span(job.work), span(job.estimate))?;
        write!(into, "{},,{},", quoted(&model.tenant_name(job.tenant)), quoted(&model.classes[job.class].name))?;
        match job.dataset {
            Some(dataset) => {
                let key = if alone { dataset.key.to_string() } else { quoted(&format!("{}.{}", model.workloads[job.workload].name, dataset.key)) };
                write!(into, "{},{key},{},", quoted(&model.data[dataset.data].name), decimal(dataset.bytes.0, 9))?;
            }
            None => write!(into, ",,,")?,
        }
        let pays_up_to = job.pays_up_to.map(|money| decimal(money.0.unsigned_abs(), 6)).unwrap_or_default();
        let outcome = match job.recorded {
            Outcome::Completed => "completed",
            Outcome::Failed => "failed",
            Outcome::Cancelled => "cancelled",
        };
        write!(into, "{},{pays_up_to},{},{outcome},", job.patience.map(span).unwrap_or_default(), job.priority)?;
        match job.elastic {
            Some(Elastic { min, max, serial }) => writeln!(into, "{min},{max},{}", decimal(serial.0, 6))?,
            None => writeln!(into, ",,")?,
        }
    }
    Ok(())
}

fn span(span: Span) -> String {
    decimal(span.0, 6)
}

/// Writes µs as seconds.
pub(super) fn seconds(micros: i64) -> String {
    format!("{}{}", if micros < 0 { "-" } else { "" }, decimal(micros.unsigned_abs(), 6))
}

/// Writes an integer of 10⁻ᵈ units as a decimal without superfluous zeros.
fn decimal(value: u64, digits: usize) -> String {
    let text = format!("{value:0width$}", width = digits + 1);
    let (whole, fraction) = text.split_at(text.len() - digits);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

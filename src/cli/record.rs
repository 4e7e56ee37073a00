//! A run into an output directory: tables, histograms, summary and, last, the manifest.

use super::failure::Failure;
use super::printer::Printer;
use super::simulate::{Files, Outcome, Request, simulate};
use super::story::Story;
use crate::output::manifest::{self, Manifest};
use crate::output::tables::{Format, Tables};
use crate::output::{OutputDirectory, hgrm};
use std::io;
use std::path::{Path, PathBuf};

/// What a policy out of process was told and said, in an output directory.
pub(super) const TRANSCRIPT: &str = "policy.jsonl.gz";

/// Where a scenario came from.
#[derive(Debug)]
pub(super) struct Origin {
    /// The file or name, as it was given.
    pub(super) name: String,
    /// The overrides, as they were given.
    pub(super) overrides: Vec<String>,
    /// All hex digits of the hash over what it says.
    pub(super) digest: String,
    /// The files that are read, which no output may overwrite.
    pub(super) inputs: Vec<PathBuf>,
}

/// Runs with an output directory, which appears when everything is in it; that of a run that was stopped appears as `NAME.incomplete`.
pub(super) fn record(
    request: &Request<'_>,
    origin: &Origin,
    out: &Path,
    force: bool,
    format: Format,
    printer: &mut Printer,
) -> Result<Outcome, Failure> {
    let mut directory = OutputDirectory::begin(out, &origin.inputs, force)?;
    let failed = |error: io::Error| Failure::io("write into", out, &error);
    let mut tables = Tables::create(&directory, format, request.model).map_err(failed)?;
    let mut story = if request.conditions.explain { Some(Story::create(&directory, request.model).map_err(failed)?) } else { None };
    let mut outcome = simulate(request, Some(Files { tables: &mut tables, story: story.as_mut() }))?;
    tables.finish(&mut directory).map_err(failed)?;
    if let Some(story) = story {
        story.finish(&mut directory).map_err(failed)?;
    }
    for (name, histogram) in [
        ("queue_wait", &outcome.overall.queue_wait),
        ("staging", &outcome.overall.staging),
        ("completion", &outcome.overall.completion),
        ("rtt", &outcome.overall.rtt),
    ] {
        directory.write(&format!("{name}.hgrm"), &hgrm::text(histogram)).map_err(failed)?;
    }
    if let Some(transcript) = &mut outcome.transcript {
        let mut file = directory.create(TRANSCRIPT).map_err(failed)?;
        transcript.write_to(&mut file, false).and_then(|()| directory.keep(file)).map_err(failed)?;
    }
    directory.write("summary.json", &outcome.summary.timeless().to_json()).map_err(failed)?;
    let manifest = Manifest {
        manifest: manifest::FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        complete: outcome.stopped.is_none(),
        scenario: origin.name.clone(),
        scenario_digest: origin.digest.clone(),
        seed: request.seed,
        policy: outcome.summary.policy.clone(),
        overrides: origin.overrides.clone(),
        format: format.name().to_owned(),
        fingerprint: outcome.summary.fingerprint.clone(),
        files: directory.hashes().clone(),
    };
    directory.write(manifest::FILE_NAME, &manifest.to_json()).map_err(failed)?;
    let path = if outcome.stopped.is_none() { directory.commit()? } else { directory.commit_incomplete()? };
    printer.note(&format!("wrote `{}`\n", path.display()));
    if outcome.transcript.is_some() {
        outcome.stopped = outcome.stopped.map(|failure| failure.repeated_by(&path.join(TRANSCRIPT)));
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::chosen::{Chosen, Conditions};
    use crate::cli::failure::Exit;
    use crate::cli::interrupt::Interrupt;
    use crate::model::{Model, PolicyChoice};
    use crate::output::directory::hash_file;
    use crate::output::made_up;
    use std::collections::BTreeMap;
    use std::fs;

    fn recorded(model: &Model, seed: u64, interrupt: &Interrupt, out: &Path) -> Result<Outcome, Failure> {
        let policy = Chosen::Parts(PolicyChoice::default());
        let request = Request { model, policy: &policy, conditions: Conditions::default(), seed, replication: 0, interrupt, quiet: true };
        let origin = Origin { name: "made-up".to_owned(), overrides: Vec::new(), digest: "0".repeat(64), inputs: Vec::new() };
        record(&request, &origin, out, false, Format::Csv, &mut Printer::new(true))
    }

    fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap())).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_does_not() {
        let (folder, model) = (tempfile::tempdir().unwrap(), made_up::model_with_jobs());
        let run = |name: &str, seed| {
            let out = folder.path().join(name);
            let outcome = recorded(&model, seed, &Interrupt::default(), &out).unwrap();
            assert!(outcome.stopped.is_none() && outcome.summary.jobs.finished > 100, "{:?}", outcome.summary.jobs);
            files(&out)
        };
        let (first, again, other) = (run("first", 7), run("again", 7), run("other", 8));
        assert!(first == again, "two runs with one seed differ");
        assert!(first["jobs.csv"] != other["jobs.csv"] && first["manifest.json"] != other["manifest.json"]);
        assert!(first["ledger.csv"].split(|byte| *byte == b'\n').count() > 100);
        let manifest = Manifest::from_json(&String::from_utf8(first["manifest.json"].clone()).unwrap()).unwrap();
        assert_eq!(manifest.files.len(), first.len() - 1, "every file but the manifest has its hash");
        for (name, hash) in &manifest.files {
            assert_eq!(&hash_file(&folder.path().join("first").join(name)).unwrap(), hash);
        }
        assert!(!String::from_utf8(first["summary.json"].clone()).unwrap().contains("wall_s"));
    }

    #[test]
    fn an_interrupted_run_is_marked_and_stands_beside() {
        let (folder, model) = (tempfile::tempdir().unwrap(), made_up::model_with_jobs());
        let interrupt = Interrupt::default();
        interrupt.ask();
        let outcome = recorded(&model, 7, &interrupt, &folder.path().join("out")).unwrap();
        assert_eq!(outcome.stopped.unwrap().exit, Exit::Interrupted);
        assert!(!outcome.summary.complete && outcome.summary.warnings[0].code == "W201");
        assert!(!folder.path().join("out").exists());
        let manifest = fs::read_to_string(folder.path().join("out.incomplete/manifest.json")).unwrap();
        assert!(!Manifest::from_json(&manifest).unwrap().complete);
    }
}

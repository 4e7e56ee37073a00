//! `cargo xtask slurm`: a Slurm cluster of one node, set up here and taken down again, runs an experiment as a job array; the parts are merged and
//! compared with the experiment that was not divided.
//!
//! Everything of the cluster lies in one folder of its own and on ports of its own, so that it disturbs no Slurm that is there. It runs in containers
//! too: processes are tracked by `proctrack/linuxproc` and tasks are bound by nothing, so that no control group has to be made.

use crate::steps::{Failure, cargo, output, program, root, run, works};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What the experiment is.
const EXPERIMENT: &[&str] = &["quickstart", "--policy", "fifo+nearest", "--policy", "fifo+cheapest+easy", "-r", "3", "--set", "scenario.horizon=2 d"];

/// A process that ends with its owner.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        // Asked first, so that slurmd ends its steps too; nobody can be told if it has gone already.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_secs(5) {
            if matches!(self.0.try_wait(), Ok(Some(_))) {
                return;
            }
            sleep(Duration::from_millis(50));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs the experiment on a cluster of one node.
pub fn run_slurm() -> Result<(), Failure> {
    install()?;
    run(&mut cargo(&["build", "--locked"]))?;
    let place = short_folder()?;
    let done = on_cluster(&place);
    if done.is_ok() {
        fs::remove_dir_all(&place).map_err(|error| format!("{}: {error}", place.display()))?;
    } else {
        println!("logs of the cluster are in {}", place.display());
    }
    done
}

/// Installs Debian's Slurm where it is missing.
fn install() -> Result<(), Failure> {
    let there = ["slurmctld", "slurmd", "sbatch"].iter().all(|name| works(Command::new(name).arg("-V"))) && works(Command::new("munged").arg("-V"));
    if there {
        return Ok(());
    }
    run(Command::new("apt-get").args(["install", "-y", "--no-install-recommends", "slurm-wlm"]).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Makes a folder with a short name: sockets cannot have long ones.
fn short_folder() -> Result<PathBuf, Failure> {
    let place = std::env::temp_dir().join(format!("edwc-slurm-{}", std::process::id()));
    fs::create_dir(&place).map_err(|error| format!("{}: {error}", place.display()))?;
    Ok(place)
}

fn on_cluster(place: &Path) -> Result<(), Failure> {
    let host = String::from_utf8_lossy(&output(&mut Command::new("hostname"))?).trim().to_owned();
    let user = String::from_utf8_lossy(&output(Command::new("id").arg("-un"))?).trim().to_owned();
    write(&place.join("slurm.conf"), &configuration(place, &host, &user))?;
    run(Command::new("dd").args(["if=/dev/urandom", "bs=64", "count=1", "status=none"]).arg(format!("of={}", place.join("munge.key").display())))?;
    run(Command::new("chmod").arg("400").arg(place.join("munge.key")))?;
    for folder in ["state", "spool"] {
        fs::create_dir(place.join(folder)).map_err(|error| format!("{folder}: {error}"))?;
    }
    let path = |name: &str| place.join(name).display().to_string();
    let munged = ["key-file=munge.key", "socket=munge.socket", "pid-file=munged.pid", "log-file=munged.log", "seed-file=munged.seed"];
    let munged = munged.map(|option| option.split_once('=').map_or_else(String::new, |(name, file)| format!("--{name}={}", path(file))));
    let _munged = daemon(place, "munged", Command::new("munged").args(["--foreground", "--force"]).args(munged))?;
    until("munged listens", || place.join("munge.socket").exists())?;
    let _controller = daemon(place, "slurmctld", Command::new("slurmctld").args(["-D", "-c"]))?;
    let _node = daemon(place, "slurmd", Command::new("slurmd").args(["-D", "-c"]))?;
    until("the node is idle", || {
        let told = slurm(place, "sinfo", &["-h", "-o", "%T"]).output();
        told.is_ok_and(|told| String::from_utf8_lossy(&told.stdout).trim() == "idle")
    })?;
    experiment(place)
}

/// Submits the array, waits, merges, and compares.
fn experiment(place: &Path) -> Result<(), Failure> {
    let script = root().join("examples/cluster/array.sbatch");
    let edwc = program("debug");
    let mut submit = slurm(place, "sbatch", &["--wait", "--array=1-4"]);
    run(submit.arg(script).args(EXPERIMENT).env("EDWC", &edwc).env("EDWC_PARTS", place.join("parts")).current_dir(place))?;
    let parts = (1..=4).map(|number| place.join(format!("parts/{number}")));
    run(Command::new(&edwc).arg("merge").args(parts).arg("--out").arg(place.join("merged")))?;
    run(Command::new(&edwc).arg("compare").args(EXPERIMENT).arg("-q").arg("--out").arg(place.join("whole")))?;
    // The log says how long each run took, and a merged directory has none.
    run(Command::new("diff").args(["-r", "-x", "log.txt"]).arg(place.join("merged")).arg(place.join("whole")))?;
    println!("four shards that Slurm ran, merged, are the whole, byte by byte");
    Ok(())
}

fn slurm(place: &Path, name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).env("SLURM_CONF", place.join("slurm.conf"));
    command
}

/// Starts a process that stays in the foreground, with its output in a file.
fn daemon(place: &Path, name: &str, command: &mut Command) -> Result<Daemon, Failure> {
    let log = place.join(format!("{name}.out"));
    let file = fs::File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
    let other = file.try_clone().map_err(|error| format!("{}: {error}", log.display()))?;
    let command = command.env("SLURM_CONF", place.join("slurm.conf")).stdin(Stdio::null()).stdout(file).stderr(other);
    command.spawn().map(Daemon).map_err(|error| format!("`{name}` did not start: {error}"))
}

fn until(what: &str, mut holds: impl FnMut() -> bool) -> Result<(), Failure> {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(60) {
        if holds() {
            return Ok(());
        }
        sleep(Duration::from_millis(200));
    }
    Err(format!("after a minute it is not so that {what}"))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Writes a configuration for one node, all in one folder.
fn configuration(place: &Path, host: &str, user: &str) -> String {
    let place = place.display();
    format!(
        "ClusterName=edwc
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
AuthType=auth/munge
AuthInfo=socket={place}/munge.socket
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={place}/state
SlurmdSpoolDir={place}/spool
SlurmctldPidFile={place}/slurmctld.pid
SlurmdPidFile={place}/slurmd.pid
SlurmctldLogFile={place}/slurmctld.log
SlurmdLogFile={place}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
NodeName={host} NodeAddr=127.0.0.1 CPUs={processors} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
",
        processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
    )
}

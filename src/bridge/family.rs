//! Everything that a policy's process has started: found, killed and reaped, whatever happens.
//!
//! Three nets, each for what slips through the one before. The *process group* is killed as one. A *mark* in the environment finds those that
//! left the group (on Linux, by `/proc`), and as this process adopts orphans there, it can reap them. And should edwc itself be killed so that it
//! cannot do any of this, a *switch* (a shell that waits for the end of a pipe which only edwc holds open) kills the group.

#[cfg(unix)]
use std::process::{Command, Stdio};

/// A policy's process with its children and theirs.
#[derive(Debug)]
pub(super) struct Family {
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
    #[cfg(unix)]
    switch: Option<std::process::Child>,
    #[cfg(target_os = "linux")]
    mark: String,
    /// Those that were seen alive and are to be reaped.
    #[cfg(target_os = "linux")]
    seen: std::collections::BTreeSet<i32>,
}

impl Family {
    /// The variable of the environment that carries the mark.
    pub(super) const VARIABLE: &'static str = "EDWC_POLICY";

    /// Makes up a mark that no other family has.
    pub(super) fn mark() -> String {
        use std::sync::atomic::{AtomicU64, Ordering};
        static COUNT: AtomicU64 = AtomicU64::new(0);
        format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
    }
}

#[cfg(not(unix))]
impl Family {
    /// Takes a process; without groups, only the process itself can be ended, by who holds it.
    pub(super) fn of(_process: Option<u32>, _mark: String) -> Self {
        Self {}
    }
    pub(super) fn kill(&mut self) {}
    pub(super) fn reap(&mut self) {}
}

#[cfg(unix)]
impl Family {
    /// Takes a process that leads a group of its own.
    pub(super) fn of(process: Option<u32>, mark: String) -> Self {
        let group = process.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        #[cfg(target_os = "linux")]
        {
            // Where this is refused, orphans go to the first process of the system, which reaps them.
            let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
            Self { group, switch: group.and_then(switch), mark, seen: std::collections::BTreeSet::new() }
        }
        #[cfg(not(target_os = "linux"))]
        {
            drop(mark);
            Self { group, switch: group.and_then(switch) }
        }
    }

    /// Kills all that is left.
    pub(super) fn kill(&mut self) {
        use rustix::process::{Signal, kill_process_group};
        // The switch goes first: from here on it could only hit a stranger.
        if let Some(mut switch) = self.switch.take() {
            let _ = switch.kill();
            let _ = switch.wait();
        }
        #[cfg(target_os = "linux")]
        self.look_for_marked();
        if let Some(group) = self.group.take() {
            let _ = kill_process_group(group, Signal::KILL);
        }
        #[cfg(target_os = "linux")]
        self.kill_marked();
    }
}

/// Starts the switch: a shell that kills the group when its standard input ends, which it does when this process is gone.
#[cfg(unix)]
fn switch(group: rustix::process::Pid) -> Option<std::process::Child> {
    use std::os::unix::process::CommandExt as _;
    let id = group.as_raw_nonzero().to_string();
    let mut command = Command::new("sh");
    command.args(["-c", "read -r nothing; kill -s KILL -- \"-$1\"", "edwc-switch", &id]);
    // A system without a shell has no switch; the other nets hold.
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn().ok()
}

#[cfg(all(unix, not(target_os = "linux")))]
impl Family {
    /// Orphans are not ours to reap here.
    pub(super) fn reap(&mut self) {}
}

#[cfg(target_os = "linux")]
impl Family {
    /// Reaps the orphans that this process has adopted.
    pub(super) fn reap(&mut self) {
        use rustix::process::{Pid, WaitOptions, waitpid};
        for id in std::mem::take(&mut self.seen) {
            let Some(id) = Pid::from_raw(id) else { continue };
            // A killed process is gone in no time, unless the kernel is busy with it; then nobody waits.
            for _ in 0..100 {
                match waitpid(Some(id), WaitOptions::NOHANG) {
                    Ok(None) => std::thread::sleep(std::time::Duration::from_millis(2)),
                    _ => break,
                }
            }
        }
    }

    /// Kills those that carry the mark, until there are none: what is killed last may have started another before.
    fn kill_marked(&mut self) {
        use rustix::process::{Pid, Signal, kill_process};
        for _ in 0..50 {
            let found = self.look_for_marked();
            if found.is_empty() {
                return;
            }
            for id in found.into_iter().filter_map(Pid::from_raw) {
                let _ = kill_process(id, Signal::KILL);
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }

    /// Looks for processes that carry the mark, whatever group or session they are in.
    fn look_for_marked(&mut self) -> Vec<i32> {
        let wanted = format!("{}={}", Self::VARIABLE, self.mark);
        let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
        let ids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
        let carries = |id: &i32| {
            let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
        };
        let found: Vec<i32> = ids.filter(carries).collect();
        let leader = self.group.map(|group| group.as_raw_nonzero().get());
        self.seen.extend(found.iter().filter(|id| Some(**id) != leader));
        found
    }
}

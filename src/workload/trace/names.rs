//! The scenario's names, as rows of a trace use them.

use super::row::Who;
use crate::model::{ClassId, DataId, Model, TenantId};
use std::collections::BTreeMap;

/// Names of tenants, classes and data classes, to find ids by.
#[derive(Clone, Debug)]
pub(super) struct Names {
    /// Groups: the id, the first tenant and how many there are.
    groups: BTreeMap<Box<[u8]>, (Who, TenantId, u32)>,
    classes: BTreeMap<Box<[u8]>, ClassId>,
    data: BTreeMap<Box<[u8]>, DataId>,
    /// Who asks for the trace. On the command line there is no scenario to hold names against: a tenant is then a user, classes and data are of no
    /// concern.
    asked: Asked,
}

/// Where a trace is asked for: what would help is spelt as it is written there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Asked {
    /// In a scenario, by keys.
    InScenario,
    /// On the command line, by flags.
    OnCommandLine,
}

impl Asked {
    /// How rows are sorted.
    pub fn sort(self) -> &'static str {
        if self == Self::InScenario { "`sort = true`" } else { "`--sort`" }
    }
    /// How a log is cleaned as pyss does.
    pub fn clean(self) -> &'static str {
        if self == Self::InScenario { "`clean = \"pyss\"`" } else { "`--clean pyss`" }
    }
    /// How a file is said to be CSV.
    pub fn csv(self) -> &'static str {
        if self == Self::InScenario { "`format = \"csv\"`" } else { "`--format csv`" }
    }
}

impl Names {
    /// Collects the names of a model.
    pub fn of(model: &Model) -> Self {
        let key = |name: &str| name.as_bytes().into();
        Self {
            groups: model.tenants.entries().map(|(id, group)| (key(&group.name), (Who::Group(id), group.first, group.count))).collect(),
            classes: model.classes.entries().map(|(id, class)| (key(&class.name), id)).collect(),
            data: model.data.entries().map(|(id, data)| (key(&data.name), id)).collect(),
            asked: Asked::InScenario,
        }
    }
    /// Takes any name: there is no scenario, the trace is asked for on the command line.
    pub fn without_scenario() -> Self {
        Self { groups: BTreeMap::new(), classes: BTreeMap::new(), data: BTreeMap::new(), asked: Asked::OnCommandLine }
    }
    /// Returns where the trace is asked for.
    pub fn asked(&self) -> Asked {
        self.asked
    }
    fn any(&self) -> bool {
        self.asked == Asked::OnCommandLine
    }
    /// Finds a group, `lab`, or a tenant by number, `lab-3`.
    pub fn tenant(&self, name: &[u8]) -> Result<Who, String> {
        if self.any() {
            return Ok(Who::User(super::ids::hash(name)));
        }
        if let Some(&(group, first, count)) = self.groups.get(name) {
            return Ok(if count == 1 { Who::Tenant(first) } else { group });
        }
        let dash = name.iter().rposition(|byte| *byte == b'-').unwrap_or(0);
        let Some(&(_, first, count)) = self.groups.get(&name[..dash]) else { return Err(known(name, self.groups.keys())) };
        let number = std::str::from_utf8(&name[dash + 1..]).ok().and_then(|number| number.parse::<u32>().ok());
        match number {
            Some(number) if (1..=count).contains(&number) => Ok(Who::Tenant(TenantId(first.0 + number - 1))),
            _ => {
                let group = String::from_utf8_lossy(&name[..dash]);
                Err(if count == 1 { format!("did you mean `{group}`?") } else { format!("its tenants are `{group}-1` to `{group}-{count}`") })
            }
        }
    }
    /// Finds a class.
    pub fn class(&self, name: &[u8]) -> Result<ClassId, String> {
        self.classes.get(name).copied().or(self.any().then_some(ClassId(0))).ok_or_else(|| known(name, self.classes.keys()))
    }
    /// Finds a data class.
    pub fn data(&self, name: &[u8]) -> Result<DataId, String> {
        self.data.get(name).copied().or(self.any().then_some(DataId(0))).ok_or_else(|| known(name, self.data.keys()))
    }
}

/// Says which names there are, the one that was probably meant first.
pub(super) fn known<'a>(wrong: &[u8], names: impl Iterator<Item = &'a Box<[u8]>>) -> String {
    const SHOWN: usize = 16;
    let names: Vec<String> = names.map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    let wrong = String::from_utf8_lossy(wrong);
    let likeness = |name: &String| strsim::jaro_winkler(&wrong, name);
    if let Some(name) = names.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b))).filter(|name| likeness(name) > 0.8) {
        return format!("did you mean `{name}`?");
    }
    let list: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > SHOWN { format!(" and {} more", names.len() - SHOWN) } else { String::new() };
    if list.is_empty() { "the scenario has none".to_owned() } else { format!("known: {}{more}", list.join(", ")) }
}

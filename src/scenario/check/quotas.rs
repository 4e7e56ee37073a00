//! Quotas whose children are promised more than the parent has.

use super::super::reader::Lowering;
use crate::diag::{CHILDREN_EXCEED, Diagnostic};
use crate::model::Model;

pub(super) fn check(lowering: &Lowering<'_>, model: &Model) {
    for (parent, quota) in model.quotas.entries() {
        for chip in model.chips.ids() {
            let Some(own) = quota.gpus[chip] else { continue };
            let children = model.quotas.iter().filter(|child| child.parent == Some(parent)).filter_map(|child| child.gpus[chip]);
            let sum: u64 = children.map(|child| child.nominal).sum();
            if sum > own.nominal {
                let item = lowering.root().item("quota").item(&quota.name).item("gpus").item(&model.chips[chip].name);
                let message = format!("the children of `{}` have {sum} {} together, and it has {}", quota.name, model.chips[chip].name, own.nominal);
                lowering.report(Diagnostic::new(CHILDREN_EXCEED, message).at(item.at(), &item.path).help("they cannot all use theirs at once"));
            }
        }
    }
}

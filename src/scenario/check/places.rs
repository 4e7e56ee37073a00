//! Names of provinces that are probably slips.

use super::super::reader::{Item, Lowering};
use crate::diag::{Diagnostic, UNUSUAL_PROVINCE, closest};

/// The 34 units of the first level, as scenarios write them.
const PROVINCES: [&str; 34] = [
    "anhui",
    "beijing",
    "chongqing",
    "fujian",
    "gansu",
    "guangdong",
    "guangxi",
    "guizhou",
    "hainan",
    "hebei",
    "heilongjiang",
    "henan",
    "hong-kong",
    "hubei",
    "hunan",
    "inner-mongolia",
    "jiangsu",
    "jiangxi",
    "jilin",
    "liaoning",
    "macau",
    "ningxia",
    "qinghai",
    "shaanxi",
    "shandong",
    "shanghai",
    "shanxi",
    "sichuan",
    "taiwan",
    "tianjin",
    "tibet",
    "xinjiang",
    "yunnan",
    "zhejiang",
];

/// Warns of provinces that are nearly one of China's: a rule would silently miss them.
pub(in crate::scenario) fn provinces(lowering: &Lowering<'_>) {
    for section in ["government", "region", "site"] {
        for (_, item) in lowering.root().item(section).entries() {
            province(&item.item("province"));
        }
    }
}

fn province(item: &Item<'_>) {
    let Some(name) = item.text().filter(|name| !PROVINCES.contains(name)) else { return };
    if closest(name, PROVINCES).is_some() {
        let unusual = Diagnostic::new(UNUSUAL_PROVINCE, format!("no province of China is named `{name}`"));
        item.lowering.report(unusual.at(item.at(), &item.path).did_you_mean(name, PROVINCES));
    }
}

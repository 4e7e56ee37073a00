//! What is allowed and who pays: matchers, quotas, subsidies, levies, residency, the ledger.

pub mod records;

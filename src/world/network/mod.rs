//! The wide-area network at run time: routes, transfers that share links, and where datasets are.

//! The contract of a policy, the registry, and the built-ins.

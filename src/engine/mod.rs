//! The agenda of events, rounds, commit, failures; the loop.

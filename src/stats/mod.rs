//! Statistics of runs and experiments.

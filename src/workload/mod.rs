//! Sources of jobs: synthetic generators and traces.

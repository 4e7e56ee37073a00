//! The column list, CSV, Parquet, histograms, the manifest.

//! The scenario file: types, parsing with spans, checks, lowering to the model, JSON Schema.

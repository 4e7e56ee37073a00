//! Diagnostics: code, message, place, hints; and their renderers.

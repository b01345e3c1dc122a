//! Placeholder

/// Placeholder
#[derive(Default)]
pub struct LexiconBuilder {}

//! What each character is folded to.

/// Characters that are not seen: zero-width, joiners, variation selectors, bidirectional controls, fillers, tags.
pub fn is_invisible(_c: char) -> bool {
    false
}

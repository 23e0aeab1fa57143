//! Cases of the documented semantics.

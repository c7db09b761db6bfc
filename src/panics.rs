//! Panics of libraries that read what comes from outside, as results.
//!
//! Decoders of images and the reader of hub files panic on some damaged files. That is a bug of theirs,
//! and no reason for taper to end: what they were given is left alone, and the file is refused.
//!
//! ```
//! assert_eq!(taper::panics::contain(|| "12".parse().ok()), Some(Some(12)));
//! assert_eq!(taper::panics::contain(|| [1, 2][usize::MAX / 2..].len()), None);
//! ```

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// What `work` returns, or `None` if it panics.
///
/// For work that changes nothing which is used afterwards: a panic may leave it half changed. Nothing is
/// printed where the program's hook asks [`are_contained`].
pub fn contain<T>(work: impl FnOnce() -> T) -> Option<T> {
    let before = CONTAINED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    CONTAINED.set(before);
    result.ok()
}

/// Whether a panic of this thread would be contained. For panic hooks.
#[must_use]
pub fn are_contained() -> bool {
    CONTAINED.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_none_and_the_next_one_is_a_panic_again() {
        assert!(!are_contained());
        assert_eq!(contain(are_contained), Some(true));
        let inner = contain(|| contain(|| panic!("inner")).is_none() && are_contained());
        assert_eq!(inner, Some(true));
        assert_eq!(contain(|| panic!("outer")), None::<()>);
        assert!(!are_contained());
    }
}

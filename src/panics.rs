//! Converts panics of libraries that parse external data to results.
//!
//! Image decoders and the reader of hub files panic on some damaged files. Such a bug must not end taper: the
//! data they were working on is discarded, and the file is refused.
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

/// Returns the result of `work`, or `None` if it panics.
///
/// `work` must not modify anything that is used afterwards, because a panic may leave it half modified.
/// Nothing is printed if the program's panic hook checks [`are_contained`].
pub fn contain<T>(work: impl FnOnce() -> T) -> Option<T> {
    let before = CONTAINED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    CONTAINED.set(before);
    result.ok()
}

/// Whether a panic of this thread would be contained; for panic hooks.
#[must_use]
pub fn are_contained() -> bool {
    CONTAINED.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_panics_within_contain_become_none() {
        assert!(!are_contained());
        assert_eq!(contain(are_contained), Some(true));
        let inner = contain(|| contain(|| panic!("inner")).is_none() && are_contained());
        assert_eq!(inner, Some(true));
        assert_eq!(contain(|| panic!("outer")), None::<()>);
        assert!(!are_contained());
    }
}

//! Determines which checkpoints to delete; a pure function that can be tested without a disk.

/// Of the `existing` steps, in any order, those to delete: all except the `keep_last` highest and the `best`.
#[must_use]
pub fn superseded(existing: &[u64], keep_last: usize, best: Option<u64>) -> Vec<u64> {
    let mut steps = existing.to_vec();
    steps.sort_unstable_by(|a, b| b.cmp(a));
    steps.into_iter().skip(keep_last.max(1)).filter(|step| Some(*step) != best).collect()
}

#[cfg(test)]
mod tests {
    use super::superseded;

    #[test]
    fn keeps_the_latest_and_the_best() {
        assert_eq!(superseded(&[1, 3, 2, 4], 2, Some(1)), [2]);
        assert_eq!(superseded(&[1, 3, 2, 4], 2, None), [2, 1]);
        assert_eq!(superseded(&[1, 3, 2, 4], 2, Some(4)), [2, 1]);
        assert_eq!(superseded(&[7], 2, None), [0_u64; 0]);
    }

    #[test]
    fn never_deletes_the_only_one() {
        assert_eq!(superseded(&[7], 0, None), [0_u64; 0]);
    }
}

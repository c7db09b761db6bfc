//! Holds out samples of each class in proportion.

/// Holds out `count` of the indices in `order`, from each class in proportion: the integer part of its share,
/// and one more where the fractional part is largest (the earlier class in a tie). Each class keeps at least
/// one training sample, so fewer than `count` may be held out.
pub(super) fn stratify(
    order: &[usize],
    labels: &[u32],
    classes: usize,
    count: usize,
) -> (Vec<usize>, Vec<usize>) {
    let mut sizes = vec![0_usize; classes];
    for &index in order {
        sizes[labels[index] as usize] += 1;
    }
    let product = |size: usize| size as u128 * count as u128;
    let total = order.len().max(1) as u128;
    let mut quotas: Vec<usize> = sizes.iter().map(|&size| (product(size) / total) as usize).collect();
    let mut by_rest: Vec<usize> = (0..classes).filter(|&class| quotas[class] + 1 < sizes[class]).collect();
    by_rest.sort_by_key(|&class| std::cmp::Reverse(product(sizes[class]) % total));
    let missing = count - quotas.iter().sum::<usize>();
    for &class in by_rest.iter().take(missing) {
        quotas[class] += 1;
    }
    let mut left = quotas;
    order.iter().partition(|&&index| {
        let quota = &mut left[labels[index] as usize];
        let trained = *quota == 0;
        *quota = quota.saturating_sub(1);
        trained
    })
}

//! Matrix products by the `gemm` crate, behind checked views.
//!
//! Each element is summed in an order that depends only on the shapes; `gemm` splits the output among
//! threads, never a sum (the tests compare bits).

use super::Real;

/// A view of values as a matrix.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, T> {
    values: &'a [T],
    sizes: [usize; 2],
    steps: [usize; 2],
}

impl<'a, T> Matrix<'a, T> {
    /// `[rows, columns]` values, row by row.
    ///
    /// # Panics
    /// If the number of values differs.
    #[must_use]
    pub fn new(values: &'a [T], sizes: [usize; 2]) -> Self {
        assert_eq!(sizes[0].checked_mul(sizes[1]), Some(values.len()), "{sizes:?} values are needed");
        Self { values, sizes, steps: [sizes[1], 1] }
    }

    /// `[rows, columns]` values, row by row, where each row starts `step` values after the last.
    ///
    /// # Panics
    /// If a row would lie outside of `values`.
    #[must_use]
    pub fn with_step(values: &'a [T], sizes: [usize; 2], step: usize) -> Self {
        check(values.len(), sizes, step);
        Self { values, sizes, steps: [step, 1] }
    }

    /// The transpose, without moving values.
    #[must_use]
    pub fn t(self) -> Self {
        let ([rows, columns], [down, right]) = (self.sizes, self.steps);
        Self { sizes: [columns, rows], steps: [right, down], ..self }
    }
}

/// A view of values as a matrix that can be written, row by row.
#[derive(Debug)]
pub struct MatrixMut<'a, T> {
    values: &'a mut [T],
    sizes: [usize; 2],
    step: usize,
}

impl<'a, T> MatrixMut<'a, T> {
    /// `[rows, columns]` values, row by row.
    ///
    /// # Panics
    /// If the number of values differs.
    #[must_use]
    pub fn new(values: &'a mut [T], sizes: [usize; 2]) -> Self {
        assert_eq!(sizes[0].checked_mul(sizes[1]), Some(values.len()), "{sizes:?} values are needed");
        Self { values, sizes, step: sizes[1] }
    }

    /// `[rows, columns]` values, row by row, where each row starts `step` values after the last.
    ///
    /// # Panics
    /// If rows would overlap or lie outside of `values`.
    #[must_use]
    pub fn with_step(values: &'a mut [T], sizes: [usize; 2], step: usize) -> Self {
        check(values.len(), sizes, step);
        Self { values, sizes, step }
    }
}

fn check(len: usize, [rows, columns]: [usize; 2], step: usize) {
    assert!(step >= columns, "rows of {columns} values, {step} apart, overlap");
    let end = rows.checked_sub(1).map_or(Some(0), |last| last.checked_mul(step)?.checked_add(columns));
    assert!(end.is_some_and(|end| end <= len), "{rows} rows, {step} apart, do not fit into {len} values");
}

/// What happens to the previous values of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// They are replaced.
    Replace,
    /// The product is added to them.
    Add,
}

/// The threads that compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// The calling thread alone.
    One,
    /// All threads of the current Rayon pool, if the product is large enough.
    All,
}

/// `output` = `a` `b`, or `output` + `a` `b`.
///
/// # Panics
/// If the sizes do not match.
pub fn product<T: Real>(
    output: &mut MatrixMut<'_, T>,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    store: Store,
    threads: Threads,
) {
    let target = output.values.as_mut_ptr();
    // SAFETY: the view was checked to lie within its slice, and its rows not to overlap; the slice is
    // borrowed mutably and initialized.
    unsafe { multiply(target, output.sizes, output.step, a, b, store, threads) }
}

/// `a` `b` as a new row-major matrix.
///
/// # Panics
/// If the sizes do not match.
#[must_use]
pub fn new_product<T: Real>(a: Matrix<'_, T>, b: Matrix<'_, T>, threads: Threads) -> Vec<T> {
    let sizes = [a.sizes[0], b.sizes[1]];
    let len = sizes[0].saturating_mul(sizes[1]);
    let mut output = Vec::with_capacity(len);
    // SAFETY: the memory has exactly this size, is exclusively owned, and is not read.
    unsafe { multiply(output.as_mut_ptr(), sizes, sizes[1], a, b, Store::Replace, threads) };
    // SAFETY: gemm has written all elements, with zeros for empty sums.
    unsafe { output.set_len(len) };
    output
}

/// Writes `a` `b` to `target`, or adds it, with rows `target_step` values apart.
///
/// # Panics
/// If the sizes do not match.
///
/// # Safety
/// All of these elements must be valid for writes and used by nobody else, and no row may overlap the next.
/// They must be initialized if they are added to.
unsafe fn multiply<T: Real>(
    target: *mut T,
    [rows, columns]: [usize; 2],
    target_step: usize,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    store: Store,
    threads: Threads,
) {
    let inner = a.sizes[1];
    assert!(
        a.sizes[0] == rows && b.sizes == [inner, columns],
        "{:?} times {:?} is not {:?}",
        a.sizes,
        b.sizes,
        [rows, columns]
    );
    let parallelism = match threads {
        Threads::One => gemm::Parallelism::None,
        Threads::All => gemm::Parallelism::Rayon(0),
    };
    // No stride exceeds the length of a slice, which fits into isize.
    let step = |steps: [usize; 2]| steps.map(usize::cast_signed);
    let ([a_down, a_right], [b_down, b_right]) = (step(a.steps), step(b.steps));
    // SAFETY: both inputs were checked to lie within their slices for all of their rows and columns, the
    // caller guarantees the same for the target and that it overlaps neither itself nor the inputs, the
    // sizes of the three match, replaced values are not read, and `Real` is sealed to types that gemm
    // supports.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            target,
            1,
            target_step.cast_signed(),
            store == Store::Add,
            a.values.as_ptr(),
            a_right,
            a_down,
            b.values.as_ptr(),
            b_right,
            b_down,
            T::ONE,
            T::ONE,
            false,
            false,
            false,
            parallelism,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::same_for_any_threads;
    use super::*;
    use crate::random::Stream;

    fn random(len: usize, seed: u64) -> Vec<f32> {
        let mut stream = Stream::new([seed, 0]);
        (0..len).map(|_| stream.uniform_in(-1.0, 1.0) as f32).collect()
    }

    const SHAPES: [[usize; 3]; 16] = [
        [1, 1, 1],
        [1, 9, 300],
        [7, 1, 33],
        [5, 4, 0],
        [32, 676, 9],
        [32, 9, 676],
        [9, 676, 32],
        [32, 128, 5408],
        [128, 5408, 32],
        [32, 5408, 128],
        [33, 65, 1025],
        [100, 100, 100],
        [10, 128, 256],
        [3, 2, 5000],
        [5, 7, 1],
        [33, 40, 2],
    ];

    #[test]
    fn agrees_with_sums_in_double_precision() {
        for [m, n, k] in SHAPES {
            let (a, b) = (random(m * k, 1), random(k * n, 2));
            let at: Vec<f32> = (0..m * k).map(|i| a[(i % m) * k + i / m]).collect();
            let bt: Vec<f32> = (0..k * n).map(|i| b[(i % k) * n + i / k]).collect();
            let (a, at) = (Matrix::new(&a, [m, k]), Matrix::new(&at, [k, m]).t());
            let (b, bt) = (Matrix::new(&b, [k, n]), Matrix::new(&bt, [n, k]).t());
            for (a, b) in [(a, b), (at, b), (a, bt), (at, bt)] {
                for store in [Store::Replace, Store::Add] {
                    // Rows two values longer than needed, which must not change. Replaced values must not
                    // be read: they are NaN here, and uninitialized in `new_product`.
                    let start = if store == Store::Add { 0.5 } else { f32::NAN };
                    let mut output = vec![start; m * (n + 2)];
                    let mut view = MatrixMut::with_step(&mut output, [m, n], n + 2);
                    product(&mut view, a, b, store, Threads::All);
                    for (i, row) in output.chunks(n + 2).enumerate().step_by(m.div_ceil(9)) {
                        for (j, &value) in row[..n].iter().enumerate().step_by(n.div_ceil(9)) {
                            let term = |l: usize| {
                                let x = a.values[i * a.steps[0] + l * a.steps[1]];
                                f64::from(x) * f64::from(b.values[l * b.steps[0] + j * b.steps[1]])
                            };
                            let start = if store == Store::Add { 0.5 } else { 0.0 };
                            let expected = start + (0..k).map(term).sum::<f64>();
                            let error = (f64::from(value) - expected).abs();
                            assert!(error < 1e-4, "{m} x {n} x {k} at {i}, {j}: {value} for {expected}");
                        }
                        assert!(row[n..].iter().all(|rest| rest.to_bits() == start.to_bits()));
                    }
                }
            }
        }
    }

    #[test]
    fn gives_the_same_bits_for_any_number_of_threads() {
        for [m, n, k] in SHAPES {
            let (a, b) = (random(m * k, 1), random(k * n, 2));
            let run = |transposed: bool, threads| {
                let mut output = vec![0.0; m * n];
                let a = if transposed { Matrix::new(&a, [k, m]).t() } else { Matrix::new(&a, [m, k]) };
                let b = if transposed { Matrix::new(&b, [n, k]).t() } else { Matrix::new(&b, [k, n]) };
                product(&mut MatrixMut::new(&mut output, [m, n]), a, b, Store::Replace, threads);
                output.iter().map(|value| value.to_bits()).collect::<Vec<_>>()
            };
            for transposed in [false, true] {
                let alone = run(transposed, Threads::One);
                let new = new_product(Matrix::new(&a, [m, k]), Matrix::new(&b, [k, n]), Threads::All);
                assert!(transposed || new.iter().map(|value| value.to_bits()).eq(alone.iter().copied()));
                same_for_any_threads(|| run(transposed, Threads::All));
                assert!(alone == run(transposed, Threads::All), "{m} x {n} x {k}");
            }
        }
    }

    #[test]
    #[should_panic(expected = "do not fit")]
    fn refuses_rows_outside_of_the_values() {
        let _ = Matrix::with_step(&[0.0_f32; 9], [3, 2], 4);
    }

    #[test]
    #[should_panic(expected = "overlap")]
    fn refuses_rows_that_overlap() {
        let _ = MatrixMut::with_step(&mut [0.0_f32; 9], [3, 3], 2);
    }

    #[test]
    #[should_panic(expected = "is not")]
    fn refuses_sizes_that_do_not_fit_together() {
        let (a, b) = ([0.0_f32; 6], [0.0_f32; 8]);
        let mut output = [0.0_f32; 6];
        let output = &mut MatrixMut::new(&mut output, [2, 3]);
        product(output, Matrix::new(&a, [2, 3]), Matrix::new(&b, [4, 2]), Store::Add, Threads::One);
    }
}

use super::*;

/// Difficult values: zeros, subnormals, limits, infinities and NaN.
const SPECIAL: [f32; WIDTH] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -2.5,
    1.0 + f32::EPSILON,
    1e-40,
    -1e-45,
    f32::MIN_POSITIVE,
    -f32::MIN_POSITIVE,
    f32::MAX,
    f32::MIN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
];

/// Runs code for each instruction set of this machine, with its name and its lanes. The code must meet the
/// conditions of the methods that it calls.
macro_rules! on_every_isa {
    (|$isa:ident, $Lanes:ident| $($code:tt)*) => {{
        struct Check(Isa);

        impl Kernel for Check {
            type Output = ();

            #[inline(always)]
            unsafe fn run<$Lanes: Lanes>(self) {
                let $isa = self.0;
                // SAFETY: the caller guarantees the instructions; pointers come from long enough arrays.
                unsafe { $($code)* }
            }
        }

        for isa in Isa::all() {
            // SAFETY: the machine has the instructions.
            unsafe { run(isa, Check(isa)) };
        }
    }};
}

/// Triples of vectors: every special value with every other one, random bits, and ordinary numbers.
fn triples() -> Vec<[[f32; WIDTH]; 3]> {
    let transposed = |steps: usize| std::array::from_fn(|i| SPECIAL[(i + steps) % WIDTH]);
    let special = (0..WIDTH * WIDTH)
        .map(|i| [SPECIAL, transposed(i % WIDTH), transposed(i / WIDTH)])
        .step_by(step_of_tests());
    let mut state = 1_u64;
    let mut bits = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 32) as u32
    };
    let mut any = || std::array::from_fn(|_| std::array::from_fn(|_| f32::from_bits(bits())));
    let any: Vec<_> = (0..100).step_by(step_of_tests()).map(|_| any()).collect();
    let mut usual = || {
        std::array::from_fn(|_| std::array::from_fn(|_| (f64::from(bits()) / 2_f64.powi(31) - 1.0) as f32))
    };
    let usual: Vec<_> = (0..100).step_by(step_of_tests()).map(|_| usual()).collect();
    special.chain(any).chain(usual).collect()
}

/// Fewer tests under Miri; coprime with the width, to cover all values.
const fn step_of_tests() -> usize {
    if cfg!(miri) { 37 } else { 1 }
}

/// Requires equal bits, or NaN in both: which NaN is unspecified.
#[track_caller]
fn assert_same(actual: [f32; WIDTH], expected: [f32; WIDTH], what: &str, isa: Isa) {
    let same = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
    assert!(actual.iter().zip(&expected).all(same), "{isa:?} {what}: {actual:?} for {expected:?}");
}

/// Applies a scalar function to each lane of three vectors.
fn each([a, b, c]: [[f32; WIDTH]; 3], f: impl Fn(f32, f32, f32) -> f32) -> [f32; WIDTH] {
    std::array::from_fn(|i| f(a[i], b[i], c[i]))
}

/// The sum as documented in [`Lanes::sums`].
fn halves(values: &[f32]) -> f32 {
    if let [value] = values {
        return *value;
    }
    let (low, high) = values.split_at(values.len() / 2);
    halves(&low.iter().zip(high).map(|(low, high)| low + high).collect::<Vec<_>>())
}

#[test]
fn arithmetic_equals_scalar_arithmetic() {
    on_every_isa!(|isa, L| for values in triples() {
        let [a, b, c] = values.map(|values| L::load(values.as_ptr()));
        let check = |lanes: L, f: fn(f32, f32, f32) -> f32, what: &str| {
            assert_same(lanes.to_array(), each(values, f), what, isa);
        };
        check(a + b, |a, b, _| a + b, "+");
        check(a - b, |a, b, _| a - b, "-");
        check(a * b, |a, b, _| a * b, "*");
        check(a / b, |a, b, _| a / b, "/");
        check(a.sqrt(), |a, _, _| a.sqrt(), "sqrt");
        let one = values[1][0];
        assert_same(a.splat_like(one).to_array(), [one; WIDTH], "splat_like", isa);
        assert_same(a.mul_add(b, c).to_array(), each(values, f32::mul_add), "mul_add", isa);
    });
}

#[test]
fn masks_select_where_they_are_true() {
    on_every_isa!(|isa, L| for values in triples() {
        let [a, b, c] = values.map(|values| L::load(values.as_ptr()));
        let check = |mask: L::Mask, f: fn(f32, f32) -> bool, what: &str| {
            let expected = each(values, |a, b, c| if f(a, b) { a } else { c });
            assert_same(a.select(mask, c).to_array(), expected, what, isa);
        };
        check(a.gt(b), |a, b| a > b, ">");
        check(a.eq(b), |a, b| a == b, "==");
        check(b.is_nan(), |_, b| b.is_nan(), "is_nan");
        check(L::or(a.gt(b), a.eq(b)), |a, b| a >= b, "or");
        check(L::or(a.gt(b), b.is_nan()), |a, b| a > b || b.is_nan(), "or");
        let greater = values[0].iter().zip(&values[1]).any(|(a, b)| a > b);
        assert_eq!(L::any(a.gt(b)), greater, "{isa:?} any of {values:?}");
    });
}

#[test]
fn one_lane_that_is_true_is_enough() {
    on_every_isa!(|isa, L| for lane in 0..WIDTH {
        let mut values = [0.0; WIDTH];
        assert!(!L::any(L::load(values.as_ptr()).is_nan()), "{isa:?}");
        values[lane] = f32::NAN;
        assert!(L::any(L::load(values.as_ptr()).is_nan()), "{isa:?} {lane}");
    });
}

#[test]
fn leaky_keeps_nan_and_makes_no_new_ones() {
    on_every_isa!(|isa, L| for (values, slope) in
        triples().into_iter().flat_map(|values| [0.0, 0.01, 1.0].map(|slope| (values, slope)))
    {
        let [a, b, _] = values.map(|values| L::load(values.as_ptr()));
        let below = |value: f32| if slope == 0.0 { 0.0 } else { value * slope };
        let leaky = |a: f32| if a > 0.0 || a.is_nan() { a } else { below(a) };
        let gradient = |a: f32, b: f32| if b > 0.0 { a } else { below(a) };
        assert_same(a.leaky(slope).to_array(), each(values, |a, _, _| leaky(a)), "leaky", isa);
        let expected = each(values, |a, b, _| gradient(a, b));
        assert_same(a.leaky_gradient(b, slope).to_array(), expected, "leaky_gradient", isa);
    });
}

#[test]
fn the_first_values_are_read_and_written_and_none_after_them() {
    on_every_isa!(|isa, L| for count in 0..=WIDTH {
        // Memory of exactly that size, so that tools detect accesses past its end.
        let from: Box<[f32]> = SPECIAL[..count].into();
        let mut expected = [0.0; WIDTH];
        expected[..count].copy_from_slice(&from);
        let lanes = L::load_first(from.as_ptr(), count);
        assert_same(lanes.to_array(), expected, "load_first", isa);

        let mut to = vec![0.0; count].into_boxed_slice();
        L::load(SPECIAL.as_ptr()).store_first(to.as_mut_ptr(), count);
        assert!(to.iter().zip(&SPECIAL).all(|(a, b)| a.to_bits() == b.to_bits()), "{isa:?} {count}: {to:?}");

        let mut guarded = [7.0; WIDTH + 2];
        L::splat(1.0).store_first(guarded.as_mut_ptr().add(1), count);
        let written = |i: usize| (1..=count).contains(&i);
        let expected = std::array::from_fn(|i| if written(i) { 1.0 } else { 7.0 });
        assert_eq!(guarded, expected, "{isa:?} {count}");
    });
}

#[test]
fn memory_need_not_be_aligned() {
    on_every_isa!(|isa, L| for at in 0..WIDTH {
        let from: [f32; 2 * WIDTH] = std::array::from_fn(|i| i as f32);
        let mut to = [-7.0; 2 * WIDTH];
        L::load(from.as_ptr().add(at)).store(to.as_mut_ptr().add(at));
        let written = |i: usize| (at..at + WIDTH).contains(&i);
        let expected: [f32; 2 * WIDTH] = std::array::from_fn(|i| if written(i) { from[i] } else { -7.0 });
        assert_eq!(to, expected, "{isa:?} {at}");
    });
}

#[test]
fn each_lane_picks_one_of_four_values() {
    on_every_isa!(|isa, L| for first in 0..4 {
        let picks: [u8; WIDTH] = std::array::from_fn(|i| ((first + i * i) % 4) as u8);
        let four = [1.5, f32::INFINITY, -0.0, -3.0];
        let picked = L::pick(four.as_ptr(), L::load_picks(picks.as_ptr()));
        assert_same(picked.to_array(), picks.map(|pick| four[usize::from(pick)]), "pick", isa);
    });
}

#[test]
fn lanes_of_four_vectors_become_groups() {
    on_every_isa!(|isa, L| {
        let mut to = [-7.0; 4 * WIDTH + 2];
        let vectors = array!([L::splat(0.0); 4] j => {
            let values: [f32; WIDTH] = std::array::from_fn(|i| (4 * i + j) as f32);
            L::load(values.as_ptr())
        });
        L::store_groups(vectors, to.as_mut_ptr().add(1));
        for (i, value) in to.iter().enumerate() {
            let expected = if (1..=4 * WIDTH).contains(&i) { (i - 1) as f32 } else { -7.0 };
            assert_eq!(*value, expected, "{isa:?} {i}");
        }
    });
}

#[test]
fn every_byte_makes_the_round_trip() {
    on_every_isa!(|isa, L| for first in (0..256).step_by(WIDTH) {
        let bytes: [u8; WIDTH] = std::array::from_fn(|i| (first + i) as u8);
        let lanes = L::load_bytes(bytes.as_ptr());
        assert_eq!(lanes.to_array(), bytes.map(f32::from), "{isa:?}");
        let mut guarded = [7; WIDTH + 2];
        lanes.store_bytes(guarded.as_mut_ptr().add(1));
        assert_eq!((guarded[0], &guarded[1..=WIDTH], guarded[WIDTH + 1]), (7, &bytes[..], 7), "{isa:?}");
    });
}

#[test]
fn sums_are_added_by_halves() {
    on_every_isa!(|isa, L|
        let triples = triples();
        for first in (0..triples.len()).step_by(5) {
            let rows: [_; WIDTH] = std::array::from_fn(|i| triples[(first + i) % triples.len()][1]);
            let vectors = rows.map(|row| L::load(row.as_ptr()));
            let expected = rows.map(|row| halves(&row));
            assert_same(L::sums(vectors).to_array(), expected, "sums", isa);
            assert_same(vectors.map(L::sum), expected, "sum", isa);
        }
    );
}

#[test]
fn transposing_exchanges_rows_and_columns() {
    on_every_isa!(|isa, L|
        let rows: [[f32; WIDTH]; WIDTH] = std::array::from_fn(|i| std::array::from_fn(|j| (100 * i + j) as f32));
        let columns = L::transpose(rows.map(|row| L::load(row.as_ptr()))).map(L::to_array);
        let expected: [[f32; WIDTH]; WIDTH] = std::array::from_fn(|j| rows.map(|row| row[j]));
        assert_eq!(columns, expected, "{isa:?}");
    );
}

#[test]
fn the_best_instruction_set_comes_first() {
    let all: Vec<_> = Isa::all().collect();
    assert_eq!(all.first(), Some(&Isa::detect()));
    assert_eq!(all.last(), Some(&Isa::Portable));
    // A machine with AVX-512 also has AVX2.
    assert!(!Isa::Avx512.available() || Isa::Avx2.available());
}

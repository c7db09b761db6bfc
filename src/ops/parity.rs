//! Compares the CPU kernels with their references: values and gradients for many shapes, special values,
//! and bit-identical results for any number of threads.

use candle_core::{DType, Device, Result, Tensor, Var};

use super::{avg_pool2d, conv2d, dense, max_pool2d, relu};
use crate::random::{Purpose, Stream};
use taper_kernels::window::Window;

fn random(shape: &[usize], seed: u64) -> Result<Var> {
    let mut stream = Stream::new(seed, Purpose::Data, [1, 0]);
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| stream.uniform_in(-1.0, 1.0) as f32).collect();
    Var::from_tensor(&Tensor::from_vec(values, shape, &Device::Cpu)?)
}

/// The output and the gradients of all variables, for a random weighted sum of the output.
fn run(variables: &[Var], f: &dyn Fn(&[Var]) -> Result<Tensor>) -> Result<Vec<Vec<f32>>> {
    let output = f(variables)?;
    let weights = random(output.dims(), 99)?.as_detached_tensor();
    let gradients = (&output * weights)?.sum_all()?.backward()?;
    let gradients = variables.iter().map(|variable| {
        let gradient = gradients.get(variable).expect("every variable has a gradient");
        assert_eq!(gradient.dims(), variable.dims());
        gradient.clone()
    });
    let mut results = vec![output.clone()];
    results.extend(gradients);
    results.iter().map(|tensor| tensor.flatten_all()?.to_vec1()).collect()
}

fn plain(shape: &[usize], seed: u64) -> Result<Tensor> {
    Ok(random(shape, seed)?.as_detached_tensor())
}

type Function<'a> = &'a (dyn Fn(&[Var]) -> Result<Tensor> + Sync);

fn compare(what: &str, variables: &[Var], kernel: Function<'_>, reference: Function<'_>) -> Result<()> {
    let (computed, expected) = (run(variables, kernel)?, run(variables, reference)?);
    for (part, (computed, expected)) in computed.iter().zip(&expected).enumerate() {
        assert_eq!(computed.len(), expected.len(), "{what}: part {part}");
        for (i, (x, y)) in computed.iter().zip(expected).enumerate() {
            let equal = (x - y).abs() <= 1e-5 * (1.0 + y.abs());
            assert!(equal, "{what}: part {part} (0 is the output) at {i}: {x}, but the reference gives {y}");
        }
    }
    let bits = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads start");
        let results = pool.install(|| run(variables, kernel)).expect("is computed");
        results.concat().into_iter().map(f32::to_bits).collect::<Vec<_>>()
    };
    for threads in [2, 3] {
        assert!(bits(1) == bits(threads), "{what}: {threads} threads give different bits than one");
    }
    Ok(())
}

/// Windows of all kinds: image, kernel, strides; each with both kinds of padding where possible.
fn windows() -> Vec<Window> {
    let sizes = [
        ([28, 28], [3, 3], [1, 1]),
        ([26, 26], [2, 2], [2, 2]),
        ([5, 7], [2, 2], [2, 2]),
        ([7, 5], [3, 2], [1, 3]),
        ([9, 4], [1, 1], [1, 1]),
        ([9, 4], [1, 1], [2, 3]),
        ([6, 11], [5, 3], [2, 2]),
        ([1, 8], [1, 4], [1, 2]),
        ([3, 3], [3, 3], [3, 3]),
        ([2, 1], [4, 3], [1, 1]),
        ([8, 8], [2, 3], [5, 4]),
        ([40, 33], [3, 5], [1, 2]),
    ];
    let both = sizes.into_iter().flat_map(|(input, kernel, stride)| {
        [Window::valid(input, kernel, stride), Window::same(input, kernel, stride)]
    });
    both.filter_map(std::result::Result::ok).collect()
}

#[test]
fn conv2d_agrees_with_its_reference() -> Result<()> {
    for (i, window) in windows().iter().enumerate() {
        let (batch, channels, filters) = (1 + i % 5, 1 + i % 3, 1 + i % 4);
        let [height, width] = window.input;
        let x = random(&[batch, channels, height, width], 1)?;
        let weight = random(&[filters, channels, window.kernel[0], window.kernel[1]], 2)?;
        let what = format!("{batch} x {channels} to {filters}, {window:?}");
        compare(
            &what,
            &[x.clone(), weight.clone(), random(&[filters], 3)?],
            &|v| conv2d(&v[0], &v[1], Some(&v[2]), window),
            &|v| conv2d::reference(&v[0], &v[1], Some(&v[2]), window),
        )?;
        compare(&what, &[x, weight], &|v| conv2d(&v[0], &v[1], None, window), &|v| {
            conv2d::reference(&v[0], &v[1], None, window)
        })?;
    }
    Ok(())
}

/// Large enough that images are unfolded in several parts and gradients summed over groups of images.
#[test]
fn conv2d_agrees_with_its_reference_on_large_images() -> Result<()> {
    for (channels, filters, window) in [
        (16, 3, Window::same([33, 40], [3, 3], [1, 1])),
        (20, 2, Window::valid([41, 35], [5, 4], [2, 1])),
        (70, 60, Window::same([3, 4], [3, 3], [1, 1])),
    ] {
        let window = &window.expect("is possible");
        let [height, width] = window.input;
        let scale = |var: Var| Var::from_tensor(&(var.as_detached_tensor() * 0.1)?);
        let x = scale(random(&[5, channels, height, width], 1)?)?;
        let weight = scale(random(&[filters, channels, window.kernel[0], window.kernel[1]], 2)?)?;
        compare(
            &format!("{channels} to {filters}, {window:?}"),
            &[x, weight, random(&[filters], 3)?],
            &|v| conv2d(&v[0], &v[1], Some(&v[2]), window),
            &|v| conv2d::reference(&v[0], &v[1], Some(&v[2]), window),
        )?;
    }
    Ok(())
}

#[test]
fn pooling_agrees_with_its_references() -> Result<()> {
    for (i, window) in windows().iter().enumerate() {
        let [height, width] = window.input;
        let x = random(&[1 + i % 3, 1 + i % 4, height, width], 1)?;
        // Few different values make many ties.
        let ties = Var::from_tensor(&(x.as_detached_tensor() * 1.5)?.round()?)?;
        for x in [x, ties] {
            compare(
                &format!("max, {window:?}"),
                std::slice::from_ref(&x),
                &|v| max_pool2d(&v[0], window),
                &|v| max_pool2d::reference(&v[0], window),
            )?;
            compare(&format!("average, {window:?}"), &[x], &|v| avg_pool2d(&v[0], window), &|v| {
                avg_pool2d::reference(&v[0], window)
            })?;
        }
    }
    Ok(())
}

#[test]
fn dense_agrees_with_its_reference() -> Result<()> {
    for [batch, features, units] in
        [[1, 1, 1], [32, 100, 10], [3, 17, 129], [33, 300, 64], [5, 1, 9], [64, 784, 128]]
    {
        let scale = |var: Var| Var::from_tensor(&(var.as_detached_tensor() * 0.1)?);
        let (x, weight) = (scale(random(&[batch, features], 1)?)?, random(&[units, features], 2)?);
        let what = format!("{batch} x {features} to {units}");
        compare(
            &what,
            &[x.clone(), weight.clone(), random(&[units], 3)?],
            &|v| dense(&v[0], &v[1], Some(&v[2])),
            &|v| dense::reference(&v[0], &v[1], Some(&v[2])),
        )?;
        compare(&what, &[x, weight], &|v| dense(&v[0], &v[1], None), &|v| {
            dense::reference(&v[0], &v[1], None)
        })?;
    }
    Ok(())
}

#[test]
fn relu_agrees_with_its_reference() -> Result<()> {
    for shape in [vec![1], vec![3, 5], vec![2, 3, 7, 5], vec![40_003]] {
        compare("relu", &[random(&shape, 1)?], &|v| relu(&v[0]), &|v| relu::reference(&v[0]))?;
    }
    Ok(())
}

/// The values and the gradient of the sum, by kernel and by reference.
fn both(
    x: &Tensor,
    kernel: impl Fn(&Tensor) -> Result<Tensor>,
    reference: impl Fn(&Tensor) -> Result<Tensor>,
) -> Result<[(Vec<f32>, Vec<f32>); 2]> {
    let run = |f: &dyn Fn(&Tensor) -> Result<Tensor>| {
        let x = Var::from_tensor(&x.copy()?)?;
        let y = f(&x)?;
        let gradients = y.sum_all()?.backward()?;
        let gradient = gradients.get(&x).expect("x has a gradient").flatten_all()?.to_vec1()?;
        Ok::<_, candle_core::Error>((y.flatten_all()?.to_vec1()?, gradient))
    };
    Ok([run(&kernel)?, run(&reference)?])
}

#[test]
fn relu_has_gradient_zero_at_zero_and_propagates_nan() -> Result<()> {
    let x = Tensor::new(&[-1_f32, -0.0, 0.0, 2.0, f32::NAN, f32::INFINITY], &Device::Cpu)?;
    for (y, gradient) in both(&x, relu, relu::reference)? {
        assert_eq!(y[..4], [0.0, 0.0, 0.0, 2.0]);
        assert!(y[4].is_nan() && y[5] == f32::INFINITY);
        assert_eq!(gradient, [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
    }
    Ok(())
}

#[test]
fn the_first_of_equal_maxima_gets_the_gradient() -> Result<()> {
    let window = Window::valid([4, 4], [2, 2], [2, 2]).expect("is possible");
    let x = [[3_f32, 3., 0., 1.], [3., 3., 1., 1.], [-1., -2., 0., 0.], [-2., -1., 5., 5.]];
    let x = Tensor::new(&x, &Device::Cpu)?.reshape((1, 1, 4, 4))?;
    let results = both(&x, |x| max_pool2d(x, &window), |x| max_pool2d::reference(x, &window))?;
    for (y, gradient) in results {
        assert_eq!(y, [3., 1., -1., 5.]);
        #[rustfmt::skip]
        assert_eq!(gradient, [
            1., 0., 0., 1.,
            0., 0., 0., 0.,
            1., 0., 0., 0.,
            0., 0., 1., 0.,
        ]);
    }
    Ok(())
}

#[test]
fn padding_is_never_the_largest_value() -> Result<()> {
    let window = Window::same([2, 3], [3, 3], [1, 1]).expect("is possible");
    let x = (Tensor::ones((1, 1, 2, 3), DType::F32, &Device::Cpu)? * f64::NEG_INFINITY)?;
    for x in [x, (Tensor::ones((1, 1, 2, 3), DType::F32, &Device::Cpu)? * -7.0)?] {
        let lowest = x.flatten_all()?.to_vec1::<f32>()?[0];
        let results = both(&x, |x| max_pool2d(x, &window), |x| max_pool2d::reference(x, &window))?;
        for (y, gradient) in results {
            assert_eq!(y, [lowest; 6]);
            assert_eq!(gradient, [4., 2., 0., 0., 0., 0.]);
        }
    }
    Ok(())
}

#[test]
fn max_pooling_propagates_nan() -> Result<()> {
    // Both the fast path for 2 x 2 and the general one.
    for stride in [[2, 2], [2, 1]] {
        let window = Window::valid([2, 2], [2, 2], stride).expect("is possible");
        for at in 0..4 {
            let mut values = [1_f32, 2., 3., 4.];
            values[at] = f32::NAN;
            let x = Tensor::new(&values, &Device::Cpu)?.reshape((1, 1, 2, 2))?;
            let results = both(&x, |x| max_pool2d(x, &window), |x| max_pool2d::reference(x, &window))?;
            for (y, gradient) in results {
                assert!(y[0].is_nan(), "{at}: {y:?}");
                assert_eq!(gradient.iter().position(|g| *g > 0.0), Some(at));
            }
        }
    }
    Ok(())
}

#[test]
fn nan_is_larger_than_infinity_and_the_last_one_gets_the_gradient() -> Result<()> {
    let (nan, infinity) = (f32::NAN, f32::INFINITY);
    for (values, at) in [
        ([infinity, nan, 1., 2.], 1),
        ([nan, infinity, 1., 2.], 0),
        ([nan, infinity, nan, 2.], 2),
        ([-infinity, -1., nan, infinity], 2),
        ([nan, nan, nan, nan], 3),
    ] {
        for stride in [[2, 2], [2, 1]] {
            let window = Window::valid([2, 2], [2, 2], stride).expect("is possible");
            let x = Tensor::new(&values, &Device::Cpu)?.reshape((1, 1, 2, 2))?;
            let results = both(&x, |x| max_pool2d(x, &window), |x| max_pool2d::reference(x, &window))?;
            for (y, gradient) in results {
                assert!(y[0].is_nan(), "{values:?}: {y:?}");
                assert_eq!(gradient.iter().position(|g| *g > 0.0), Some(at), "{values:?}");
            }
        }
    }
    Ok(())
}

#[test]
fn images_that_need_no_gradient_get_none() -> Result<()> {
    let window = Window::valid([4, 4], [3, 3], [1, 1]).expect("is possible");
    let (x, weight) = (random(&[2, 1, 4, 4], 1)?.as_detached_tensor(), random(&[3, 1, 3, 3], 2)?);
    let gradients = conv2d(&x, &weight, None, &window)?.sum_all()?.backward()?;
    assert!(gradients.get(&x).is_none() && gradients.get(&weight).is_some());
    let (x, weight) = (random(&[2, 5], 1)?.as_detached_tensor(), random(&[3, 5], 2)?);
    let gradients = dense(&x, &weight, None)?.sum_all()?.backward()?;
    assert!(gradients.get(&x).is_none() && gradients.get(&weight).is_some());
    Ok(())
}

#[test]
fn sizes_that_do_not_match_are_errors() -> Result<()> {
    let window = Window::valid([4, 4], [3, 3], [1, 1]).expect("is possible");
    let x = random(&[2, 1, 4, 5], 1)?;
    assert!(max_pool2d(&x, &window).is_err() && avg_pool2d(&x, &window).is_err());
    assert!(conv2d(&x, &plain(&[3, 1, 3, 3], 2)?, None, &window).is_err());
    let x = random(&[2, 1, 4, 4], 1)?;
    assert!(conv2d(&x, &plain(&[3, 2, 3, 3], 2)?, None, &window).is_err());
    assert!(conv2d(&x, &plain(&[3, 1, 3, 3], 2)?, Some(&plain(&[4], 3)?), &window).is_err());
    let x = random(&[2, 5], 1)?;
    assert!(dense(&x, &plain(&[3, 4], 2)?, None).is_err());
    assert!(dense(&x, &plain(&[0, 5], 2)?, None).is_err());
    assert!(dense(&x, &plain(&[3, 5], 2)?, Some(&plain(&[1], 2)?)).is_err());
    Ok(())
}

#[test]
fn strided_tensors_and_empty_batches_are_supported() -> Result<()> {
    let window = Window::valid([4, 5], [2, 2], [2, 2]).expect("is possible");
    let x = random(&[2, 3, 5, 4], 1)?;
    let weight = random(&[3, 3, 2, 2], 2)?;
    compare(
        "transposed",
        &[x, weight],
        &|v| {
            let x = v[0].t()?;
            (relu(&max_pool2d(&x, &window)?.t()?)? * conv2d(&x, &v[1].t()?, None, &window)?.t()?)?.t()
        },
        &|v| {
            let x = v[0].t()?;
            let pooled = relu::reference(&max_pool2d::reference(&x, &window)?.t()?)?;
            (pooled * conv2d::reference(&x, &v[1].t()?, None, &window)?.t()?)?.t()
        },
    )?;
    let empty = Tensor::zeros((0, 3, 4, 5), DType::F32, &Device::Cpu)?;
    assert_eq!(max_pool2d(&empty, &window)?.dims(), [0, 3, 2, 2]);
    assert_eq!(avg_pool2d(&empty, &window)?.dims(), [0, 3, 2, 2]);
    assert_eq!(conv2d(&empty, &plain(&[2, 3, 2, 2], 2)?, None, &window)?.dims(), [0, 2, 2, 2]);
    assert_eq!(relu(&empty)?.dims(), [0, 3, 4, 5]);
    let empty = Tensor::zeros((0, 3), DType::F32, &Device::Cpu)?;
    assert_eq!(dense(&empty, &plain(&[2, 3], 2)?, None)?.dims(), [0, 2]);
    Ok(())
}

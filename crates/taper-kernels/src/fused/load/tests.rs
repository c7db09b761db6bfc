use super::*;

/// The value of memory that must not be written.
const GUARD: f32 = -7.0;

/// Loads a batch of seven samples, with repeats, from a data set of five, of bytes and of floats, with
/// every instruction set, and compares it with a plain loop. The batch is longer than the prefetch
/// distance. `place` returns the destination of value i of a channel.
fn check(
    [channels, size]: [usize; 2],
    factors: usize,
    order: Order,
    row: usize,
    place: impl Fn(usize, usize) -> usize,
) {
    let bytes: Vec<u8> = (0..5 * channels * size).map(|i| (i * 37 % 256) as u8).collect();
    let floats: Vec<f32> = bytes.iter().map(|&byte| f32::from(byte) * 0.37 - 20.0).collect();
    let scale: Vec<f32> = (0..factors).map(|c| 0.1 + c as f32).collect();
    let shift: Vec<f32> = (0..factors).map(|c| 0.3 - c as f32).collect();
    let indices = [2, 0, 2, 4, 1, 0, 3];
    for (isa, bytewise) in Isa::all().flat_map(|isa| [(isa, true), (isa, false)]) {
        let mut expected = vec![GUARD; indices.len() * row + 5];
        for (to, index) in expected.chunks_exact_mut(row.max(1)).zip(indices) {
            for (c, i) in (0..channels).flat_map(|c| (0..size).map(move |i| (c, i))) {
                let from = (index * channels + c) * size + i;
                let value = if bytewise { f32::from(bytes[from]) } else { floats[from] };
                to[place(c, i)] = value.mul_add(scale[c % factors], shift[c % factors]);
            }
        }
        let data = if bytewise { Data::Bytes(&bytes) } else { Data::Floats(&floats) };
        for threads in if cfg!(miri) { 2..3 } else { 1..4 } {
            let mut to = vec![GUARD; indices.len() * row + 5];
            let load = Load { data, indices: &indices, channels, size, scale: &scale, shift: &shift, order };
            load.run(&mut Team::new(threads), isa, &mut to);
            assert_eq!(to, expected, "{isa:?}, {threads} threads, {channels} channels of {size}");
        }
    }
}

/// The side of an image and a number of features, smaller under Miri.
const SIDE: usize = if cfg!(miri) { 11 } else { 28 };
const LARGE: usize = SIDE * SIDE;

#[test]
fn flat_samples_keep_their_order() {
    for (channels, size) in [(1, 1), (1, 13), (1, 16), (1, LARGE), (3, 5), (3, 16), (4, 21)] {
        for factors in [1, channels] {
            let row = channels * size;
            check([channels, size], factors, Order::Flat(row), row, |c, i| c * size + i);
            check([channels, size], factors, Order::Columns(row + 3), row + 3, |c, i| c * size + i);
            check([channels, size], factors, Order::Flat(row + 9), row + 9, |c, i| c * size + i);
        }
    }
}

#[test]
fn images_are_loaded_pixel_by_pixel_within_their_border() {
    for (channels, padded, [height, width]) in [
        (1, 1, [1, 1]),
        (1, 1, [7, 5]),
        (1, 16, [3, 3]),
        (3, 3, [5, 7]),
        (3, 16, [SIDE - 9, SIDE - 5]),
        (2, 2, [SIDE, SIDE]),
    ] {
        for (before, after) in [([0; 2], [0; 2]), ([1, 2], [3, 4])] {
            let image = Image { channels: padded, size: [height, width], before, after };
            let place = |c, i| image.pixel(i / width, i % width) + c;
            for factors in [1, channels] {
                let order = Order::ChannelsLast(image);
                check([channels, height * width], factors, order, image.len(), place);
            }
        }
    }
}

#[test]
fn an_empty_batch_writes_nothing() {
    let load = Load {
        data: Data::Bytes(&[]),
        indices: &[],
        channels: 3,
        size: 4,
        scale: &[1.0],
        shift: &[0.0],
        order: Order::Flat(12),
    };
    load.run(&mut Team::new(2), Isa::detect(), &mut []);
}

/// Loads sample `index` of two with two channels of three pixels.
fn load(index: usize, shift: &[f32], order: Order, to: &mut [f32]) {
    let data = Data::Bytes(&[1; 12]);
    let load = Load { data, indices: &[index], channels: 2, size: 3, scale: &[1.0; 2], shift, order };
    load.run(&mut Team::new(1), Isa::detect(), to);
}

#[test]
#[should_panic(expected = "out of range")]
fn an_index_out_of_range_is_refused() {
    load(2, &[0.0; 2], Order::Flat(6), &mut [0.0; 6]);
}

#[test]
#[should_panic(expected = "1 parts of 6 in 5 values")]
fn memory_that_is_too_short_is_refused() {
    load(1, &[0.0; 2], Order::Flat(6), &mut [0.0; 5]);
}

#[test]
#[should_panic(expected = "room for a sample")]
fn rows_that_are_too_short_are_refused() {
    load(1, &[0.0; 2], Order::Flat(5), &mut [0.0; 6]);
}

#[test]
#[should_panic(expected = "factors")]
fn factors_that_do_not_match_are_refused() {
    load(1, &[0.0], Order::Flat(6), &mut [0.0; 6]);
}

#[test]
#[should_panic(expected = "pixels")]
fn an_image_of_another_size_is_refused() {
    load(1, &[0.0; 2], Order::ChannelsLast(Image::new(2, [2, 2])), &mut [0.0; 8]);
}

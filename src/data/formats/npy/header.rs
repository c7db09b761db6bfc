//! The header of an array: a Python dictionary as text.

use crate::data::formats::array::Element;

/// The contents of the dictionary.
pub struct Header {
    pub element: Element,
    /// Whether the first index changes fastest.
    pub fortran_order: bool,
    pub shape: Vec<usize>,
}

impl Header {
    /// Parses `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }` with the keys in any order.
    pub fn parse(text: &str) -> Result<Self, String> {
        let malformed = || format!("malformed NPY header {:?}", text.chars().take(80).collect::<String>());
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        let mut rest = skip(text.trim(), "{").ok_or_else(malformed)?;
        while !rest.starts_with('}') {
            let (key, after) = quoted(rest).ok_or_else(malformed)?;
            let value = skip(after, ":").ok_or_else(malformed)?;
            rest = match key {
                "descr" if descr.is_none() => {
                    let records =
                        "holds records, which are unsupported; save their fields as one array of numbers";
                    let (word, rest) = quoted(value).ok_or(records)?;
                    descr = Some(word);
                    rest
                }
                "fortran_order" if fortran_order.is_none() => {
                    fortran_order = Some(value.starts_with("True"));
                    skip(value, "True").or_else(|| skip(value, "False")).ok_or_else(malformed)?
                }
                "shape" if shape.is_none() => {
                    let (sizes, rest) = tuple(value).ok_or_else(malformed)?;
                    shape = Some(sizes);
                    rest
                }
                _ => return Err(malformed()),
            };
            match skip(rest, ",") {
                Some(after) => rest = after,
                None if rest.starts_with('}') => {}
                None => return Err(malformed()),
            }
        }
        let (Some(descr), Some(fortran_order), Some(shape), "}") = (descr, fortran_order, shape, rest) else {
            return Err(malformed());
        };
        Ok(Self { element: element(descr)?, fortran_order, shape })
    }
}

/// Parses NumPy's element type `descr`: the byte order, a letter and a size.
fn element(descr: &str) -> Result<Element, String> {
    let mut rest = descr.chars();
    let (order, kind) = (rest.next().unwrap_or_default(), rest.next().unwrap_or_default());
    let count = Some(rest.as_str()).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let count: usize = count.and_then(|digits| digits.parse().ok()).unwrap_or(0);
    let size = if kind == 'U' { count.checked_mul(4).unwrap_or(0) } else { count };
    let known = match kind {
        'f' => matches!(size, 2 | 4 | 8),
        'i' | 'u' => matches!(size, 1 | 2 | 4 | 8),
        'b' => size == 1,
        'U' | 'S' => size > 0,
        _ => false,
    };
    let ordered = matches!(order, '<' | '>') || (order == '|' && (size == 1 || kind == 'S'));
    if known && ordered {
        return Ok(Element { kind, size, big_endian: order == '>' });
    }
    let descr: String = descr.chars().take(20).collect();
    let what = match kind {
        'O' => "holds pickled Python objects, which are never loaded; save numbers with `.astype(float)` or strings with \
                `.astype(str)`"
            .to_owned(),
        'V' => "holds records, which are unsupported; save their fields as one array of numbers".to_owned(),
        'f' => format!("holds {size}-byte floating-point numbers ({descr}); save them with `.astype('float64')`"),
        'c' => format!("holds complex numbers ({descr}); save real and imaginary parts as separate numbers"),
        'M' | 'm' => format!("holds times ({descr}); save them as numbers with `.astype('int64')`"),
        'U' | 'S' => format!("holds strings of length 0 ({descr})"),
        _ => format!("holds values of type {descr:?}; the supported types are f2 to f8, i1 to i8, u1 to u8, b1, U and S"),
    };
    Err(what)
}

fn skip<'a>(text: &'a str, token: &str) -> Option<&'a str> {
    text.strip_prefix(token).map(str::trim_start)
}

fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let (word, rest) = text[1..].split_once(quote)?;
    Some((word, rest.trim_start()))
}

fn tuple(text: &str) -> Option<(Vec<usize>, &str)> {
    let (inside, rest) = skip(text, "(")?.split_once(')')?;
    let inside = inside.trim_end();
    // In Python, `(3)` is a number and `(3,)` a tuple.
    if !inside.is_empty() && !inside.contains(',') {
        return None;
    }
    let sizes = inside.strip_suffix(',').unwrap_or(inside).split(',').filter(|_| !inside.is_empty());
    let digits =
        |size: &str| Some(size.trim()).filter(|s| s.bytes().all(|b| b.is_ascii_digit()))?.parse().ok();
    Some((sizes.map(digits).collect::<Option<Vec<usize>>>()?, rest.trim_start()))
}

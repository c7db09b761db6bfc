//! The header of an array: a Python dictionary as text.

/// What the dictionary says.
pub struct Header {
    /// `f`, `i`, `u` or `b`.
    pub kind: char,
    /// Bytes for each value.
    pub size: usize,
    pub shape: Vec<usize>,
}

impl Header {
    /// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }` in any order of keys.
    pub fn parse(text: &str) -> Result<Self, String> {
        let malformed = || format!("malformed NPY header {:?}", text.chars().take(80).collect::<String>());
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        let mut rest = skip(text.trim(), "{").ok_or_else(malformed)?;
        while !rest.starts_with('}') {
            let (key, after) = quoted(rest).ok_or_else(malformed)?;
            let value = skip(after, ":").ok_or_else(malformed)?;
            rest = match key {
                "descr" if descr.is_none() => {
                    let (word, rest) = quoted(value).ok_or("NPY arrays of records cannot be read")?;
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
        if fortran_order && shape.len() > 1 {
            return Err("in Fortran order; save it with `numpy.ascontiguousarray`".to_owned());
        }
        let (kind, size) = element(descr)?;
        Ok(Self { kind, size, shape })
    }
}

/// Kind and size of the element type that NumPy writes as `descr`.
fn element(descr: &str) -> Result<(char, usize), String> {
    let known = matches!(
        descr,
        "<f4"
            | "<f8"
            | "|i1"
            | "<i1"
            | "<i2"
            | "<i4"
            | "<i8"
            | "|u1"
            | "<u1"
            | "<u2"
            | "<u4"
            | "<u8"
            | "|b1"
            | "<b1"
    );
    match (descr.as_bytes(), descr.chars().nth(1)) {
        ([_, _, size], Some(kind)) if known => Ok((kind, usize::from(size - b'0'))),
        ([b'>', ..], _) => Err(format!("big-endian values ({descr}); save them with `.astype('<f4')`")),
        (_, Some('O')) => Err("Python objects, which are never read; save plain numbers".to_owned()),
        _ => Err(format!("values of type {descr:?}; f4, f8, i1 to i8, u1 to u8 and b1 can be read")),
    }
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
    // `(3)` is a number to Python, `(3,)` a tuple.
    if !inside.is_empty() && !inside.contains(',') {
        return None;
    }
    let sizes = inside.strip_suffix(',').unwrap_or(inside).split(',').filter(|_| !inside.is_empty());
    let digits =
        |size: &str| Some(size.trim()).filter(|s| s.bytes().all(|b| b.is_ascii_digit()))?.parse().ok();
    Some((sizes.map(digits).collect::<Option<Vec<usize>>>()?, rest.trim_start()))
}

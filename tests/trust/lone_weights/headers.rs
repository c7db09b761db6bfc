//! Headers with wrong sizes or malformed JSON.

use serde_json::json;

use super::{Case, Weights, assemble, case};

#[expect(clippy::too_many_lines, reason = "a table: one line for each case")]
pub fn cases(right: &[u8], weights: &Weights) -> Vec<Case> {
    let size = u64::from_le_bytes(right[..8].try_into().expect("8 bytes"));
    // The header is padded with blanks to a multiple of 8 bytes; their number depends on the length of the
    // config.
    let blanks = right[8..8 + size as usize].iter().rev().take_while(|byte| **byte == b' ').count() as u64;
    let sized = |size: u64| [&size.to_le_bytes(), &right[8..]].concat();
    let header = weights.header.to_string();
    let weight = weights.header["layers.0.weight"].to_string();
    let bias = weights.header["layers.0.bias"].to_string();
    let text = |header: String| assemble(&header, &weights.data);
    let metadata = weights.header["__metadata__"]["taper"].to_string();
    let named = |i: usize| format!("\"t{i}\":{{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}");
    let many = |count| format!("{{{}}}", (0..count).map(named).collect::<Vec<_>>().join(","));
    // Contiguous tensors that end just below 2^64, where adding the header overflows.
    let step = (1_u64 << 61) - 1;
    let huge = (0..8_u64).map(|i| {
        let (from, to) = (i * step, (i + 1) * step);
        format!("\"t{i}\":{{\"dtype\":\"U8\",\"shape\":[{step}],\"data_offsets\":[{from},{to}]}}")
    });
    let huge = format!("{{{}}}", huge.collect::<Vec<_>>().join(","));
    let nest = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let mut cases = vec![
        case("nothing", [], "shorter than 8 bytes"),
        case("7 bytes", [0; 7], "shorter than 8 bytes"),
        case("8 bytes of 0", [0; 8], "in its header, EOF"),
        case("header of 0 bytes", sized(0), "in its header, EOF"),
        case("header of 1 byte", sized(1), "in its header, EOF"),
        case("header without its last brace", sized(size - blanks - 1), "in its header"),
        case(
            "header 1 byte short",
            sized(size - 1),
            if blanks == 0 { "in its header" } else { "not fully covered" },
        ),
        case("header 1 byte long", sized(size + 1), "in its header"),
        case("header to the end", sized(right.len() as u64 - 8), "in its header"),
        case("header beyond the end", sized(right.len() as u64 - 7), "claims a header of"),
        case("header of 100 MB", sized(100_000_000), "claims a header of 100000000 bytes, but"),
        case("header above the limit", sized(100_000_001), "the limit is 100000000"),
        case("header of 2^63 bytes", sized(1 << 63), "claims a header of 9223372036854775808"),
        case("header of 2^64 - 1 bytes", sized(u64::MAX), "claims a header of 18446744073709551615"),
        case("header of 2^64 - 8 bytes", sized(u64::MAX - 7), "the limit is"),
        case("half a header", right[..8 + size as usize / 2].to_vec(), "claims a header of"),
        case("no data", right[..8 + size as usize].to_vec(), "ends at byte"),
        case("1 byte less", right[..right.len() - 1].to_vec(), "ends at byte"),
        case("1 byte more", [right, b"\0"].concat(), "not fully covered"),
        case("1 MB more", [right, &vec![0; 1 << 20]].concat(), "not fully covered"),
        case("two files", [right, right].concat(), "not fully covered"),
        case(
            "a ZIP archive",
            b"PK\x03\x04 and so on, long enough".to_vec(),
            "a zip archive, not a safetensors file",
        ),
        case("a pickle", b"\x80\x02}q\0(X\x01\0\0\0aq\x01".to_vec(), "a PyTorch file or another pickle"),
        case("no JSON", assemble("hello", &[]), "in its header, expected value"),
        case("a list", assemble("[]", &[]), "expected an object"),
        case("a number", assemble("1", &[]), "expected an object"),
        case("null", assemble("null", &[]), "expected an object"),
        case("JSON cut off", text(header[..header.len() - 1].to_owned()), "in its header, EOF"),
        case("text after the JSON", text(format!("{header} x")), "trailing characters"),
        case("two objects", text(format!("{header}{{}}")), "trailing characters"),
        case(
            "no UTF-8",
            assemble("\u{7f}", &[]).into_iter().chain([0xff]).collect::<Vec<u8>>(),
            "in its header",
        ),
        case("a byte order mark", text(format!("\u{feff}{header}")), "expected value"),
        case("a NUL", text(header.replacen('{', "{\0", 1)), "in its header"),
        case("a comment", text(format!("{header}// x")), "trailing"),
        case("nesting", assemble(&format!("{{\"a\":{}", "[".repeat(100_000)), &[]), "invalid type"),
        case(
            "deep nesting",
            text(header.replacen("{\"dtype", &format!("{{\"x\":{nest},\"dtype"), 1)),
            "recursion limit",
        ),
        case(
            "a name twice",
            text(header.replacen('{', &format!("{{\"layers.0.bias\":{bias},"), 1)),
            "`layers.0.bias` twice",
        ),
        case(
            "a name twice in disguise",
            text(header.replacen('{', &format!("{{\"layers.0.wei\\u0067ht\":{weight},"), 1)),
            "`layers.0.weight` twice",
        ),
        case(
            "metadata twice",
            text(header.replacen('{', "{\"__metadata__\":{},", 1)),
            "`__metadata__` twice",
        ),
        case(
            "the card twice",
            text(header.replacen("{\"taper\":", &format!("{{\"taper\":{metadata},\"taper\":"), 1)),
            "`taper` twice",
        ),
        case("a million tensors", assemble(&many(1_000_000), &[]), "more than 262144 tensors"),
        case("50,000 tensors", assemble(&many(50_000), &[]), "contains no config"),
        case("ends that add up beyond 2^64", assemble(&huge, &[]), "ends at byte"),
        case("no tensors and no metadata", assemble("{}", &[]), "contains no config"),
        case("10 MB of blanks", assemble(&" ".repeat(10 << 20), &[]), "in its header, EOF"),
        case(
            "a name of 10 MB",
            assemble(&format!("{{\"{}\":1}}", "x".repeat(10 << 20)), &[]),
            "invalid type",
        ),
        case(
            "terminal codes in a name",
            weights.header(|header| header["\u{1b}[2J\n"] = json!(1)),
            "invalid type",
        ),
    ];
    for (name, byte) in [("zeros", 0_u8), ("ones", 0xff), ("text", b'a')] {
        cases.push(case(format!("4 KiB of {name}"), vec![byte; 4096], "in its header"));
    }
    // Zeros claim an empty header, the others one beyond the limit.
    let count = cases.len();
    for (_, _, words) in &mut cases[count - 2..] {
        "claims a header".clone_into(words);
    }
    cases
}

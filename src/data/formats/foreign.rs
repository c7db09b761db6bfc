//! Detects unsupported file types by their first bytes, and suggests a remedy.

/// The number of bytes needed for detection.
pub const ENOUGH: usize = 512;

/// The first bytes of each file type, and the remedy.
const KINDS: [(&[u8], &str, Remedy); 19] = [
    (b"\x1f\x8b", "compressed with gzip", Remedy::Unpack("gunzip")),
    (b"BZh", "compressed with bzip2", Remedy::Unpack("bunzip2")),
    (b"\xfd7zXZ\0", "compressed with xz", Remedy::Unpack("unxz")),
    (b"\x28\xb5\x2f\xfd", "compressed with Zstandard", Remedy::Unpack("unzstd")),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", Remedy::Unpack("7z x")),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook (.xls)", Remedy::Save),
    (b"PAR1", "a Parquet file", Remedy::Pandas("read_parquet")),
    (b"ARROW1", "an Arrow (Feather) file", Remedy::Pandas("read_feather")),
    (b"FEA1", "a Feather file", Remedy::Pandas("read_feather")),
    (b"SQLite format 3\0", "an SQLite database", Remedy::Query),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", Remedy::Pandas("read_hdf")),
    (b"\x80\x02", "a Python pickle", Remedy::Pickle),
    (b"\x80\x03", "a Python pickle", Remedy::Pickle),
    (b"\x80\x04", "a Python pickle", Remedy::Pickle),
    (b"\x80\x05", "a Python pickle", Remedy::Pickle),
    (b"%PDF", "a PDF document", Remedy::Save),
    (b"BM", "a BMP image", Remedy::Convert),
    (b"GIF8", "a GIF image", Remedy::Convert),
    (b"II*\0", "a TIFF image", Remedy::Convert),
];

#[derive(Clone, Copy)]
enum Remedy {
    Unpack(&'static str),
    Save,
    Pandas(&'static str),
    Query,
    Pickle,
    Convert,
}

impl Remedy {
    fn text(self) -> String {
        match self {
            Self::Unpack(program) => format!("unpack it (`{program} FILE`)"),
            Self::Save => "open it and save it as CSV".to_owned(),
            Self::Pandas(reader) => {
                format!("convert it: `pandas.{reader}(FILE).to_csv(\"table.csv\", index=False)`")
            }
            Self::Query => {
                "export a table: `sqlite3 -header -csv FILE 'SELECT * FROM TABLE' > table.csv`".to_owned()
            }
            Self::Pickle => {
                "save its arrays with `numpy.savez`, or a table with `.to_csv(\"table.csv\", index=False)`"
                    .to_owned()
            }
            Self::Convert => "convert it to PNG or JPEG".to_owned(),
        }
    }
}

/// The type of a file that begins with `head`, and the remedy, if it is one of these types:
/// `is compressed with gzip; unpack it …`.
pub fn explain(head: &[u8]) -> Option<String> {
    let (what, remedy) = kind(head)?;
    Some(format!("is {what}; {}", remedy.text()))
}

fn kind(head: &[u8]) -> Option<(&'static str, Remedy)> {
    let within = |text: &[u8]| head.windows(text.len()).any(|window| window == text);
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Some(if within(b"xl/") || within(b"[Content_Types].xml") {
            ("an Excel workbook (.xlsx)", Remedy::Save)
        } else if within(b"opendocument") {
            ("an OpenDocument file", Remedy::Save)
        } else {
            ("a ZIP archive", Remedy::Unpack("unzip"))
        });
    }
    let pictures: [(bool, &str); 3] = [
        (head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP"), "a WebP image"),
        (head.starts_with(b"MM\0*"), "a TIFF image"),
        (head.get(4..8) == Some(b"ftyp"), "a HEIC, AVIF or video file"),
    ];
    if let Some((_, what)) = pictures.into_iter().find(|(is, _)| *is) {
        return Some((what, Remedy::Convert));
    }
    let start = head.trim_ascii_start();
    if start.get(..9).is_some_and(|start| start.eq_ignore_ascii_case(b"<!doctype"))
        || start.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"<html"))
    {
        return Some(("a web page, perhaps a login or an error in place of a download", Remedy::Save));
    }
    let binary = |known: &[u8]| known.iter().any(|byte| !byte.is_ascii_alphanumeric()) || known.len() > 3;
    let (_, what, remedy) = KINDS.iter().find(|(start, ..)| {
        // A table may begin with `BM`, too; a binary file contains a byte that text does not.
        head.starts_with(start) && (binary(start) || head.contains(&0))
    })?;
    Some((what, *remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsupported_files_are_detected_by_their_first_bytes() {
        for (head, words) in [
            (&b"\x1f\x8b\x08\0"[..], "is compressed with gzip; unpack it (`gunzip FILE`)"),
            (b"PK\x03\x04\x14\0[Content_Types].xml", "an Excel workbook (.xlsx); open it and save it as CSV"),
            (b"PK\x03\x04\x14\0table.csv", "a ZIP archive; unpack it"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1", ".xls"),
            (b"PAR1\x15\0", "pandas.read_parquet"),
            (b"SQLite format 3\0", "sqlite3 -header -csv"),
            (b"\x80\x04\x95", "a Python pickle"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "a WebP image; convert it to PNG or JPEG"),
            (b"\0\0\0\x18ftypheic", "HEIC"),
            (b"BM\x36\0\0\0", "a BMP image"),
            (b"\n<!DOCTYPE html>", "a web page"),
        ] {
            let text = explain(head).unwrap_or_default();
            assert!(text.contains(words), "{head:?}: {text}");
        }
        for text in [&b"a,b\n1,2\n"[..], b"BMI,age\n1,2\n", b"BZhao,1\n", b"", b"PK,1\n"] {
            assert_eq!(explain(text), None, "{text:?}");
        }
    }
}

//! Compares files that are read in blocks with the same files read by the parser, row by row.

use std::io::Read;

use super::rows::{Opened, ReadRows, Reading};
use super::*;
use crate::data::formats::csv::{blocks, records, unreadable};
use crate::random::{Purpose, Stream};
use ::csv::{Reader, StringRecord};

/// The rows of a file one after the other: a plain reference.
struct OneByOne<R> {
    reader: Reader<R>,
    /// The first row, if it is not a header.
    first: Option<StringRecord>,
}

impl<R: Read> ReadRows for OneByOne<R> {
    fn read(mut self, path: &Path, into: &mut impl Reading) -> Result<()> {
        let mut record = StringRecord::new();
        loop {
            match self.first.take() {
                Some(first) => record = first,
                None if self.reader.read_record(&mut record).map_err(|error| unreadable(path, &error))? => {}
                None => return Ok(()),
            }
            into.row(record.position().unwrap().line(), &record)?;
        }
    }
}

fn one_by_one<R: Read>(
    config: &Config,
    path: &Path,
    content: R,
    size: usize,
) -> Result<Opened<OneByOne<impl Read + use<R>>>> {
    let mut reader = records(path, content, config.delimiter, size)?;
    let mut first = StringRecord::new();
    reader.read_record(&mut first).map_err(|error| unreadable(path, &error))?;
    let rows = OneByOne { reader, first: (!config.has_headers).then(|| first.clone()) };
    Opened::new(config, path, &first, rows)
}

/// Makes tables up.
struct Maker(Stream);

impl Maker {
    fn chance(&mut self, share: f64) -> bool {
        self.0.uniform() < share
    }

    fn below(&mut self, end: usize) -> usize {
        (self.0.uniform() * end as f64) as usize
    }

    fn of<'a>(&mut self, texts: &[&'a str]) -> &'a str {
        texts[self.below(texts.len())]
    }

    fn config(&mut self, columns: usize) -> Config {
        let has_headers = self.chance(0.7);
        let name = |place: usize| if has_headers { format!("c{place}") } else { place.to_string() };
        let missing = match self.below(5) {
            0 => Missing::Rule(Gaps::Drop),
            1 => Missing::Rule(Gaps::Mean),
            2 => Missing::Number(-1.0),
            _ => Missing::default(),
        };
        let regression = self.chance(0.3);
        Config {
            has_headers,
            missing,
            categorical: if self.chance(0.3) && columns > 1 { vec![name(1)] } else { Vec::new() },
            missing_marks: if self.chance(0.2) { vec!["?".to_owned()] } else { Vec::new() },
            missing_indicator: missing.fills() && self.chance(0.5),
            pixels: self.chance(0.1),
            task: if regression { Task::Regression } else { Task::Classification },
            delimiter: if self.chance(0.2) { ';' } else { ',' },
            unknown_category: if self.chance(0.5) { UnknownCategory::Ignore } else { UnknownCategory::Error },
            classes: (!regression && self.chance(0.1)).then(|| ["0", "NA", "3"].map(str::to_owned).to_vec()),
            ..Config::new("train.csv", &name(0))
        }
    }

    /// A cell of a column of this kind.
    fn cell(&mut self, kind: usize, row: usize) -> String {
        match kind {
            0 => self.below(4).to_string(),
            1 => format!("{:.1$}", self.0.uniform_in(-900.0, 900.0), row % 8),
            2 => self.of(&["Rome", "Bonn", "a b", "Größe", "it\"s"]).to_owned(),
            3 => {
                self.of(&["\"Rome\"", "\"a,b;c\"", "\"a \"\"b\"\"\"", "\"two\r\nlines\"", "Bonn"]).to_owned()
            }
            4 => self.of(&["1", "2.5e-3", "+7", ".5", "-0", "", "NA", "nan"]).to_owned(),
            5 => format!("2024-01-{:02}", 1 + self.below(28)),
            6 => row.to_string(),
            7 => "12345678".repeat(1 + self.below(4)),
            _ => format!("t{}", self.below(150)),
        }
    }

    /// What makes a file unusual or wrong.
    fn oddity(&mut self) -> &'static [u8] {
        const ODDITIES: [&[u8]; 20] = [
            b"x",
            b"\"",
            b"\"x\"y",
            b"\xff",
            b"1e39",
            b"inf",
            b",",
            b";",
            b",,;;",
            b"\n",
            b"\r",
            b" \n",
            b"0x10",
            b"-",
            b"1,5",
            b"n.a.",
            b"\xef\xbb\xbf",
            b"\xc2\xa0",
            b"\"\"",
            b"\0",
        ];
        ODDITIES[self.below(ODDITIES.len())]
    }

    fn table(&mut self, config: &Config, kinds: &[usize], rows: usize) -> Vec<u8> {
        let (delimiter, end) = (config.delimiter.to_string(), self.of(&["\n", "\n", "\r\n", "\r"]));
        let mut table = if self.chance(0.1) { b"\xef\xbb\xbf".to_vec() } else { Vec::new() };
        if config.has_headers {
            let name = |place| if place == 3 { String::new() } else { format!("c{place}") };
            let names: Vec<String> = (0..kinds.len()).map(name).collect();
            table.extend(format!("{}{end}", names.join(&delimiter)).bytes());
        }
        let odd = if self.chance(0.6) { usize::MAX } else { self.below(rows + 1) };
        for row in 0..rows {
            for (place, kind) in kinds.iter().enumerate() {
                table.extend(if place > 0 { delimiter.bytes() } else { "".bytes() });
                let cell = self.cell(*kind, row);
                let padding = if self.chance(0.05) { self.of(&[" ", "\t", "\u{a0}", "  "]) } else { "" };
                table.extend(padding.bytes().chain(cell.bytes()).chain(padding.bytes()));
                if (row == odd && self.chance(0.4)) || self.chance(0.0001) {
                    table.extend(self.oddity());
                }
            }
            let blank = if self.chance(0.05) { end.repeat(1 + self.below(4)) } else { String::new() };
            let last = row + 1 == rows && self.chance(0.5);
            table.extend(if last { "".bytes() } else { end.bytes() }.chain(blank.bytes()));
        }
        table
    }
}

/// The splits in a form that can be compared.
fn described(splits: Result<Splits>) -> std::result::Result<String, String> {
    let splits = splits.map_err(|error| error.to_string())?;
    let of = |dataset: &Dataset| {
        let surveyed = Surveyed::from(dataset);
        format!("{} {surveyed:?}", dataset.digest())
    };
    Ok(format!("{} {:?} {:?}", of(&splits.train), splits.test.as_ref().map(of), splits.columns))
}

#[test]
fn blocks_of_any_size_are_read_like_single_rows() {
    let (mut good, mut bad) = (0, std::collections::BTreeSet::new());
    for case in 0..1500 {
        let mut maker = Maker(Stream::new(case, Purpose::Data, [0, 0]));
        let kinds: Vec<usize> =
            (0..=maker.below(5)).map(|place| if place == 0 { 0 } else { maker.below(9) }).collect();
        let config = maker.config(kinds.len());
        // Some are longer than the parser reads at once.
        let rows = if case % 10 == 0 { 1000 } else { 1 + maker.below(30) };
        let train = maker.table(&config, &kinds, rows);
        let test = maker.chance(0.5).then(|| maker.table(&config, &kinds, 10));
        let named = |content: &[u8], name: &str| (PathBuf::from(name), content.to_vec());
        let files = || (named(&train, "train.csv"), test.as_ref().map(|test| named(test, "test.csv")));
        // The parser would take a read of nothing but a byte order mark for the end of the file.
        for size in [4, 10, 40, 200, 1 << 13] {
            let (first, second) = files();
            let expected = described(config.decode_by(first, second, |path, content| {
                one_by_one(&config, path, std::io::Cursor::new(content), size)
            }));
            let (first, second) = files();
            let found = described(config.decode_by(first, second, |path, content| {
                let length = content.len() as u64;
                let blocks = blocks(path, std::io::Cursor::new(content), config.delimiter)?.of_size(size);
                config.begin(path, blocks, length)
            }));
            let shown = String::from_utf8_lossy(&train);
            assert_eq!(found, expected, "case {case}, blocks of {size} bytes, {config:?}\n{shown:.3000}");
            match expected {
                Ok(_) => good += 1,
                Err(message) => {
                    bad.insert(message);
                }
            }
        }
    }
    assert!(good > 1000 && bad.len() > 250, "{good} tables, {} different errors", bad.len());
}

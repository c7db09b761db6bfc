//! Config files that are invalid as a whole: their encoding, syntax, size or depth.

use super::{Case, RIGHT, marked};

/// A case whose text has a mark at the expected position of the message.
fn text(file: &str, name: &str, text: &str, says: &[&str]) -> Case {
    let (content, place) = marked(text);
    let place = place.map_or_else(String::new, |(row, column)| format!("{file}:{row}:{column}\n"));
    Case { place, ..bytes(file, name, &content.into_bytes(), says) }
}

fn bytes(file: &str, name: &str, content: &[u8], says: &[&str]) -> Case {
    Case {
        name: name.to_owned(),
        file: file.to_owned(),
        content: content.to_vec(),
        says: says.iter().map(|text| (*text).to_owned()).collect(),
        ..Case::default()
    }
}

pub fn cases() -> Vec<Case> {
    let mut cases = encodings();
    cases.extend(json());
    cases.extend(large());
    cases.extend(deep());
    cases
}

fn encodings() -> Vec<Case> {
    let utf16 = |big: bool, mark: &str| -> Vec<u8> {
        let units: Vec<u16> = format!("{mark}{RIGHT}").encode_utf16().collect();
        units.iter().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    };
    let wrong = RIGHT.replace("epochs", "‸epocs");
    let says = ["unknown key `epocs` in `train`", "did you mean `epochs`?"];
    let latin: Vec<u8> = [b"\xef\xbb\xbfname = \"caf\xe9\"\n", RIGHT.as_bytes()].concat();
    let mut truncated = RIGHT.as_bytes().to_vec();
    truncated.extend(b"x = \"\xe2\x80");
    let utf_8 = ["not UTF-8 text", "save the file as UTF-8"];
    let at = |case: Case, place: &str| Case { place: place.to_owned(), ..case };
    vec![
        at(
            bytes(
                "x.toml",
                "UTF-16, little end first",
                &utf16(false, "\u{feff}"),
                &["not UTF-8 text", "UTF-16"],
            ),
            "x.toml:1:1\n",
        ),
        at(
            bytes("x.json", "UTF-16, big end first", &utf16(true, "\u{feff}"), &["not UTF-8 text", "UTF-16"]),
            "x.json:1:1\n",
        ),
        at(
            bytes("x.toml", "UTF-16 without a mark", &utf16(false, ""), &["invalid unquoted key"]),
            "x.toml:1:2\n",
        ),
        at(bytes("x.toml", "Latin-1 after a mark", &latin, &utf_8), "x.toml:1:12\n"),
        at(bytes("x.toml", "cut within a letter", &truncated, &utf_8), "x.toml:36:6\n"),
        at(bytes("x.toml", "an overlong zero", b"name = \"\xc0\x80\"", &utf_8), "x.toml:1:9\n"),
        at(bytes("x.toml", "gzip", b"\x1f\x8b\x08\x00\x00\x00\x00\x00", &utf_8), "x.toml:1:2\n"),
        text("x.toml", "a byte order mark", &wrong, &says).after("\u{feff}"),
        text("x.toml", "lines that end with CR LF", &wrong, &says).with("\n", "\r\n"),
        text(
            "x.toml",
            "lines that end with CR",
            "name = \"x\"\r‸seed = 1\r",
            &["carriage return must be followed by newline"],
        ),
        text(
            "x.toml",
            "a zero byte in a text",
            &RIGHT.replace("\"x\"", "\"x‸\0\""),
            &["invalid basic string"],
        ),
        text("x.toml", "a zero byte in a key", &RIGHT.replace("seed", "se‸\0ed"), &["invalid unquoted key"]),
        text("x.toml", "an escape sequence of terminals", "\"‸\u{1b}[2J\" = 1\n", &["invalid basic string"]),
        text("x.toml", "an escaped escape sequence", "‸\"\\u001b[2J\" = 1\n", &["unknown key `␛[2J`"]),
        text(
            "x.toml",
            "a mark in the middle",
            "seed = 1\n‸\u{feff}name = \"x\"\n",
            &["invalid unquoted key"],
        ),
        text("x.toml", "typographic quotes", "name = ‸“x”\n", &["string values must be quoted"]),
        text("x.toml", "a space that does not break", "seed‸\u{a0}= 1\n", &["invalid unquoted key"]),
    ]
}

fn json() -> Vec<Case> {
    let value = "write a string in double quotes";
    let case = |name: &str, content: &str, says: &[&str]| text("x.json", name, content, says);
    vec![
        case(
            "a trailing comma in a list",
            "{\"model\": {\"layers\": [1‸,]}}",
            &["trailing commas are not allowed", "remove the comma"],
        ),
        case(
            "a line comment",
            "{\n  \"seed\": 1 ‸// one\n}",
            &["comments are not allowed", "JSON has no comments"],
        ),
        case(
            "a block comment",
            "{‸/* one */\"seed\": 1}",
            &["comments are not allowed", "JSON has no comments"],
        ),
        case("NaN", "{\"seed\": ‸NaN}", &["unexpected token", value]),
        case("Infinity", "{\"seed\": ‸Infinity}", &["unexpected token", value]),
        case("minus infinity", "{\"seed\": ‸-Infinity}", &[value]),
        case("a plus sign", "{\"seed\": ‸+1}", &["unary plus", value]),
        case("a hexadecimal number", "{\"seed\": ‸0x10}", &[value]),
        case("a point without a digit", "{\"seed\": ‸.5}", &[value]),
        case("single quotes", "{‸'seed': 1}", &["single-quoted", "use double quotes"]),
        case(
            "a bare key",
            "{‸seed: 1}",
            &["expected string for object property", "put the key in double quotes"],
        ),
        case("a missing comma", "{\"seed\": 1‸ \"name\": \"x\"}", &["expected comma", "put a comma"]),
        case("a missing colon", "{\"seed\" ‸1}", &["expected colon"]),
        case("a missing value", "{\"seed\": ‸}", &[value]),
        case("an open object", "‸{\"seed\": 1", &["unterminated object", "close the object with `}`"]),
        case("an open list", "{\"model\": ‸[1", &["unterminated array", "close the array with `]`"]),
        case("an open text", "{\"name\": ‸\"x", &["unterminated string", "double quote"]),
        case("half of a character", "{\"name\": \"‸\\ud800\"}", &["invalid unicode escape sequence"]),
        case("an unknown escape", "{\"name\": \"‸\\q\"}", &["invalid escape"]),
        case("two configs", "{\"seed\": 1} ‸{}", &["more than one JSON value", "remove what follows"]),
        case("a bracket too many", "{\"seed\": 1}‸}", &["more than one JSON value"]),
        case("only null", "‸null", &["expected a table, found null"]),
        case("only a text", "‸\"x\"", &["expected a table, found the string \"x\""]),
        case(
            "a key twice, deep",
            "{\"train\": {\"epochs\": 1, \n‸\"epochs\": 2}}",
            &["duplicate key `epochs`"],
        ),
        case(
            "an integer of 1000 digits",
            &format!("{{\"seed\": ‸1{}}}", "0".repeat(999)),
            &["seed: must be an integer from 0"],
        ),
        case(
            "an exponent",
            "{\"train\": {\"epochs\": ‸1e2}}",
            &["train.epochs: expected an integer, found `100.0`"],
        ),
        case(
            "1e400",
            "{\"optimizer\": {\"adam\": {\"learning_rate\": ‸1e400}}}",
            &["optimizer.adam.learning_rate: must be a finite number, not inf"],
        ),
        case(
            "null in a list",
            "{\"model\": {\"layers\": [‸null]}}",
            &["model.layers[0]: expected a table, found null"],
        ),
        case(
            "null for what is needed",
            "{\"model\": {\"layers\": [{‸\"dense\": {\"units\": null}}]}}",
            &["model.layers[0].dense: missing key `units`"],
        ),
        case(
            "a typo below a list",
            "{\"model\": {\"layers\": [{\"dense\": {\"units\": 1, ‸\"baias\": true}}]}}",
            &["unknown key `baias` in `model.layers[0].dense`", "did you mean `bias`?"],
        ),
        text("x.JSON", "an ending in capitals", "{\"seed\": ‸\"1\"}", &["seed: expected an integer"]),
        text("x.toml", "JSON called TOML", "‸{\"seed\": 1}", &["give the file a name that ends in `.json`"]),
        text("x.json", "TOML called JSON", "‸seed = 1", &["unexpected word", value]),
        text("x.yaml", "YAML", "seed‸: 1\n", &["invalid unquoted key"]),
    ]
}

fn large() -> Vec<Case> {
    let too_long = &["larger than 256 KiB, the limit for a config"];
    let filled = |unit: &str, size: usize| unit.repeat(size / unit.len());
    let layers = |layer: &str, count: usize| RIGHT.replace("  { flatten = {} },\n", &layer.repeat(count));
    let keys: Vec<String> = (0..20_000).map(|i| format!("k{i} = 1\n")).collect();
    let json_keys: Vec<String> = (0..20_000).map(|i| format!("\"k{i}\":1")).collect();
    let (size, deep) = (250_000, &["too many mistakes; only the first 20 are shown"]);
    vec![
        bytes("x.toml", "100 MB of one letter", &vec![b'x'; 100_000_000], too_long),
        bytes("x.json", "100 MB of brackets", &vec![b'['; 100_000_000], too_long),
        bytes("x.toml", "a million layers", layers("{flatten={}},\n", 1_000_000).as_bytes(), too_long),
        text(
            "x.toml",
            "ten thousand layers and more",
            &layers("{flatten={}},\n", 10_001).replacen("layers = ", "layers = ‸", 1),
            &["model.layers: must have at most 10000 elements"],
        ),
        text(
            "x.toml",
            "a long line",
            &format!("{RIGHT}‸x = \"{}\"\n", filled("a", size)),
            &["gate.x: `x` is not measured"],
        )
        .without_place(),
        text(
            "x.toml",
            "a long key",
            &format!("‸{} = 1\n{RIGHT}", filled("k", size)),
            &["unknown key `kkk", "kkk`"],
        ),
        text(
            "x.toml",
            "a mistake after a long line",
            &format!("a = [{}]; ‸b = 1\n", filled("1,", size)),
            &[],
        )
        .without_place(),
        text(
            "x.toml",
            "a mistake at the end of a long line",
            &format!("name = \"{}\" ‸x", filled("é", size)),
            &["unexpected key or value"],
        ),
        text("x.toml", "twenty thousand unknown keys", &keys.concat(), &["unknown key `k0`", deep[0]]),
        text(
            "x.json",
            "twenty thousand unknown keys",
            &format!("{{{}}}", json_keys.join(",")),
            &["unknown key `k0`", deep[0]],
        ),
        text(
            "x.json",
            "forty thousand times one key",
            &format!("{{{}\"a\":1}}", filled("\"a\":1,", size)),
            &["duplicate key `a`", deep[0]],
        ),
        text(
            "x.toml",
            "a mistake in each line",
            &filled("=\n", size).replacen('=', "‸=", 1),
            &["unquoted keys cannot be empty"],
        ),
        text("x.toml", "a quote in each line", &filled("\"\n", size), &["error: "]),
        text(
            "x.toml",
            "empty tables",
            &format!("seed = ‸[{}]", filled("{},", size)),
            &["seed: expected an integer, found an array"],
        ),
        text(
            "x.json",
            "empty objects",
            &format!("{{\"seed\": ‸[{}{{}}]}}", filled("{},", size)),
            &["seed: expected an integer, found an array"],
        ),
        text(
            "x.toml",
            "wrong layers only",
            &layers("{f={}},", 9_000),
            &["unknown key `f` in `model.layers[3]`", deep[0]],
        ),
    ]
}

/// Far deeper than any stack.
fn deep() -> Vec<Case> {
    let help = "a config needs only a few levels of nesting";
    let n = 40_000;
    let toml =
        |name: &str, text: String| bytes("x.toml", name, text.as_bytes(), &["x.toml:1:", "recurs", help]);
    let json = |name: &str, text: String| {
        bytes("x.json", name, text.as_bytes(), &["x.json:1:", "maximum nesting depth exceeded", help])
    };
    vec![
        toml("nested lists", format!("x = {}{}", "[".repeat(n), "]".repeat(n))),
        toml("nested lists, left open", format!("x = {}", "[".repeat(n))),
        toml("nested tables", format!("x = {}1{}", "{a=".repeat(n), "}".repeat(n))),
        toml("nested tables, left open", format!("x = {}", "{a=".repeat(n))),
        toml("a key of many parts", format!("{} = 1", vec!["a"; n].join("."))),
        toml("a heading of many parts", format!("[{}]", vec!["a"; n].join("."))),
        json("nested lists", format!("{}{}", "[".repeat(n), "]".repeat(n))),
        json("nested lists, left open", "[".repeat(n)),
        json("nested objects", format!("{}1{}", "{\"a\":".repeat(n), "}".repeat(n))),
        json("nested objects, left open", "{\"a\":".repeat(n)),
    ]
}

impl Case {
    /// The same file after `prefix`, which does not change positions.
    fn after(self, prefix: &str) -> Self {
        Self { content: [prefix.as_bytes(), &self.content].concat(), ..self }
    }

    /// The same file with other line ends.
    fn with(self, from: &str, to: &str) -> Self {
        let content = String::from_utf8_lossy(&self.content).replace(from, to);
        Self { content: content.into(), ..self }
    }

    /// The same file, if the parser's first error is at another position in the line.
    fn without_place(self) -> Self {
        Self { place: "x.toml:".to_owned(), ..self }
    }
}

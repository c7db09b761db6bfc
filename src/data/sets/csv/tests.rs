use super::*;
use crate::data::Features;

/// Loads a training and a test file with these contents.
fn load(train: &[u8], test: Option<&[u8]>, options: &str) -> Result<Splits, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("train.csv"), train).unwrap();
    let mut text = format!("path = \"train.csv\"\n{options}\n");
    if let Some(test) = test {
        std::fs::write(folder.path().join("test.csv"), test).unwrap();
        text.push_str("test_path = \"test.csv\"\n");
    }
    let config: Config = toml::from_str(&text).unwrap();
    let search = SearchPath { config_folder: folder.path().to_path_buf(), ..SearchPath::default() };
    config.load(&search, 0).map_err(|error| {
        assert_eq!(error.exit_code(), 3);
        error.to_string()
    })
}

fn classes(dataset: &Dataset) -> (&[u32], &[String]) {
    match &dataset.targets {
        Targets::Classes { labels, names } => (labels, names),
        Targets::Values { .. } => panic!("no classes"),
    }
}

#[test]
fn classes_may_be_text_or_numbers() {
    let splits =
        load("\u{feff}a, kind ,b\n1,dog,2\n3.5,cat,-4e1\n".as_bytes(), None, "target = \"kind\"").unwrap();
    assert_eq!(splits.train.features, Features::Floats(vec![1.0, 2.0, 3.5, -40.0]));
    assert_eq!(classes(&splits.train), (&[1, 0][..], &["cat".to_owned(), "dog".to_owned()][..]));
    let splits = load(b"y,a\n10,0\n9,0\n-1,0\n", None, "target = \"y\"").unwrap();
    assert_eq!(classes(&splits.train).0, [2, 1, 0]);
    let listed =
        load(b"y,a\nn,0\ny,0\n", None, "target = \"y\"\nclasses = [\"y\", \"n\", \"maybe\"]").unwrap();
    assert_eq!(classes(&listed.train).0, [1, 0]);
    assert_eq!(listed.train.target(), data::Target::Class { classes: 3 });
}

#[test]
fn columns_are_numbered_without_a_header() {
    let options = "target = \"2\"\nfeatures = [\"1\", \"0\"]\nhas_headers = false\ndelimiter = \";\"\ntask = \"regression\"";
    let splits = load(b"1;2;3\n4;5;6", Some(b"7;8;9\n"), options).unwrap();
    assert_eq!(splits.train.features, Features::Floats(vec![2.0, 1.0, 5.0, 4.0]));
    assert_eq!(splits.train.targets, Targets::Values { values: vec![3.0, 6.0], width: 1 });
    assert_eq!(splits.test.unwrap().features, Features::Floats(vec![8.0, 7.0]));
}

#[test]
fn the_test_file_must_fit() {
    let test = |content: &[u8]| load(b"a,y\n1,u\n2,v\n", Some(content), "target = \"y\"");
    assert_eq!(classes(&test(b"a,y\n1,v\n").unwrap().test.unwrap()).0, [1]);
    assert!(
        test(b"a,y\n1,v\n1,w\n").unwrap_err().contains("test.csv: line 3, column `y`: unknown class \"w\"")
    );
    assert!(test(b"b,y\n1,v\n").unwrap_err().contains("test.csv: has no column `a`; it has b, y"));
    let features = |splits: Splits| splits.test.unwrap().features;
    let found = load(b"a,b,y\n1,2,u\n", Some(b"y,note,b,a\nu,x,4,3\n"), "target = \"y\"").unwrap();
    assert_eq!(found.columns.as_ref().map(Columns::value_names), Some(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(features(found), Features::Floats(vec![3.0, 4.0]));
    let options = "target = \"1\"\nhas_headers = false";
    let more = load(b"1,u\n", Some(b"1,u,2\n"), options).unwrap_err();
    assert!(more.contains("test.csv: has 3 columns, not 2"), "{more}");
}

#[test]
fn errors_name_the_line_and_the_column() {
    let message = |content: &[u8]| load(content, None, "target = \"y\"").unwrap_err();
    assert!(message(b"a,y\n1,u\nx,u\n").contains("line 3, column `a`: \"x\" is not a number"));
    assert!(message(b"a,y\r\n1,u\r\nx,u\r\n").contains("line 3, column `a`"));
    assert!(message(b"a,y\r1,u\rx,u\r").contains("line 3, column `a`"));
    assert!(message(b"a,y\ninf,u\n").contains("\"inf\" is not a finite number"));
    assert!(message(b"a,y\n1e39,u\n").contains("\"1e39\" is out of range for a 32-bit float"));
    assert!(message(b"a,y\nNA,u\n").contains("line 2, column `a`: the value is missing"));
    assert!(message(b"a,y\n,u\n").contains("the value is missing"));
    assert!(message(b"a,y\n1,u,3\n").contains("line 2: 3 columns, but the lines before have 2"));
    assert!(message(b"a,y\n\xff,u\n").contains("line 2: not UTF-8"));
    assert!(message(b"alpha,beta\n1,u\n").contains("has no column `y`; it has alpha, beta"));
    assert!(message(b"value,target\n1,u\n").contains("no column `y`; it has value, target"));
    assert!(message(b"y,y\n1,u\n").contains("two columns"));
    assert!(message(b"y\n1\n").contains("no column other than the target"));
    assert!(message(b"a,y\n").contains("no samples"));
    assert!(message(b"").contains("has no column `y`; the file is empty"));
    let misspelt = load(b"a,species\n1,u\n", None, "target = \"specis\"").unwrap_err();
    assert!(misspelt.contains("did you mean `species`?"));
    let regression = load(b"a,y\n1,u\n", None, "target = \"y\"\ntask = \"regression\"").unwrap_err();
    assert!(regression.contains("line 2, column `y`: \"u\""));
}

#[test]
fn a_missing_label_is_not_a_class() {
    for label in ["", " ", "NaN", "NA", "null"] {
        let table = format!("a,y\n1,u\n2,{label}\n3,v\n");
        let message = load(table.as_bytes(), None, "target = \"y\"").unwrap_err();
        assert!(message.contains("line 3, column `y`: the label is missing"), "{message}");
        let test = load(b"a,y\n1,u\n2,v\n", Some(table.as_bytes()), "target = \"y\"").unwrap_err();
        assert!(test.contains("test.csv: line 3, column `y`: the label is missing"), "{test}");
    }
    let listed = load(b"a,y\n1,NA\n2,US\n", None, "target = \"y\"\nclasses = [\"NA\", \"US\"]");
    assert_eq!(classes(&listed.unwrap().train).0, [0, 1]);
}

#[test]
fn the_error_about_a_missing_column_shows_what_was_found() {
    let message = |content: &[u8]| load(content, None, "target = \"y\"").unwrap_err();
    for (content, said) in [
        (
            &b"sep=;\na;y\n1;u\n"[..],
            "its first line is a note for Excel; remove it, and set `delimiter = \";\"`",
        ),
        (b"a,Y\n1,u\n", "did you mean `Y`?"),
        (b"sep=,\na,y\n1,u\n", "a note for Excel; remove it"),
        (b"a b y\n1 2 u\n", "its first line, \"a b y\", was read as one name; if ' ' separates the columns"),
        (b"a;y\n1;u\n", "if ';' separates"),
        (b"", "the file is empty"),
        (b"# by hand\na,y\n", "its first line is \"# by hand\"; the first line must name the columns"),
        (b"1,2\n3,4\n", "its first line holds numbers"),
        (b"a,b\n1,u\n", "it has a, b"),
    ] {
        let found = message(content);
        assert!(found.contains("has no column `y`; ") && found.contains(said), "{found}");
    }
}

#[test]
fn an_unclosed_quote_swallows_no_rows() {
    let message = |content: &[u8]| load(content, None, "target = \"y\"").unwrap_err();
    assert!(message(b"a,y\n1,u\n2,\"v\n3,u\n").contains("line 3: unclosed quote"));
    let closed = load(b"a,y\n1,\"u\nw\"\n2,v\n", None, "target = \"y\"").unwrap();
    assert_eq!(classes(&closed.train).1, ["u\nw", "v"]);
}

#[test]
fn text_columns_are_one_hot_encoded() {
    let table = b"city,a,y,zip\nRome,1,u,10115\nBonn,2,v,01067\nRome,3,v,10115\n";
    let splits = load(table, None, "target = \"y\"\ncategorical = [\"zip\"]").unwrap();
    let names = splits.columns.as_ref().unwrap().value_names();
    assert_eq!(names, ["city=Bonn", "city=Rome", "a", "zip=01067", "zip=10115"]);
    let rows = [[0.0, 1.0, 1.0, 0.0, 1.0], [1.0, 0.0, 2.0, 1.0, 0.0], [0.0, 1.0, 3.0, 0.0, 1.0]];
    assert_eq!(splits.train.features, Features::Floats(rows.concat()));
    assert_eq!(splits.train.sample_shape.0, [5]);
    // The order of columns and the categories of the test file itself have no effect.
    let test = b"zip,y,city,a\n10115.0,u,Bonn,4\n";
    let found = load(table, Some(test), "target = \"y\"\ncategorical = [\"zip\"]").unwrap();
    assert_eq!(found.test.unwrap().features, Features::Floats(vec![1.0, 0.0, 4.0, 0.0, 1.0]));
    // Neither do columns that are ignored or not features.
    let few = load(table, None, "target = \"y\"\nignore = [\"zip\", \"city\"]").unwrap();
    assert_eq!(few.train.features, Features::Floats(vec![1.0, 2.0, 3.0]));
    let few = load(table, None, "target = \"y\"\nfeatures = [\"a\", \"city\"]").unwrap();
    assert_eq!(few.columns.unwrap().value_names(), ["a", "city=Bonn", "city=Rome"]);
    let nameless = "target = \"1\"\nhas_headers = false\nignore = [\"2\"]";
    let splits = load(b"x,u,7,1\ny,v,8,2\nx,u,9,3\n", Some(b"y,v,1,2\n"), nameless).unwrap();
    assert_eq!(splits.columns.unwrap().value_names(), ["0=x", "0=y", "3"]);
    assert_eq!(splits.test.unwrap().features, Features::Floats(vec![0.0, 1.0, 2.0]));
}

#[test]
fn text_that_cannot_be_categories_is_refused_with_a_remedy() {
    let message = |content: &[u8]| load(content, None, "target = \"y\"").unwrap_err();
    let ids = message(b"id,y\nr1,u\nr2,v\nr3,v\n");
    assert!(
        ids.contains("column `id`: all values are distinct") && ids.contains("`ignore = [\"id\"]`"),
        "{ids}"
    );
    let mixed = message(b"a,y\nx,u\n7,u\n");
    assert!(
        mixed.contains("line 3, column `a`: \"7\" is a number, but") && mixed.contains("`categorical`"),
        "{mixed}"
    );
    assert!(message(b"a,y\n7,u\nx,u\n").contains("list the column in `categorical`"));
    let rows = (0..=100).map(|i| format!("t{i},u\nt{i},u\n")).collect::<Vec<_>>().concat();
    let many = message(format!("a,y\n{rows}").as_bytes());
    assert!(many.contains("line 202, column `a`: \"t100\" is the 101st distinct value"), "{many}");
    let listed =
        load(format!("a,y\n{rows}").as_bytes(), None, "target = \"y\"\ncategorical = [\"a\"]").unwrap();
    assert_eq!(listed.train.sample_shape.0, [101]);
    assert!(message(b"a,y\nx,u\nNA,u\n").contains("line 3, column `a`: the value is missing"));
    let train = b"a,y\nx,u\nx,v\n";
    let unknown = load(train, Some(b"a,y\nx,u\nz,u\n"), "target = \"y\"").unwrap_err();
    assert!(
        unknown.contains("test.csv: line 3, column `a`: \"z\" is not a category of the training file"),
        "{unknown}"
    );
    let options = "target = \"y\"\nunknown_category = \"ignore\"";
    let ignored = load(train, Some(b"a,y\nz,u\nx,u\n"), options).unwrap();
    assert_eq!(ignored.test.unwrap().features, Features::Floats(vec![0.0, 1.0]));
    assert!(
        load(train, None, "target = \"y\"\ncategorical = [\"b\"]").unwrap_err().contains("has no column `b`")
    );
    assert!(load(train, None, "target = \"y\"\nignore = [\"b\"]").unwrap_err().contains("has no column `b`"));
}

#[test]
fn options_that_contradict_each_other_are_reported() {
    let text = "path = \"x\"\ntarget = \"a\"\nfeatures = [\"a\", \"b\", \"b\"]\ntask = \"regression\"\n\
                classes = [\"c\"]\nignore = [\"d\"]\ncategorical = [\"a\", \"d\"]\ndelimiter = \"é\"";
    let mut found = Vec::new();
    toml::from_str::<Config>(text).unwrap().validate(&mut Problems::new(&mut found));
    let places: Vec<String> = found.iter().map(|problem| problem.path.to_string()).collect();
    assert_eq!(
        places,
        ["delimiter", "features[0]", "features[2]", "categorical[0]", "ignore", "categorical[1]", "classes"]
    );
}

//! Additional output of `taper eval`: the confusion matrix, the worst errors, every prediction.

use serde_json::Value;

use crate::workspace::Workspace;

/// A table of two numbers and a class that depends on them, with noise.
fn table(classes: &[&str], rows: usize) -> String {
    let mut lines = vec!["a,b,y\n".to_owned()];
    for i in 0..rows {
        let class = i * 11 % classes.len();
        let noise = ((i * 37) % 101) as f32 / 101.0 - 0.5;
        let a = class as f32 + 1.4 * noise;
        lines.push(format!("{a},{},{}\n", ((i * 13) % 17) as f32 / 17.0, classes[class]));
    }
    lines.concat()
}

fn config(task: &str, outputs: usize, loss: &str) -> String {
    format!(
        "[data.csv]\npath = \"t.csv\"\ntest_path = \"t.csv\"\ntarget = \"y\"\n{task}\n\
         [model]\nlayers = [{{ dense = {{ units = 8, activation = \"relu\" }} }}, {{ dense = {{ units = {outputs} }} }}]\n\
         [loss.{loss}]\n[optimizer.adam]\nlearning_rate = 0.02\n[train]\nepochs = 5\n"
    )
}

/// A network that distinguishes `classes`, but not without mistakes.
fn trained(classes: &[&str], rows: usize) -> Workspace {
    let workspace = Workspace::new();
    workspace.file("t.csv", table(classes, rows));
    workspace.file("c.toml", config("", classes.len(), "cross_entropy"));
    workspace.ok(&["train", "c.toml", "-q", "--run-dir", "r"]);
    workspace
}

fn csv(text: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text);
    reader.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect()
}

#[test]
fn the_confusion_matrix_is_drawn_for_few_classes() {
    for classes in [&["no", "yes"][..], &["setosa", "versicolor", "virginica"], &["a"; 20], &["a"; 21]] {
        let names: Vec<String> = match classes {
            ["a", ..] => (0..classes.len()).map(|i| format!("a rather long name {i}")).collect(),
            other => other.iter().map(ToString::to_string).collect(),
        };
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let workspace = trained(&names, 400);
        let text = workspace.ok(&["eval", "r"]).stdout;
        let Some((_, matrix)) = text.split_once("confusion matrix: ") else {
            assert_eq!(names.len(), 21, "{text}");
            continue;
        };
        let rows: Vec<&str> = matrix.lines().skip(2).collect();
        assert_eq!(rows.len(), names.len(), "{matrix}");
        assert!(matrix.lines().all(|line| line.chars().count() <= 80), "{matrix}");
        let json = workspace.ok(&["eval", "r", "--format", "json"]);
        let expected = &json.json()["confusion_matrix"];
        for (i, row) in rows.iter().enumerate() {
            let cells: Vec<u64> = row
                .split_whitespace()
                .rev()
                .take(names.len())
                .map(|cell| cell.parse().unwrap_or(0))
                .collect();
            let cells: Vec<u64> = cells.into_iter().rev().collect();
            assert_eq!(serde_json::json!(cells), expected[i], "{matrix}");
            // A row of the matrix is a line of the JSON.
            let line = serde_json::to_string(&cells).expect("JSON").replace(',', ", ");
            assert!(json.stdout.lines().any(|found| found.trim().trim_end_matches(',') == line), "{line}");
        }
    }
}

#[test]
fn the_most_confident_errors_are_listed() {
    let workspace = trained(&["low", "middle", "high"], 300);
    let all = workspace.ok(&["eval", "r", "--errors", "1000", "--format", "json"]).json();
    let errors = all["errors"].as_array().expect("errors");
    assert_eq!(all["wrong"], errors.len());
    assert!(errors.len() > 5, "{}", errors.len());
    let matrix = all["confusion_matrix"].as_array().expect("a matrix");
    let right: u64 = (0..3).filter_map(|i| matrix[i][i].as_u64()).sum();
    assert_eq!(300 - right, errors.len() as u64);
    let sizes: Vec<f64> = errors.iter().filter_map(|error| error["probability"].as_f64()).collect();
    assert!(sizes.windows(2).all(|pair| pair[0] >= pair[1]), "{sizes:?}");
    let data = csv(&workspace.read("t.csv"));
    for error in errors {
        let index = error["index"].as_u64().expect("an index") as usize;
        assert_eq!(error["truth"], data[index + 1][2].as_str());
        assert_ne!(error["truth"], error["prediction"]);
    }
    for count in [0, 1, 4] {
        let few = workspace.ok(&["eval", "r", "--errors", &count.to_string(), "--format", "json"]).json();
        assert_eq!(few["errors"].as_array().expect("errors")[..], errors[..count]);
        let text = workspace.ok(&["eval", "r", "--errors", &count.to_string()]).stdout;
        let lines = text.split("errors: ").nth(1).map_or(0, |table| table.lines().count() - 2);
        assert_eq!(lines, count, "{text}");
    }
}

#[test]
fn the_largest_regression_errors_are_listed() {
    let workspace = Workspace::new();
    let rows: Vec<String> = (0..60).map(|i| format!("{i},{},{}", i % 7, 2 * i + i % 5)).collect();
    workspace.file("t.csv", format!("a,b,y\n{}\n", rows.join("\n")));
    workspace.file("c.toml", config("task = \"regression\"", 1, "mse"));
    workspace.ok(&["train", "c.toml", "-q", "--run-dir", "r"]);
    let result =
        workspace.ok(&["eval", "r", "--errors", "3", "--predictions", "p.csv", "--format", "json"]).json();
    let rows = csv(&workspace.read("p.csv"));
    assert_eq!(rows[0], ["index", "truth", "prediction"]);
    let number = |text: &str| text.parse::<f32>().expect("a number");
    let mut far: Vec<f32> = rows[1..].iter().map(|row| (number(&row[1]) - number(&row[2])).abs()).collect();
    far.sort_by(|a, b| b.total_cmp(a));
    let shown: Vec<f32> = result["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|error| error["error"].as_f64().expect("a number") as f32)
        .collect();
    assert_eq!(shown, far[..3]);
    assert!(workspace.ok(&["eval", "r", "--errors", "3"]).stdout.contains("errors: the 3 largest of 60"));
}

#[test]
fn every_prediction_is_written() {
    let workspace = trained(&["low", "middle", "high"], 2500);
    workspace.file("p.csv", "what was there");
    let result = workspace.ok(&["eval", "r", "--predictions", "p.csv", "--format", "json"]).json();
    let rows = csv(&workspace.read("p.csv"));
    assert_eq!(rows.len(), 2501);
    assert_eq!(rows[0][..4], ["index", "truth", "prediction", "probability"]);
    assert_eq!(rows[0].len(), 7);
    let right = rows[1..].iter().filter(|row| row[1] == row[2]).count();
    assert_eq!(result["accuracy"], right as f64 / 2500.0);
    workspace.ok(&["eval", "r", "--predictions", "p.jsonl"]);
    let text = String::from_utf8(workspace.read("p.jsonl")).expect("text");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for (line, row) in lines.iter().zip(&rows[1..]) {
        assert_eq!(line["index"].to_string(), row[0]);
        assert_eq!((line["truth"].as_str(), line["prediction"].as_str()), (Some(&*row[1]), Some(&*row[2])));
        let sum: f64 =
            line["probabilities"].as_array().expect("three").iter().filter_map(Value::as_f64).sum();
        assert!((sum - 1.0).abs() < 1e-5);
    }
    assert_eq!(lines.len(), 2500);
    for wrong in ["p.txt", "p", "."] {
        let outcome = workspace.run(&["eval", "r", "--predictions", wrong]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{}", outcome.stderr);
    }
    assert_eq!(workspace.run(&["eval", "r", "--predictions", "no/p.csv"]).code, 1);
    let left = std::fs::read_dir(workspace.path(".")).expect("a folder").flatten();
    let left: Vec<_> = left.filter(|entry| entry.file_name().to_string_lossy().starts_with(".tmp")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn errors_name_the_image_files() {
    let workspace = Workspace::new();
    for (split, count) in [("train", 12_u8), ("test", 9)] {
        for class in ["bright", "dark"] {
            for i in 0..count {
                // Half of the test images are in the wrong folder.
                let wrong = split == "test" && i % 2 == 0;
                let level = if (class == "bright") == wrong { 20 + i } else { 200 + i };
                let image = image::GrayImage::from_pixel(8, 8, image::Luma([level]));
                let mut png = std::io::Cursor::new(Vec::new());
                image.write_to(&mut png, image::ImageFormat::Png).expect("a picture");
                workspace.file(&format!("p/{split}/{class}/{i:02}.png"), png.into_inner());
            }
        }
    }
    workspace.file(
        "c.toml",
        "[data.image_folder]\npath = \"p\"\nheight = 8\nwidth = 8\nchannels = 1\n[model]\nlayers = [{ flatten = {} }, \
         { dense = { units = 2 } }]\n[loss.cross_entropy]\n[optimizer.adam]\nlearning_rate = 0.05\n[train]\nepochs = 30\n",
    );
    workspace.ok(&["train", "c.toml", "-q", "--run-dir", "r"]);
    for split in ["test", "train"] {
        let result =
            workspace.ok(&["eval", "r", "--errors", "20", "--format", "json", "--split", split]).json();
        let errors = result["errors"].as_array().expect("errors");
        assert_eq!(errors.len(), if split == "test" { 10 } else { 0 }, "{result}");
        for error in errors {
            let (file, truth) =
                (error["file"].as_str().expect("a file"), error["truth"].as_str().expect("a class"));
            let number: usize = file[file.len() - 6..file.len() - 4].parse().expect("its number");
            assert!(file.contains(&format!("p/test/{truth}/")) && number.is_multiple_of(2), "{error}");
        }
    }
    let text = workspace.ok(&["eval", "r", "--errors", "2"]).stdout;
    assert!(text.contains(".png  "), "{text}");
    workspace.ok(&["eval", "r", "--predictions", "p.csv"]);
    let rows = csv(&workspace.read("p.csv"));
    assert_eq!(rows[0][..4], ["index", "file", "truth", "prediction"]);
    workspace.ok(&["eval", "r", "--predictions", "p.jsonl"]);
    let lines = String::from_utf8(workspace.read("p.jsonl")).expect("text");
    assert_eq!((rows.len(), lines.lines().count()), (19, 18));
    for (row, line) in rows[1..].iter().zip(lines.lines()) {
        let line: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(line["file"], row[1]);
        assert!(row[1].contains(&format!("p/test/{}/", row[2])), "{row:?}");
    }
}

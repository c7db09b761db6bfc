//! The classes found in folders and tables, and the errors if they cannot be right.

use image::RgbImage;

use crate::tables::refusal;
use crate::workspace::Workspace;

/// A workspace with an image at each of these places, and a config that reads the folder `p`.
fn pictures(places: &[&str]) -> Workspace {
    let workspace = Workspace::new();
    for place in places {
        let path = workspace.path(format!("p/{place}"));
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        RgbImage::from_pixel(4, 4, image::Rgb([90, 20, 30])).save(path).expect("an image");
    }
    workspace.file(
        "c.toml",
        "[data.image_folder]\npath = \"p\"\nheight = 4\nwidth = 4\n[model]\n\
         layers = [{ flatten = {} }, { dense = { units = 2 } }]\n[loss.cross_entropy]\n[optimizer.sgd]\n",
    );
    workspace
}

/// The message that refuses the data, which is the same for `check` and `train`.
fn refused(workspace: &Workspace, sets: &[&str]) -> String {
    let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
    let run = |command: &[&str]| refusal(&workspace.run(&[command, &["-q"], &sets].concat()));
    let message = run(&["train", "c.toml", "--run-dir", "refused"]);
    let checked = workspace.run(&[&["check", "c.toml"], &sets[..]].concat());
    assert_eq!(checked.code, 3, "{}", checked.stdout);
    message
}

#[test]
fn folders_of_splits_are_recognized_by_their_usual_names() {
    for names in [
        ["training_set", "test_set"],
        ["Training", "Testing"],
        ["train-set", "val_set"],
        ["train_images", "Validation_Set"],
    ] {
        let [train, other] = names;
        let places = [train, other].map(|split| ["cat", "dog"].map(|class| format!("{split}/{class}/1.png")));
        let places = places.concat();
        let places: Vec<&str> = places.iter().map(String::as_str).collect();
        let workspace = pictures(&places);
        let checked = workspace.ok(&["check", "c.toml"]).stdout;
        assert!(checked.contains("2 classes, 2 training and 2 "), "{names:?}: {checked}");
    }
}

#[test]
fn folders_with_the_same_subfolders_are_not_mistaken_for_classes() {
    let workspace = pictures(&["a/cat/1.png", "a/dog/1.png", "b/cat/1.png", "b/dog/1.png"]);
    let message = refused(&workspace, &[]);
    for words in ["the folders a, b contain no images", "(cat, dog)", "`train`", "`classes`"] {
        assert!(message.contains(words), "{message}");
    }
    // Folders listed in the config are accepted.
    workspace.ok(&["check", "c.toml", "--set", "data.image_folder.classes=[\"a\",\"b\"]"]);
    let message = refused(&pictures(&["seg_train/x/1.png", "seg_train/y/1.png", "seg_test/z/1.png"]), &[]);
    assert!(message.contains("seg_test, seg_train"), "{message}");
    // Classes may have different subfolders.
    pictures(&["cat/2023/1.png", "dog/2024/1.png", "dog/2023/1.png"]).ok(&["check", "c.toml"]);
    pictures(&["cat/x/1.png", "cat/y/1.png", "dog/x/1.png", "dog/y/1.png", "dog/1.png"])
        .ok(&["check", "c.toml"]);
}

#[test]
fn a_path_that_is_one_level_too_high_is_explained() {
    let message = refused(&pictures(&["dataset/cat/1.png", "dataset/dog/1.png"]), &[]);
    assert!(message.contains("found only one class, `dataset`"), "{message}");
    assert!(message.contains("`path` should probably be `") && message.contains("p/dataset`"), "{message}");
    let message = refused(&pictures(&["cat/1.png"]), &["model.layers.1.dense.units=1"]);
    assert!(message.contains("only one class, `cat`, was found") && !message.contains("units"), "{message}");
}

#[test]
fn images_in_other_formats_must_be_converted() {
    let workspace = pictures(&["cat/1.png", "dog/1.png"]);
    workspace.file("p/dog/2.webp", "RIFF");
    let warned = workspace.ok(&["train", "c.toml", "--run-dir", "r"]).stderr;
    assert!(warned.contains("2.webp (convert such images to PNG or JPEG)"), "{warned}");
    workspace.file("p/owl/1.heic", "ftyp");
    assert!(refused(&workspace, &[]).contains("1.heic (convert such images to PNG or JPEG); add images"));
}

/// A workspace with a table of the columns `a` and `y`.
fn table(labels: &[&str]) -> Workspace {
    let workspace = Workspace::new();
    let lines: Vec<String> = labels.iter().enumerate().map(|(i, label)| format!("{i},{label}\n")).collect();
    workspace.file("t.csv", format!("a,y\n{}", lines.concat()));
    workspace.file(
        "c.toml",
        "[data.csv]\npath = \"t.csv\"\ntarget = \"y\"\n[model]\nlayers = [{ dense = { units = 2 } }]\n\
         [loss.cross_entropy]\n[optimizer.sgd]\n",
    );
    workspace
}

#[test]
fn a_single_class_is_refused_instead_of_suggesting_one_output() {
    let message = refused(&table(&["yes"; 6]), &[]);
    assert!(message.contains("only one class, `yes`, was found; a classifier needs two"), "{message}");
    assert!(!message.contains("units"), "{message}");
}

#[test]
fn classes_that_do_not_match_the_outputs_are_named() {
    let message = refused(&table(&["True", "true", "TRUE", "False", "false"]), &[]);
    let words = "2 outputs for 5 classes (set `units = 5` in the last `dense` layer); the classes are False, TRUE, True, false, true";
    assert!(message.contains(words), "{message}");
    let message = refused(&table(&["a", "b", "c"]), &["model.layers.0.dense.units=1"]);
    assert!(message.contains("has 1 output for 3 classes"), "{message}");
    let many: Vec<String> = (0..12).map(|i| format!("c{i:02}")).collect();
    let message = refused(&table(&many.iter().map(String::as_str).collect::<Vec<_>>()), &[]);
    assert!(message.contains("c08, c09, …") && !message.contains("c10"), "{message}");
}

#[test]
fn for_numbers_to_predict_regression_is_suggested_first() {
    let prices: Vec<String> = (0..30).map(|i| format!("{}.5", i * 7)).collect();
    let message = refused(&table(&prices.iter().map(String::as_str).collect::<Vec<_>>()), &[]);
    assert!(message.contains("the target `y` has 30 different numbers"), "{message}");
    let (task, units) = (message.find("task = \"regression\""), message.find("units = 30"));
    assert!(task.is_some() && task < units, "{message}");
}

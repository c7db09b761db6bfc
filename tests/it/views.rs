//! `--tta`: means over several views of each image.

use crate::workspace::Workspace;

fn trained() -> Workspace {
    let workspace = Workspace::new();
    let sets = ["data.digits.samples=300", "data.digits.test_samples=60", "train.max_steps=20"];
    let mut arguments = vec!["train", "digits_cnn", "-q", "--run-dir", "run"];
    arguments.extend(sets.iter().flat_map(|set| ["--set", *set]));
    workspace.ok(&arguments);
    workspace
}

#[test]
fn eval_reports_the_views_beside_the_plain_metrics() {
    let workspace = trained();
    let plain = workspace.ok(&["eval", "run", "--format", "json"]).json();
    let both = workspace.ok(&["eval", "run", "--format", "json", "--tta", "shift=1"]).json();
    assert_eq!(both["tta"]["views"], 5);
    for name in ["loss", "accuracy", "f1"] {
        assert_eq!(plain[name], both[name]);
        assert!(both["tta"][name].is_f64(), "{both}");
    }
    assert_ne!(both["loss"], both["tta"]["loss"]);
    let text = workspace.ok(&["eval", "run", "--tta", "flip,shift=1"]).stdout;
    assert!(text.contains("\nmean of 10 views: loss "), "{text}");
}

#[test]
fn predictions_are_means_as_well_and_mistakes_are_explained() {
    let workspace = trained();
    let line = |line: u32| (0..28).map(|i| (line * 28 + i) * 7 % 256).collect();
    let lines: Vec<Vec<u32>> = (0..28).map(line).collect();
    workspace.file("image.json", serde_json::to_string(&lines).expect("JSON"));
    let logits = |more: &[&str]| {
        let first = ["predict", "run", "image.json", "--format", "json"];
        workspace.ok(&[&first[..], more].concat()).json()["predictions"][0]["logits"].clone()
    };
    let (plain, mean) = (logits(&[]), logits(&["--tta", "flip"]));
    assert!(plain.is_array() && mean.is_array() && plain != mean, "{plain} {mean}");
    let outcome = workspace.run(&["eval", "run", "--tta", "mirror"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.messages().contains("`mirror` is not a view; use `flip`"), "{}", outcome.messages());
    workspace.ok(&["train", "-q", "--run-dir", "table", "--set", "train.max_steps=5"]);
    let outcome = workspace.run(&["eval", "table", "--tta", "flip"]);
    assert_eq!(outcome.code, 2, "{}", outcome.messages());
    assert!(outcome.messages().contains("--tta needs images"), "{}", outcome.messages());
}

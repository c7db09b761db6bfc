//! The page on which the models can be tried, and the description of the server for programs.

use serde_json::{Value, json};

use super::Served;
use crate::workspace::Workspace;

/// A workspace with a line in `line`, and a table of two classes in `table`.
fn trained() -> Workspace {
    let workspace = Workspace::new();
    workspace.ok(&["train", "linear_regression", "--run-dir", "line", "--set", "train.epochs=1"]);
    let rows = "age,plan,left\n31,basic,no\n,pro,yes\n25,basic,no\n47,pro,yes\n";
    workspace.file("rows.csv", rows.to_owned() + &rows["age,plan,left\n".len()..].repeat(9));
    workspace.file(
        "table.toml",
        "[data.csv]\npath = \"rows.csv\"\ntest_path = \"rows.csv\"\ntarget = \"left\"\nmissing = \"mean\"\n\
         [model]\nlayers = [{ dense = { units = 2 } }]\n[loss.cross_entropy]\n[optimizer.sgd]\nlearning_rate = 0.1\n\
         [train]\nepochs = 1\n",
    );
    workspace.ok(&["train", "table.toml", "--run-dir", "table", "-q"]);
    workspace
}

/// The paths that the page asks for and links to.
fn paths(html: &str) -> Vec<&str> {
    let after = |mark: &'static str| {
        html.split(mark)
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .filter(|path| !path.starts_with("data:"))
    };
    after("ask(\"").chain(after("href=\"")).collect()
}

#[test]
fn the_page_is_served_and_what_it_asks_for_exists() {
    let workspace = trained();
    let server = Served::start(&workspace, &["line=line", "table=table"]);
    let mut client = server.client();
    let page = client.get("/");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; connect-src 'self'") && !policy.contains("unsafe"),
        "{policy}"
    );
    let paths = paths(page.text());
    assert!(paths.contains(&"page/models.json") && paths.contains(&"openapi.json"), "{paths:?}");
    for path in paths {
        assert_eq!(client.get(&format!("/{path}")).status, 200, "{path}");
    }
    assert_eq!(client.request("POST", "/", &[], b"").status, 405);
    let listed = client.get("/page/models.json").json();
    let [line, table] = listed["models"].as_array().unwrap().as_slice() else { panic!("{listed}") };
    assert_eq!(line["name"], "line");
    let version = &line["versions"][0];
    assert_eq!((&version["version"], &version["state"]), (&json!("1"), &json!("AVAILABLE")));
    assert_eq!(
        version["input"],
        json!({ "name": "x", "shape": [1], "pixels": false, "pictures": false, "columns": [] })
    );
    assert_eq!(
        version["output"],
        json!({ "name": "outputs", "size": 1, "probabilities": false, "classes": [] })
    );
    let version = &table["versions"][0];
    assert_eq!(
        version["input"]["columns"],
        json!([
            { "name": "age", "categories": null, "optional": true },
            { "name": "plan", "categories": ["basic", "pro"], "optional": true },
        ])
    );
    assert_eq!(version["output"]["classes"], json!(["no", "yes"]));
    // As the page sends it.
    let sample = r#"{"instances":[{"age":null,"plan":"pro"}]}"#;
    let answer = client.post("/v1/models/table:predict", sample).json();
    assert_eq!(answer["predictions"][0].as_array().map(Vec::len), Some(2), "{answer}");
}

#[test]
fn the_page_can_be_turned_off_and_needs_no_token_where_its_data_do() {
    let workspace = trained();
    let server = Served::start(&workspace, &["line", "--set", "serve.page=false"]);
    let mut client = server.client();
    for (path, status) in [("/", 404), ("/page/models.json", 404), ("/openapi.json", 200)] {
        assert_eq!(client.get(path).status, status, "{path}");
    }
    workspace.file("tokens", "ours: 0123456789abcdef\n");
    let server = Served::start(&workspace, &["line", "--set", "serve.auth.tokens=\"tokens\""]);
    let mut client = server.client();
    for (path, status) in [("/", 200), ("/openapi.json", 200), ("/page/models.json", 401), ("/metrics", 401)]
    {
        assert_eq!(client.get(path).status, status, "{path}");
    }
    let token = [("Authorization", "Bearer 0123456789abcdef")];
    assert_eq!(client.request("GET", "/page/models.json", &token, b"").status, 200);
}

/// All references to schemas in `value`.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|value| references(value, found));
        }
        _ => {}
    }
}

#[test]
fn every_path_of_the_openapi_document_exists_with_its_method_only() {
    let workspace = trained();
    let server = Served::start(&workspace, &["line", "--set", "serve.models.default.labels.stable=1"]);
    let mut client = server.client();
    let document = client.get("/openapi.json");
    assert_eq!(document.text(), taper::serve::openapi());
    let document = document.json();
    let mut found = Vec::new();
    references(&document, &mut found);
    for reference in found {
        let name = reference.strip_prefix("#/components/schemas/").unwrap();
        assert!(document["components"]["schemas"].get(name).is_some(), "{reference}");
    }
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() > 25, "{}", paths.len());
    for (path, methods) in paths {
        let place = path.replace("{model}", "default").replace("{version}", "1").replace("{label}", "stable");
        let methods: Vec<&String> = methods.as_object().unwrap().keys().collect();
        let get = client.get(&place).status;
        match methods.as_slice() {
            [method] if *method == "get" => assert_eq!(get, 200, "{path}"),
            [method] if *method == "post" => {
                assert!([400, 405].contains(&get), "{path}: {get}");
                let post = client.post(&place, "{}");
                let expected = if path == "/v2/repository/index" { 200 } else { 400 };
                assert_eq!(post.status, expected, "{path}: {}", post.text());
                assert!(!post.text().contains("Malformed"), "{path}: {}", post.text());
            }
            other => panic!("{path}: {other:?}"),
        }
    }
}

//! The operations: each path with a method.

/// A path with a method.
pub struct Operation {
    /// `get` or `post`.
    pub method: &'static str,
    /// The path, with parameters in braces.
    pub path: String,
    /// A name for generated clients.
    pub id: String,
    /// The group that it belongs to.
    pub tag: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// Whether it needs no token.
    pub public: bool,
    /// The body of requests, and whether there must be one.
    pub request: Option<(bool, Body)>,
    /// The body of the response if it succeeds.
    pub response: Body,
    /// The statuses of errors, other than 401.
    failures: &'static [u16],
    /// The body of 503, if it is not an error message.
    unready: Option<Body>,
}

/// The content of a request or response.
#[derive(Clone, Copy)]
pub enum Body {
    /// Text of this media type.
    Text(&'static str),
    /// JSON with this schema.
    Json(&'static str),
    /// JSON with this schema, possibly followed by binary tensors.
    Tensors(&'static str),
}

const ABOUT_A_MODEL: &[u16] = &[400, 404];
const LOADED_MODEL: &[u16] = &[400, 404, 503];
const PREDICTIONS: &[u16] = &[400, 404, 413, 503, 504];
const PLAIN: Body = Body::Text("text/plain");

impl Operation {
    fn get(path: &str, id: &str, tag: &'static str, summary: &'static str, response: Body) -> Self {
        Self {
            method: "get",
            path: path.to_owned(),
            id: id.to_owned(),
            tag,
            summary,
            public: false,
            request: None,
            response,
            failures: &[],
            unready: None,
        }
    }

    fn post(self, required: bool, request: Body) -> Self {
        Self { method: "post", request: Some((required, request)), ..self }
    }

    fn public(self) -> Self {
        Self { public: true, ..self }
    }

    fn unready(self, body: Body) -> Self {
        Self { unready: Some(body), failures: &[503], ..self }
    }

    fn failing(self, failures: &'static [u16]) -> Self {
        Self { failures, ..self }
    }

    /// The statuses of errors, with the bodies of their responses.
    pub fn errors(&self) -> impl Iterator<Item = (u16, Body)> {
        let unauthorized = (!self.public).then_some(401);
        let mut all: Vec<u16> = self.failures.iter().copied().chain(unauthorized).collect();
        all.sort_unstable();
        all.into_iter().map(|status| {
            let body = self.unready.filter(|_| status == 503).unwrap_or(Body::Json("Failure"));
            (status, body)
        })
    }
}

/// All operations.
#[must_use]
pub fn operations() -> Vec<Operation> {
    let mut all = tensorflow();
    all.extend(inference());
    all.extend(health());
    all.extend(server());
    all
}

fn tensorflow() -> Vec<Operation> {
    const TAG: &str = "TensorFlow Serving";
    let mut all = Vec::new();
    for (place, of) in [("", ""), ("/versions/{version}", "_version"), ("/labels/{label}", "_label")] {
        let path = format!("/v1/models/{{model}}{place}");
        let call = |verb: &str, summary, request, response| {
            Operation::get(
                &format!("{path}:{verb}"),
                &format!("{verb}{of}"),
                TAG,
                summary,
                Body::Json(response),
            )
            .post(true, Body::Json(request))
            .failing(PREDICTIONS)
        };
        let status = Body::Json("ModelStatus");
        let metadata = Body::Json("ModelMetadata");
        all.extend([
            Operation::get(&path, &format!("status{of}"), TAG, "The states of versions", status)
                .failing(ABOUT_A_MODEL),
            Operation::get(
                &format!("{path}/metadata"),
                &format!("metadata{of}"),
                TAG,
                "The signatures of a version",
                metadata,
            )
            .failing(ABOUT_A_MODEL),
            call("predict", "Tensors in, tensors out", "PredictRequest", "PredictResponse"),
            call("classify", "Examples in, classes with scores out", "ExamplesRequest", "ClassifyResponse"),
            call("regress", "Examples in, one number per example out", "ExamplesRequest", "RegressResponse"),
        ]);
    }
    all
}

fn inference() -> Vec<Operation> {
    const TAG: &str = "Open Inference Protocol";
    let json = Body::Json;
    let mut all = vec![
        Operation::get("/v2", "v2_server", TAG, "The server's metadata", json("ServerMetadata")),
        Operation::get("/v2/models", "v2_models", TAG, "The names of the models", json("ModelNames")),
        Operation::get(
            "/v2/repository/index",
            "v2_index",
            TAG,
            "The versions of all models",
            json("RepositoryIndex"),
        )
        .post(false, json("RepositoryIndexRequest"))
        .failing(&[400]),
    ];
    for (place, of) in [("", ""), ("/versions/{version}", "_version")] {
        let path = format!("/v2/models/{{model}}{place}");
        let name = |what: &str| format!("v2_{what}{of}");
        all.extend([
            Operation::get(
                &path,
                &name("metadata"),
                TAG,
                "The inputs and outputs of a version",
                json("V2Metadata"),
            )
            .failing(LOADED_MODEL),
            Operation::get(
                &format!("{path}/ready"),
                &name("ready"),
                TAG,
                "Whether a version can predict",
                json("V2Ready"),
            )
            .failing(LOADED_MODEL),
            Operation::get(
                &format!("{path}/infer"),
                &name("infer"),
                TAG,
                "Tensors in, tensors out",
                Body::Tensors("InferResponse"),
            )
            .post(true, Body::Tensors("InferRequest"))
            .failing(PREDICTIONS),
        ]);
    }
    all
}

fn health() -> Vec<Operation> {
    let get = |path, id, summary| Operation::get(path, id, "health", summary, PLAIN).public();
    let v2 = |path, id, summary| Operation::get(path, id, "health", summary, Body::Json("Health")).public();
    vec![
        get("/healthz", "healthz", "Whether the server runs, and computes predictions").unready(PLAIN),
        get("/livez", "livez", "The same as /healthz").unready(PLAIN),
        get("/readyz", "readyz", "Whether the server accepts requests").unready(PLAIN),
        v2("/v2/health/live", "v2_live", "Whether the server runs"),
        v2("/v2/health/ready", "v2_health_ready", "Whether the server accepts requests")
            .unready(Body::Json("Health")),
    ]
}

fn server() -> Vec<Operation> {
    let get = |path, id, summary, body| Operation::get(path, id, "server", summary, body);
    let metrics = "Metrics in Prometheus's text format";
    vec![
        get("/metrics", "metrics", metrics, PLAIN),
        get("/monitoring/prometheus/metrics", "metrics_of_tensorflow", metrics, PLAIN),
        get("/openapi.json", "openapi", "This document", Body::Json("OpenApi")).public(),
        get(
            "/",
            "page",
            "A page on which the models can be tried, unless `serve.page` is false",
            Body::Text("text/html"),
        )
        .public(),
        get("/page/models.json", "page_models", "The models, as the page shows them", Body::Json("Models")),
    ]
}

//! The metrics as text, in Prometheus's format (version 0.0.4).

use std::fmt::Write as _;
use std::time::SystemTime;

use super::metrics::{APIS, Histogram, ModelMetrics};
use super::process;
use super::reply::Reply;
use super::service::Service;

/// The reply to a request for metrics.
#[must_use]
pub fn reply(service: &Service) -> Reply {
    Reply::text(200, "text/plain; version=0.0.4; charset=utf-8", text(service))
}

/// All series.
#[must_use]
pub fn text(service: &Service) -> String {
    let mut text = String::with_capacity(16 << 10);
    requests(&mut text, service);
    models(&mut text, service);
    server(&mut text, service);
    process(&mut text, service);
    tensorflow(&mut text, service);
    text
}

fn family(to: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(to, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn line(to: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    let _ = match labels {
        "" => writeln!(to, "{name} {value}"),
        labels => writeln!(to, "{name}{{{labels}}} {value}"),
    };
}

/// `text` as the value of a label.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// A histogram, whose values are multiplied by `unit`.
fn histogram(to: &mut String, name: &str, labels: &str, histogram: &Histogram, unit: f64) {
    // Millionths are precise enough, and this removes the rounding errors of products of decimal numbers.
    let in_unit = |value: f64| (value * unit * 1e6).round() / 1e6;
    let bounds = histogram.bounds.iter().map(|bound| in_unit(*bound).to_string());
    let mut all = 0;
    for (bound, count) in bounds.chain(["+Inf".to_owned()]).zip(histogram.cumulative()) {
        line(to, &format!("{name}_bucket"), &format!("{labels},le=\"{bound}\""), count);
        all = count;
    }
    line(to, &format!("{name}_sum"), labels, in_unit(histogram.sum()));
    line(to, &format!("{name}_count"), labels, all);
}

fn requests(to: &mut String, service: &Service) {
    let name = "taper_requests_total";
    family(
        to,
        name,
        "counter",
        "Requests that were answered, by model (_ for none), protocol and status code.",
    );
    for (model, metrics) in service.metrics.all() {
        for (api, code, count) in metrics.requests() {
            let labels = format!("model=\"{}\",api=\"{api}\",code=\"{code}\"", escaped(model));
            line(to, name, &labels, count);
        }
    }
    let name = "taper_request_seconds";
    family(to, name, "histogram", "Time from the head of a request to its reply.");
    for (model, metrics) in service.metrics.all() {
        for (api, times) in APIS.iter().zip(&metrics.request_seconds) {
            histogram(to, name, &format!("model=\"{}\",api=\"{api}\"", escaped(model)), times, 1.0);
        }
    }
}

type OfModel = fn(&ModelMetrics) -> f64;

/// A histogram of a model: its name, its description or its labels, and where it is.
type Distribution = (&'static str, &'static str, fn(&ModelMetrics) -> &Histogram);

fn models(to: &mut String, service: &Service) {
    let all = || service.metrics.all().filter(|(name, _)| *name != "_");
    let histograms: [Distribution; 4] = [
        ("taper_queue_seconds", "Time that the samples of a request waited for the network.", |m| {
            &m.queue_seconds
        }),
        ("taper_parse_seconds", "Time to parse a request.", |m| &m.parse_seconds),
        ("taper_compute_seconds", "Time of the network passes with the samples of a request.", |m| {
            &m.compute_seconds
        }),
        ("taper_batch_samples", "Samples in the network pass of a request.", |m| &m.batch_samples),
    ];
    for (name, help, of) in histograms {
        family(to, name, "histogram", help);
        for (model, metrics) in all() {
            histogram(to, name, &format!("model=\"{}\"", escaped(model)), of(metrics), 1.0);
        }
    }
    let numbers: [(&str, &str, &str, OfModel); 4] = [
        ("taper_samples_total", "counter", "Samples that were predicted.", |m| m.samples.get() as f64),
        ("taper_model_version", "gauge", "The latest version.", |m| m.version.get() as f64),
        ("taper_model_load_seconds", "gauge", "Time taken to load the latest version.", |m| {
            m.load_seconds.get()
        }),
        ("taper_model_source_ok", "gauge", "Whether the source can be read.", |m| m.source_ok.get() as f64),
    ];
    for (name, kind, help, of) in numbers {
        family(to, name, kind, help);
        for (model, metrics) in all() {
            line(to, name, &format!("model=\"{}\"", escaped(model)), of(metrics));
        }
    }
    let name = "taper_model_versions_served";
    family(to, name, "gauge", "Versions that are served.");
    for served in service.registry.all() {
        line(to, name, &format!("model=\"{}\"", escaped(&served.name)), served.state().versions.len());
    }
    let name = "taper_model_loads_total";
    family(to, name, "counter", "Versions that were loaded, or failed to load.");
    for (model, metrics) in all() {
        let model = escaped(model);
        line(to, name, &format!("model=\"{model}\",result=\"ok\""), metrics.loads.get());
        line(to, name, &format!("model=\"{model}\",result=\"failed\""), metrics.failed_loads.get());
    }
}

fn server(to: &mut String, service: &Service) {
    let metrics = &service.metrics;
    let (jobs, bytes) = service.queue.size();
    let name = "taper_rejected_total";
    family(to, name, "counter", "Requests and connections that were refused, by reason.");
    line(to, name, "reason=\"queue\"", metrics.rejected_queue.get());
    line(to, name, "reason=\"limit\"", metrics.rejected_limit.get());
    line(to, name, "reason=\"memory\"", metrics.rejected_memory.get());
    line(to, name, "reason=\"connections\"", metrics.rejected_connections.get());
    let numbers: [(&str, &str, &str, u64); 14] = [
        ("taper_queue_requests", "gauge", "Requests that are waiting for the network.", jobs as u64),
        ("taper_queue_bytes", "gauge", "Bytes of the samples that are waiting.", bytes as u64),
        (
            "taper_body_bytes",
            "gauge",
            "Bytes of the bodies that are arriving or being read.",
            service.bodies.used() as u64,
        ),
        ("taper_cancelled_total", "counter", "Requests whose clients hung up.", metrics.cancelled.get()),
        ("taper_deadline_total", "counter", "Requests that were not answered in time.", metrics.late.get()),
        ("taper_connections", "gauge", "Open connections.", metrics.connections.get()),
        ("taper_requests_in_flight", "gauge", "Requests that are being answered.", metrics.in_flight.get()),
        (
            "taper_tls_failures_total",
            "counter",
            "Connections on which TLS failed.",
            metrics.tls_failures.get(),
        ),
        (
            "taper_auth_failures_total",
            "counter",
            "Requests without a valid token.",
            metrics.auth_failures.get(),
        ),
        ("taper_panics_total", "counter", "Panics while answering.", metrics.panics.get()),
        (
            "taper_access_log_lost_total",
            "counter",
            "Lines of the access log that were lost.",
            metrics.lost_log_lines.get(),
        ),
        ("taper_ready", "gauge", "Whether the server accepts new requests.", u64::from(service.is_ready())),
        ("taper_draining", "gauge", "Whether the server is stopping.", metrics.draining.get()),
        ("taper_uptime_seconds", "gauge", "Time since the start.", service.started.elapsed().as_secs()),
    ];
    for (name, kind, help, value) in numbers {
        family(to, name, kind, help);
        line(to, name, "", value);
    }
    if let valid_until @ 1.. = metrics.tls_valid_until.get() {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let name = "taper_tls_expires_seconds";
        family(to, name, "gauge", "Time until the certificate expires; negative once it has.");
        line(to, name, "", valid_until.cast_signed() - now.cast_signed());
    }
    family(to, "taper_build_info", "gauge", "The version of taper.");
    line(to, "taper_build_info", &format!("version=\"{}\"", env!("CARGO_PKG_VERSION")), 1);
}

fn process(to: &mut String, service: &Service) {
    for (name, kind, help, value) in process::numbers(service.started) {
        family(to, name, kind, help);
        line(to, name, "", value);
    }
}

/// Three of TensorFlow Serving's own series, so that its dashboards keep working. Latencies are in microseconds there.
fn tensorflow(to: &mut String, service: &Service) {
    let name = ":tensorflow:serving:request_count";
    family(to, name, "counter", "Requests for TensorFlow Serving's protocol.");
    for (model, metrics) in service.metrics.all().filter(|(name, _)| *name != "_") {
        let (mut good, mut bad) = (0, 0);
        for (_, code, count) in metrics.requests().filter(|(api, ..)| *api == APIS[0]) {
            *(if code == 200 { &mut good } else { &mut bad }) += count;
        }
        let model = escaped(model);
        line(to, name, &format!("model_name=\"{model}\",status=\"OK\""), good);
        line(to, name, &format!("model_name=\"{model}\",status=\"ERROR\""), bad);
    }
    let of: [Distribution; 2] = [
        (":tensorflow:serving:request_latency", "API=\"Predict\",entrypoint=\"REST\"", |m| {
            &m.request_seconds[0]
        }),
        (":tensorflow:serving:runtime_latency", "API=\"Predict\",runtime=\"taper\"", |m| &m.compute_seconds),
    ];
    for (name, labels, of) in of {
        family(to, name, "histogram", "Latency in microseconds.");
        for (model, metrics) in service.metrics.all().filter(|(name, _)| *name != "_") {
            let labels = format!("model_name=\"{}\",{labels}", escaped(model));
            histogram(to, name, &labels, of(metrics), 1e6);
        }
    }
}

//! Random valid configs: options are drawn from the config's own schema, layers according to their shape
//! rules. New members and sections are drawn automatically.

use serde_json::{Map, Value as Json, json};
use taper::config::{Input, Problems};
use taper::data;
use taper::experiment::Experiment;
use taper::layers;
use taper::loss;
use taper::random::{Purpose, Stream};
use taper::shape::Shape;

/// The range of configs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// Any data set and any value within its range.
    Whole,
    /// A dozen generated samples, a few small layers, moderate numbers: trains in a moment.
    Small,
}

/// Data sets that the program generates.
const GENERATED: [&str; 3] = ["synthetic", "digits", "linear"];

pub struct Generator<'s> {
    pub stream: Stream,
    space: Space,
    schema: &'s Json,
}

/// Limits the copies of repeated layers, also nested ones: the schema allows a thousand.
fn few_copies(value: &mut Json) {
    match value {
        Json::Object(keys) => {
            if let Some(repeat) = keys.get_mut("repeat") {
                let times = repeat["times"].as_u64().unwrap_or(1).min(3);
                repeat["times"] = json!(times);
            }
            keys.values_mut().for_each(few_copies);
        }
        Json::Array(values) => values.iter_mut().for_each(few_copies),
        _ => {}
    }
}

/// Settings of which only one, or at least one, may be present.
fn reconcile(root: &mut Map<String, Json>) {
    let members = root.get_mut("schedule").and_then(Json::as_object_mut);
    for (name, options) in members.into_iter().flatten() {
        let Some(options) = options.as_object_mut() else { continue };
        for duration in ["warmup", "decay", "every", "first_decay", "milestone"] {
            if options.contains_key(&format!("{duration}_steps")) {
                options.remove(&format!("{duration}_epochs"));
            }
        }
        let (required, epochs) = match name.as_str() {
            "step" => ("every", json!(1.5)),
            "multi_step" => ("milestone", json!([0.5, 2])),
            "cosine_restarts" => ("first_decay", json!(2)),
            _ => continue,
        };
        // Random milestones seldom rise, and a growth of cycles below 1.01 is refused.
        options.remove("milestone_steps");
        options.remove("t_mul");
        if !options.contains_key(&format!("{required}_steps")) {
            options.insert(format!("{required}_epochs"), epochs);
        }
    }
    if let Some(clip) = root.get_mut("clip").and_then(Json::as_object_mut) {
        let mut limits = ["value", "norm", "global_norm"].into_iter();
        let limit = limits.find(|limit| clip.contains_key(*limit)).unwrap_or("norm");
        *clip = Map::from_iter([(limit.to_owned(), clip.get(limit).cloned().unwrap_or(json!(1)))]);
    }
    let operations = root.get_mut("augment").and_then(|augment| augment.get_mut("operations"));
    for operation in operations.and_then(Json::as_array_mut).into_iter().flatten() {
        if let Some(shift) = operation.get_mut("shift") {
            *shift = json!({ "pixels": shift.get("pixels").cloned().unwrap_or(json!(1.5)) });
        }
        if let Some(scale) = operation.get_mut("scale") {
            *scale = json!({ "factors": [0.9, 1.25] });
        }
    }
    if let Some(train) = root.get_mut("train").and_then(Json::as_object_mut) {
        train.remove("init_from"); // the name of no file
    }
    // A pattern selects some parameters of any network. Frozen ones have no epochs, and not every optimizer has a weight decay.
    let entries = root.get_mut("parameters").and_then(Json::as_array_mut).into_iter().flatten();
    let each = [json!("*.weight"), json!(["*.weigh?", "*"])].into_iter().cycle();
    for (entry, pattern) in entries.filter_map(Json::as_object_mut).zip(each) {
        let frozen = entry.get("frozen") == Some(&json!(true));
        let without =
            if frozen { &["from_epoch", "until_epoch", "kind"][..] } else { &["until_epoch", "kind"] };
        without.iter().chain(&["weight_decay_scale"]).for_each(|key| drop(entry.remove(*key)));
        entry.insert("match".to_owned(), if frozen { json!("*.weight") } else { pattern });
        entry.entry("l2").or_insert(json!(1e-3));
    }
    for section in ["early_stopping", "reduce_on_plateau"] {
        if let Some(watching) = root.get_mut(section) {
            watching["monitor"] = json!("train.loss");
        }
    }
}

impl<'s> Generator<'s> {
    /// The configs of `space` with the number `seed`.
    pub fn new(schema: &'s Json, space: Space, seed: u64) -> Self {
        Self { stream: Stream::new(seed, Purpose::Data, [space as u64, 77]), space, schema }
    }

    /// A valid config and its text, as JSON. Few attempts are needed: only combinations of several values can
    /// be invalid.
    pub fn experiment(&mut self) -> (Experiment, Json) {
        let mut complaint = String::new();
        for _ in 0..200 {
            let Some(json) = self.candidate() else { continue };
            let text = json.to_string().into_bytes();
            match Experiment::load(&Input { name: "x.json".to_owned(), text, overrides: Vec::new() }) {
                Ok(experiment) => return (experiment, json),
                Err(error) => complaint = format!("{json}\n{error}"),
            }
        }
        panic!("200 candidates were invalid; the last one:\n{complaint}");
    }

    fn candidate(&mut self) -> Option<Json> {
        let schema = self.schema;
        let mut root = Map::new();
        for (key, schema) in schema["properties"].as_object().expect("sections") {
            let needed = ["data", "loss", "optimizer"].contains(&key.as_str());
            if key != "model" && (needed || self.coin()) {
                root.insert(key.clone(), self.value(key, schema));
            }
        }
        reconcile(&mut root);
        let data: data::Config = serde_json::from_value(root["data"].clone()).ok()?;
        let facts = data.member().facts();
        let target = facts.target.unwrap_or(data::Target::Class { classes: 3 });
        let loss: loss::Config = serde_json::from_value(root["loss"].clone()).ok()?;
        let outputs = match target {
            data::Target::Class { classes } if self.coin() => classes,
            data::Target::Class { .. } => 1,
            data::Target::Value { width } => width,
        };
        let mut wrong = Vec::new();
        loss.member().validate(target, outputs, &mut Problems::new(&mut wrong));
        if !wrong.is_empty() {
            return None;
        }
        if facts.sample_shape.as_ref().is_none_or(|shape| shape.image().is_none()) {
            // Only these apply to samples that are no images.
            let operations = root.get_mut("augment").and_then(|augment| augment.get_mut("operations"));
            if let Some(operations) = operations.and_then(Json::as_array_mut) {
                operations.retain(|operation| operation.get("noise").or(operation.get("mixup")).is_some());
            }
        }
        let layers = self.layers(facts.sample_shape, outputs);
        root.insert("model".to_owned(), json!({ "layers": layers }));
        Some(Json::Object(root))
    }

    /// Layers that fit one after the other, with `outputs` outputs.
    fn layers(&mut self, shape: Option<Shape>, outputs: usize) -> Vec<Json> {
        let schema = &self.schema["properties"]["model"]["properties"]["layers"]["items"];
        let mut shape = shape.unwrap_or_else(|| [3, 16, 16].into());
        let mut layers = Vec::new();
        for _ in 0..self.stream.below(9) {
            let mut layer = self.value("layer", schema);
            few_copies(&mut layer);
            if let Some(block) = layer.get_mut("residual") {
                // Layers that keep the shape, because random branches of a sum seldom have equal shapes.
                let keeps = |layer: &Json| {
                    let read: layers::Config = serde_json::from_value(layer.clone()).expect("a layer");
                    read.plan(&shape).is_ok_and(|plan| *plan.output() == shape)
                };
                for list in ["layers", "shortcut"] {
                    if let Some(list) = block.get_mut(list).and_then(Json::as_array_mut) {
                        list.retain(keeps);
                    }
                }
                if block["layers"].as_array().is_none_or(Vec::is_empty) {
                    block["layers"] = json!([{ "activation": { "function": "tanh" } }]);
                }
            }
            let read: layers::Config = serde_json::from_value(layer.clone()).expect("a layer by its schema");
            if let Ok(plan) = read.plan(&shape) {
                shape = plan.output().clone();
                layers.push(layer);
            }
        }
        if shape.image().is_some() {
            layers.push(json!({"flatten": {}}));
        }
        layers.push(json!({"dense": {"units": outputs}}));
        layers
    }

    /// A value that `schema` allows for the key `key`.
    fn value(&mut self, key: &str, schema: &Json) -> Json {
        if let Some(place) = schema["$ref"].as_str() {
            let root: &'s Json = self.schema;
            return self
                .value(key, root.pointer(place.trim_start_matches('#')).expect("a part of the schema"));
        }
        if let Some(forms) = schema["anyOf"].as_array() {
            let forms: Vec<&Json> = forms.iter().filter(|form| form["type"] != "null").collect();
            let form = forms[self.below(forms.len())];
            return self.value(key, form);
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            return self.choice(choices);
        }
        if let Some(words) = schema["enum"].as_array() {
            let words: Vec<&Json> = words.iter().filter(|word| word.is_string()).collect();
            return words[self.below(words.len())].clone();
        }
        let kind = match &schema["type"] {
            Json::Array(kinds) => kinds.iter().find(|kind| *kind != "null").and_then(Json::as_str),
            kind => kind.as_str(),
        };
        match kind.expect("a type") {
            "boolean" => self.coin().into(),
            "integer" => self.integer(key, schema).into(),
            "number" => self.number(schema).into(),
            "string" => self.text(key),
            "array" => {
                let least = schema["minItems"].as_u64().unwrap_or(1);
                let count = schema["maxItems"].as_u64().unwrap_or(least + self.stream.below(3));
                (0..count.min(4)).map(|_| self.value(key, &schema["items"])).collect()
            }
            _ => self.table(key, schema),
        }
    }

    fn choice(&mut self, choices: &[Json]) -> Json {
        let words = choices.iter().flat_map(|choice| {
            choice["const"]
                .as_str()
                .into_iter()
                .chain(choice["enum"].as_array().into_iter().flatten().filter_map(Json::as_str))
        });
        let words: Vec<&str> = words.collect();
        if !words.is_empty() {
            return words[self.below(words.len())].into();
        }
        let members: Vec<(&String, &Json)> =
            choices.iter().filter_map(|choice| choice["properties"].as_object()).flatten().collect();
        let is_data = members.iter().any(|(name, _)| *name == "digits");
        let small = self.space == Space::Small;
        let allowed = |name: &str| !(small && is_data) || GENERATED.contains(&name);
        let members: Vec<_> = members.into_iter().filter(|(name, _)| allowed(name)).collect();
        let (name, schema) = members[self.below(members.len())];
        json!({ name: self.value(name, schema) })
    }

    fn table(&mut self, key: &str, schema: &Json) -> Json {
        if key == "normalize" {
            let (mean, std) = (self.stream.uniform(), 0.1 + self.stream.uniform());
            return json!({"mean": [mean], "std": [std]});
        }
        if key == "gate" {
            return if self.coin() { json!({"test.loss": "< 1e9"}) } else { json!({}) };
        }
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        let mut table = Map::new();
        // Generated data sets have test samples.
        let none_to_spare = |name: &str| key == "split" && name == "test" && self.space == Space::Small;
        let properties = schema["properties"].as_object().into_iter().flatten();
        let properties: Vec<_> = properties.filter(|(name, _)| !none_to_spare(name)).collect();
        for (name, schema) in properties {
            if required.contains(&name.as_str()) || self.is_small_size(name) || self.coin() {
                table.insert(name.clone(), self.value(name, schema));
            }
        }
        self.agree(&mut table);
        Json::Object(table)
    }

    /// Constraints between two values that a schema cannot express.
    fn agree(&mut self, table: &mut Map<String, Json>) {
        if table.get("momentum").and_then(Json::as_f64).is_none_or(|momentum| momentum == 0.0) {
            table.remove("nesterov");
        }
        // There must be as many as the data set has classes.
        table.remove("class_weights");
        if table.contains_key("x_min") || table.contains_key("x_max") {
            let low = -2.0 * self.stream.uniform() - 0.1;
            table.extend([("x_min".to_owned(), low.into()), ("x_max".to_owned(), (low + 2.0).into())]);
        }
    }

    /// Sizes whose defaults are too large for the small space.
    fn is_small_size(&self, name: &str) -> bool {
        self.space == Space::Small
            && ["samples", "test_samples", "features", "classes", "size"].contains(&name)
    }

    fn integer(&mut self, key: &str, schema: &Json) -> u64 {
        let least = schema["minimum"].as_u64().unwrap_or(0);
        let most = schema["maximum"].as_u64().unwrap_or(i64::MAX as u64).min(i64::MAX as u64);
        if self.space == Space::Small {
            return if key == "samples" { 16 } else { (least + self.stream.below(4)).min(most) };
        }
        let layers = ["units", "filters", "kernel_size", "pool_size", "strides"];
        match self.stream.below(4) {
            _ if layers.contains(&key) => least + self.stream.below(5),
            0 => least,
            1 if !["features", "classes", "size", "batch_size"].contains(&key) => most,
            _ => (least + self.stream.below(100)).min(most),
        }
    }

    fn number(&mut self, schema: &Json) -> f64 {
        let least = schema["minimum"].as_f64().or(schema["exclusiveMinimum"].as_f64());
        let most = schema["maximum"].as_f64().or(schema["exclusiveMaximum"].as_f64());
        let (low, high) = (least.unwrap_or(-1.0), most.unwrap_or(1.0));
        if self.space == Space::Small {
            // Small learning rates, and no epsilon that amplifies rounding errors.
            let top = if schema["exclusiveMinimum"].is_number() { 0.02 } else { 0.5 };
            return low + (high - low) * top * (0.05 + 0.95 * self.stream.uniform());
        }
        match self.stream.below(3) {
            0 if schema["minimum"].is_number() => low,
            1 if most.is_none() => low.max(0.0) + libm::pow(10.0, self.stream.uniform_in(-30.0, 8.0)),
            _ => low + (high - low) * self.stream.uniform_in(1e-9, 0.999),
        }
    }

    fn text(&mut self, key: &str) -> Json {
        let any = [
            "a",
            "Ünïcödé",
            "with space",
            "quo\"te",
            "back\\slash",
            "new\nline",
            "#",
            "=",
            "\u{7f}",
            "🙂",
            "'",
            "null",
            "nan",
            "1",
            "[x]",
        ];
        match key {
            "name" => format!("run-{}.x_Y", self.stream.below(1000)).into(),
            "monitor" => "train.loss".into(),
            "delimiter" => ";".into(),
            _ => format!("{}{}", any[self.below(any.len())], self.stream.below(1000)).into(),
        }
    }

    pub fn coin(&mut self) -> bool {
        self.stream.below(2) == 0
    }

    pub fn below(&mut self, count: usize) -> usize {
        self.stream.below(count as u64) as usize
    }
}

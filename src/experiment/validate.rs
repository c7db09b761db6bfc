//! Checks of a config that involve more than the schema of one section.

use super::Experiment;
use crate::callbacks::early_stopping::validate_monitor;
use crate::config::Problems;
use crate::data::Facts;
use crate::ops::Activation;

impl Experiment {
    /// Reports mistakes that a schema cannot express: names, ranges that depend on each other, shapes.
    pub fn validate(&self, problems: &mut Problems<'_>) {
        self.validate_name(&mut problems.key("name"));
        if self.seed > i64::MAX as u64 {
            problems.key("seed").report("must be below 2^63, the limit of a TOML integer");
        }
        let data = self.data.member();
        data.validate(&mut problems.key("data").key(self.data.name()));
        self.split.validate(&self.data, &mut problems.key("split"));
        let channels = data.facts().sample_shape.and_then(|shape| shape.0.first().copied());
        self.preprocess.validate(channels, &mut problems.key("preprocess"));
        if self.preprocess.targets.is_some() && self.loss.member().link().is_some() {
            problems.key("preprocess").key("targets").report_with_help(
                format!("the loss `{}` is for classes, which cannot be scaled", self.loss.name()),
                "remove it, or use `mse`, `mae`, `huber` or `quantile` for regression",
            );
        }
        if let Some(augment) = &self.augment {
            augment.validate(&mut problems.key("augment"));
        }
        let mut model = problems.key("model");
        for (i, layer) in self.model.layers.iter().enumerate() {
            layer.member().validate(&mut model.key("layers").index(i).key(layer.name()));
        }
        let optimizer = self.optimizer.member();
        optimizer.validate(&mut problems.key("optimizer").key(self.optimizer.name()));
        let schedule = self.schedule.member();
        let mut place = problems.key("schedule");
        schedule.warmup().validate(&mut place.key(self.schedule.name()));
        schedule.validate(&mut place.key(self.schedule.name()));
        self.train.validate(data.facts().target, &mut problems.key("train"));
        if let Some(clip) = &self.clip {
            clip.validate(&mut problems.key("clip"));
        }
        for (i, entry) in self.parameters.iter().enumerate() {
            entry.validate(&self.optimizer, &mut problems.key("parameters").index(i));
        }
        if self.ema.is_some() && self.swa.is_some() {
            problems.key("swa").report_with_help("`[ema]` and `[swa]` are both set", "remove one of the two");
        }
        self.validate_final_activation(problems);
        let measured = self.measured();
        let each_epoch = self.measured_each_epoch();
        self.checkpoint.validate(&each_epoch, &mut problems.key("checkpoint"));
        let default = self.monitor(self.may_validate());
        for (section, monitor) in self.watched() {
            validate_monitor(monitor, default.as_deref(), &each_epoch, &mut problems.key(section));
        }
        self.gate.validate(&measured, &mut problems.key("gate"));
        if problems.is_empty() {
            self.validate_shapes(&data.facts(), problems);
        }
    }

    fn validate_shapes(&self, facts: &Facts, problems: &mut Problems<'_>) {
        if let Some(shape) = &facts.sample_shape {
            let plan = self.plan(shape, facts.target, problems);
            let most = 1_u64 << 40;
            if plan.is_some_and(|plan| plan.training_bytes(self.train.batch_size, self.state_count()) > most)
            {
                problems
                    .key("train")
                    .key("batch_size")
                    .report("one step would need more than 1 TiB of memory; use a smaller batch or network");
            }
        }
    }

    fn validate_name(&self, problems: &mut Problems<'_>) {
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !self.name.chars().all(good) || self.name.starts_with('.') || self.name.len() > 100 {
            problems.report_with_help(
                format!("\"{}\" is not a valid folder name", self.name.escape_debug()),
                "use up to 100 letters, digits, `-`, `_` and `.`, not starting with `.`",
            );
        }
    }

    fn validate_final_activation(&self, problems: &mut Problems<'_>) {
        let wrong = match (self.model.final_activation(), self.loss.member().link()) {
            (Some(last), Some(link)) => last != link,
            (Some(last), None) => last == Activation::Softmax,
            (None, _) => false,
        };
        let link = self.loss.member().link();
        if !wrong && link.is_some() && self.network().final_activation() == link {
            let last = self.model.layers.len().saturating_sub(1);
            problems
                .key("model")
                .key("layers")
                .index(last)
                .key(self.model.layers[last].name())
                .report_with_help(
                    "this activation is already applied by the layer before it",
                    "remove one of the two",
                );
        }
        if wrong {
            let last = self.model.layers.len().saturating_sub(1);
            let layer = self.model.layers[last].name();
            let expected = match self.loss.member().link() {
                Some(Activation::Softmax) => "remove it or use \"softmax\"",
                Some(_) => "remove it or use \"sigmoid\"",
                None => "remove it",
            };
            problems.key("model").key("layers").index(last).key(layer).report_with_help(
                format!("the activation of the last layer does not match the loss `{}`", self.loss.name()),
                expected,
            );
        }
    }
}

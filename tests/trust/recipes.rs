//! Twelve runs with all that training can remember, killed at random moments.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::json;
use taper::random::{Purpose, Stream};

use crate::kills::{Count, killed_until_done};
use crate::subject::{self, Subject};
use crate::tier::{report, times};

/// What all recipes have unless they say otherwise: a small convolutional network on images of digits.
const DIGITS: &str = "[data.digits]
samples = 200
test_samples = 20
size = 10
";
const CONVOLUTIONS: &str = r#"[model]
layers = [
  { conv2d = { filters = 4, kernel_size = 3 } },
  { batch_norm = { activation = "relu" } },
  { flatten = {} },
  { dropout = { rate = 0.3 } },
  { dense = { units = 10 } },
]
"#;
const TRAIN: &str = "[train]
epochs = 5
batch_size = 32
log_every_steps = 1
";

/// The name and the sections of each recipe. Those of `train` are added to [`TRAIN`].
const RECIPES: [(&str, &str, &str); 12] = [
    (
        "cosine-ema",
        "",
        "[split]\nvalidation = 0.2\n[optimizer.adamw]\n[schedule.cosine]\nwarmup_steps = 4\n[ema]\ndecay = 0.95",
    ),
    (
        "plateau",
        "",
        "[split]\nvalidation = 0.2\n[optimizer.adam]\n[reduce_on_plateau]\npatience = 1\nmin_delta = 1\n[early_stopping]\n\
         patience = 4\nmin_delta = 1",
    ),
    ("swa", "", "[optimizer.sgd]\nmomentum = 0.9\n[schedule.step]\nevery_epochs = 2\n[swa]\nstart_epoch = 2"),
    (
        "mixtures",
        "",
        "[split]\nvalidation = 0.2\n[optimizer.nadam]\n[ema]\ndecay = 0.9\n[augment]\noperations = [ { flip = {} }, \
         { mixup = { probability = 0.5 } }, { cutmix = {} } ]\nuntil = 0.8",
    ),
    (
        "trivial-augment",
        "",
        "[optimizer.lion]\n[schedule.cosine_restarts]\nfirst_decay_epochs = 2\n[augment]\noperations = [ { trivial_augment = {} }, \
         { crop = { padding = 1 } }, { cutout = { size = 3 } } ]",
    ),
    (
        "fold",
        "",
        "[split]\nfold = \"2/4\"\nstratified = true\n[optimizer.adamax]\n[schedule.exponential]\ndecay_epochs = 2\n[early_stopping]\n\
         patience = 2\nmin_delta = 0.1",
    ),
    (
        "shares",
        "sampling = [1, 2, 1, 1, 1, 1, 5, 1, 1, 1]\n",
        "[split]\nvalidation = 0.2\n[optimizer.adagrad]\n[schedule.polynomial]\n[augment]\noperations = [ { rotate = { degrees = 20 } }, \
         { noise = { deviation = 5 } } ]",
    ),
    (
        "clipped",
        "",
        "[optimizer.rmsprop]\nmomentum = 0.5\n[clip]\nglobal_norm = 0.5\n[[parameters]]\nmatch = \"*.weight\"\nl2 = 1e-3\nmax_norm = 2\n[swa]\n\
         start_epoch = 3",
    ),
    (
        "unfrozen",
        "",
        "[split]\nvalidation = 0.2\n[optimizer.adamw]\n[schedule.one_cycle]\n[[parameters]]\nmatch = \"layers.0.*\"\nfrom_epoch = 3\n\
         learning_rate_scale = 0.3\n[ema]\ndecay = 0.9",
    ),
    (
        "elastic-plateau",
        "",
        "[split]\nvalidation = 0.2\n[optimizer.sgd]\nlearning_rate = 0.05\nmomentum = 0.9\nnesterov = true\n[reduce_on_plateau]\n\
         monitor = \"validation.accuracy\"\npatience = 1\nmin_delta = 1\ncooldown = 1\n[augment]\noperations = [ { elastic = { alpha = 4, sigma = 2 } }, \
         { scale = { factors = [0.8, 1.2] } } ]",
    ),
    (
        "fold-ema-balanced",
        "sampling = \"balanced\"\n",
        "[split]\nfold = \"3/3\"\n[optimizer.adam]\n[schedule.multi_step]\nmilestone_epochs = [2, 4]\n[ema]\ndecay = 0.9\n[early_stopping]\n\
         monitor = \"validation.accuracy\"\npatience = 3\nmin_delta = 0.5\n[augment]\noperations = [ { mixup = {} } ]",
    ),
    (
        "regression",
        "",
        "[split]\nvalidation = 0.25\n[preprocess]\ntargets = \"standardize\"\n[optimizer.adamax]\n[schedule.one_cycle]\n[reduce_on_plateau]\n\
         patience = 1\nmin_delta = 10\n[ema]\ndecay = 0.9",
    ),
];

/// The loss and the sections that differ by task.
fn config(name: &str, train: &str, sections: &str) -> String {
    let (data, model, loss) = if name == "regression" {
        let layers = "[model]\nlayers = [{ dense = { units = 8, activation = \"gelu\" } }, { dense = { units = 1 } }]\n";
        ("[data.linear]\nsamples = 150\nnoise = 0.1\n", layers, "[loss.huber]\n")
    } else {
        (DIGITS, CONVOLUTIONS, "[loss.cross_entropy]\nlabel_smoothing = 0.1\n")
    };
    let checkpoint = "[checkpoint]\nevery_steps = 3\nkeep_last = 2\n";
    format!("name = \"{name}\"\nseed = 17\n{data}{model}{loss}{TRAIN}{train}{checkpoint}{sections}\n")
}

/// The recipes as runs to be stopped.
fn recipes() -> Vec<Subject> {
    let subject = |(name, train, sections): &(&'static str, &str, &str)| {
        // Subjects are constants elsewhere; these few live as long as the test.
        let config = Box::leak(config(name, train, sections).into_boxed_str());
        Subject { name, config, interval: 3 }
    };
    RECIPES.iter().map(subject).collect()
}

#[test]
fn killed_recipes_end_like_uninterrupted_ones() {
    let wanted = times([12_u64, 120, 300]);
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_nanos() as u64;
    let (count, recipes, next) = (Count::default(), recipes(), AtomicUsize::new(0));
    let each = wanted.div_ceil(recipes.len() as u64);
    std::thread::scope(|scope| {
        for worker in 0..3 {
            let (count, recipes, next) = (&count, &recipes, &next);
            scope.spawn(move || {
                let mut random = Stream::new(seed, Purpose::Data, [worker, 0]);
                while let Some(subject) = recipes.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let workspace = subject.workspace();
                    let start = Instant::now();
                    workspace.ok(&subject.arguments("whole"));
                    let time = start.elapsed();
                    let own = Count::default();
                    for life in 0.. {
                        if own.kills.load(Ordering::Relaxed) >= each {
                            break;
                        }
                        let folder = format!("life-{life}");
                        killed_until_done(subject, &workspace, &folder, time, &mut random, &own);
                        let what = format!("{}, seed {seed}, life {life}", subject.name);
                        subject::assert_same(&workspace.path("whole"), &workspace.path(&folder), &what);
                        std::fs::remove_dir_all(workspace.path(&folder)).expect("deleted");
                    }
                    count.add(&own);
                }
            });
        }
    });
    let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
    assert!(read(&count.kills) >= wanted);
    report(
        "random SIGKILLs of recipes",
        &json!({
            "recipes": recipes.len(),
            "kills": read(&count.kills),
            "runs": read(&count.runs),
            "kills_before_the_first_checkpoint": read(&count.before_first_checkpoint),
            "lost_checkpoints": 0,
            "runs_that_differ": 0,
        }),
    );
}

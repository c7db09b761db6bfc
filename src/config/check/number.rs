//! Checks numbers against their limits.

use serde_json::Value as Json;

pub(super) fn check_integer(number: i128, schema: &Json, expected: &[&str], report: &mut dyn FnMut(String)) {
    if expected.contains(&"integer") {
        let (least, most) = limits(schema);
        if number < least || number > most {
            let limit = if number < least { format!("at least {least}") } else { format!("at most {most}") };
            report(format!("must be {limit}, not {number}"));
        }
    } else {
        check_range(number as f64, schema, report);
    }
}

/// The smallest and the largest value of an integer.
pub(super) fn limits(schema: &Json) -> (i128, i128) {
    let least = schema["minimum"].as_i64().map_or(i128::from(i64::MIN), i128::from);
    let most = schema["maximum"].as_u64().map_or(i128::from(i64::MAX), i128::from);
    (least, most)
}

pub(super) fn check_range(number: f64, schema: &Json, report: &mut dyn FnMut(String)) {
    type Rule = (&'static str, &'static str, fn(&f64, &f64) -> bool);
    let rules: [Rule; 4] = [
        ("minimum", "at least", f64::ge),
        ("exclusiveMinimum", "above", f64::gt),
        ("maximum", "at most", f64::le),
        ("exclusiveMaximum", "below", f64::lt),
    ];
    for (keyword, words, holds) in rules {
        if let Some(limit) = schema[keyword].as_f64()
            && !holds(&number, &limit)
        {
            report(format!("must be {words} {limit}, not {number}"));
        }
    }
}

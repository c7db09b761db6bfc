//! Wraps lines between words.

/// The indentation of continuation lines.
const INDENT: &str = "  ";

/// Wraps `text` at spaces, in lines of at most `width` characters. Longer words are not broken, and neither are lines
/// with a command, which users copy.
pub fn wrapped(text: &str, width: usize) -> String {
    let fits = |line: &str| line.chars().count() <= width || line.contains("taper ");
    let lines = text.lines().map(|line| if fits(line) { line.to_owned() } else { broken(line, width) });
    lines.collect::<Vec<_>>().join("\n")
}

fn broken(line: &str, width: usize) -> String {
    let (mut lines, mut rest) = (Vec::new(), line.to_owned());
    while let Some(end) = end_of_line(&rest, width) {
        lines.push(rest[..end].to_owned());
        rest = format!("{INDENT}{}", rest[end..].trim_start());
    }
    lines.push(rest);
    lines.join("\n")
}

/// The end of the last word that fits `width`, or else of the first word; `None` if all of `line` fits.
fn end_of_line(line: &str, width: usize) -> Option<usize> {
    if line.chars().count() <= width {
        return None;
    }
    let ends =
        line.char_indices().zip(line.chars().skip(1)).filter(|((_, c), next)| *c != ' ' && *next == ' ');
    let ends: Vec<usize> = ends.map(|((at, c), _)| at + c.len_utf8()).collect();
    let fits = |end: &&usize| line[..**end].chars().count() <= width;
    ends.iter().rev().find(fits).or(ends.first()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_wrapped_between_words() {
        let text = "name: 12,345 parameters on cpu;\n\ntest   loss 0.1234  accuracy 0.9876  (best epoch, 5)";
        assert_eq!(
            wrapped(text, 30),
            "name: 12,345 parameters on\n  cpu;\n\ntest   loss 0.1234  accuracy\n  0.9876  (best epoch, 5)"
        );
        assert_eq!(wrapped(text, 80), text);
        assert_eq!(wrapped("aaaaaaaa bbbbbbbb cc", 4), "aaaaaaaa\n  bbbbbbbb\n  cc");
        assert_eq!(wrapped("next   taper eval runs/a b", 4), "next   taper eval runs/a b");
        for width in 1..90 {
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(words(&wrapped(text, width)), words(text));
        }
    }
}

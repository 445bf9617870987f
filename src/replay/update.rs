//! `--update`: writes what was said into the file, leaving regexes, wildcards and comments as they are where
//! they still hold.

use super::fixture::{Expected, Fixture, StepKind};
use super::report::Heard;

/// Returns the file's text with its expectations rewritten from what was heard.
pub(super) fn rewritten(fixture: &Fixture, heard: &[Heard]) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut messages: Vec<Vec<String>> = Vec::new();
    let mut skip_until = 0;
    let mut asked = false;
    for (at, line) in fixture.source.iter().enumerate() {
        let number = at + 1;
        let step = fixture.steps.iter().find(|step| step.line == number);
        if number <= skip_until {
            continue;
        }
        let Some(step) = step else {
            // Comments and empty lines close what was said before them.
            if asked {
                flush(&mut messages, &mut out);
                asked = false;
            }
            out.push(line.clone());
            continue;
        };
        match &step.kind {
            StepKind::Bot(expected) => {
                skip_until = step.last_line;
                let next = (!messages.is_empty()).then(|| messages.remove(0));
                match (expected, next) {
                    (Expected::Nothing, None) | (Expected::Any, Some(_)) => out.push(line.clone()),
                    (Expected::Matches(regex), Some(message))
                        if regex.is_match(&message.join("\n")) =>
                    {
                        out.push(line.clone());
                    }
                    (Expected::Exactly(lines), Some(message)) if has_capture(lines) => {
                        let mut captures = std::collections::BTreeMap::new();
                        if super::shown::matches_exactly(lines, &message, &mut captures) {
                            out.extend(
                                fixture
                                    .source
                                    .get(at..step.last_line)
                                    .unwrap_or_default()
                                    .iter()
                                    .cloned(),
                            );
                        } else {
                            write(&message, &mut out);
                        }
                    }
                    (_, Some(message)) => write(&message, &mut out),
                    (_, None) => {}
                }
            }
            StepKind::Assert { .. } => {
                if asked {
                    flush(&mut messages, &mut out);
                    asked = false;
                }
                out.push(line.clone());
            }
            _ => {
                flush(&mut messages, &mut out);
                out.push(line.clone());
                messages = heard
                    .iter()
                    .filter(|heard| heard.after_line == number)
                    .flat_map(|heard| heard.messages.clone())
                    .collect();
                asked = true;
            }
        }
    }
    flush(&mut messages, &mut out);
    let mut text = out.join("\n");
    text.push('\n');
    text
}

fn has_capture(lines: &[String]) -> bool {
    lines.iter().any(|line| {
        line.char_indices().any(|(at, c)| {
            c == '$'
                && line
                    .get(at + 1..)
                    .and_then(|rest| rest.chars().next())
                    .is_some_and(|next| next.is_ascii_lowercase())
        })
    })
}

fn flush(messages: &mut Vec<Vec<String>>, out: &mut Vec<String>) {
    for message in messages.drain(..) {
        write(&message, out);
    }
}

fn write(message: &[String], out: &mut Vec<String>) {
    for (at, line) in message.iter().enumerate() {
        let line = line.replace('\u{a0}', " ");
        out.push(if at == 0 {
            format!("< {line}")
        } else {
            format!("  {line}")
        });
    }
}

//! Redacting any text is total and idempotent, alone and after an earlier message.
#![no_main]

use bursar::redact::{redact, redact_after};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|texts: (&str, &str)| {
    let (earlier, text) = texts;
    let earlier = redact(earlier);
    assert_eq!(redact(&earlier.text).text, earlier.text);
    let joined = redact_after(&[&earlier.text], text);
    assert_eq!(redact(&joined.redacted.text).text, joined.redacted.text);
});

//! Normalising any text is total, idempotent, and its ranges lie in the original.
#![no_main]

use bursar::intent::normalize::normalize;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let once = normalize(text);
    assert_eq!(normalize(&once.text).text, once.text);
    for (range, _) in once.word_ranges() {
        assert!(text.get(once.original_range(range)).is_some());
    }
});

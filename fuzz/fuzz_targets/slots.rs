//! Filling slots from any text is total, and what is found lies in the text.
#![no_main]

use bursar::intent::Language;
use bursar::intent::slot::{SlotContext, amounts, fill, whens};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let context = SlotContext::default();
    for language in Language::ALL {
        for intent in [
            "pay_person",
            "transactions",
            "dispute",
            "transfer_own",
            "alert_set",
            "exchange_rate",
        ] {
            let _slots = fill(intent, text, language, &context);
        }
        for found in whens(text, language, &context) {
            assert!(text.get(found.span).is_some());
        }
        for found in amounts(text, language, &context) {
            assert!(text.get(found.span).is_some());
        }
    }
});

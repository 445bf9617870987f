//! Messages as people write them, and the slots they hold.

mod nlupp;

#[test]
#[ignore = "prints what is filled for the catalogue's examples, to be read"]
fn print_catalogue_fills() {
    use crate::intent::Language;
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("intents");
    let only = std::env::var("ONLY").unwrap_or_default();
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    files.sort();
    for path in files {
        let intent = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if !only.is_empty() && !only.split(',').any(|name| name == intent) {
            continue;
        }
        let doc: toml::Value = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let Some(examples) = doc.get("examples") else {
            continue;
        };
        for (code, language) in [("en", Language::En), ("es", Language::Es)] {
            for example in examples
                .get(code)
                .and_then(|list| list.as_array())
                .into_iter()
                .flatten()
            {
                let text = example.as_str().unwrap_or_default();
                let slots = super::fill(&intent, text, language, &super::SlotContext::default());
                let shown: Vec<String> = slots
                    .iter()
                    .map(|(name, value)| {
                        format!(
                            "{name}={}",
                            value
                                .as_text()
                                .map_or_else(|| format!("{value:?}"), str::to_owned)
                        )
                    })
                    .collect();
                println!("{intent}\t{text}\t{}", shown.join(" | "));
            }
        }
    }
}

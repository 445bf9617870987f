//! Tax forms: which there are is told in the thread, and a page shows one, once (N6). They carry tax numbers.

use crate::bank::papers::TaxForm;
use crate::bank::{Answers, Query};
use crate::intent::catalogue::Access;
use crate::intent::slot::calendar::period;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::super::view::Shown;
use super::{Change, Context, Next, Outcome, Say, Shape, Skill, VIEW_PATH};

pub(super) const SKILL: Skill = Skill {
    name: INTENT,
    access: Access::Linked,
    ask,
    answer,
    variants: &[
        "answer", "item", "none", "no_such", "one", "open", "others", "which",
    ],
    report: None,
};

const INTENT: &str = "tax_document";

/// As many forms are offered or listed at once.
const MOST: usize = 4;

/// Tells whether a form can be shown: the bank gives them, and there is a page to show them on.
fn shows(context: &Context<'_>) -> bool {
    context.policy.ports.papers && context.policy.public_url.is_some()
}

fn ask(_: &Request, context: &Context<'_>) -> Vec<Query> {
    if shows(context) {
        vec![Query::TaxForms]
    } else {
        Vec::new()
    }
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    if !shows(context) {
        return Outcome::say(Say::new(INTENT, "answer", Values::new())).into();
    }
    let mut all: Vec<&TaxForm> = match answers.tax_forms() {
        Ok(forms) => forms.iter().collect(),
        Err(failure) => return Outcome::failed(failure).into(),
    };
    all.sort_by_key(|form| (std::cmp::Reverse(form.year), &form.name, &form.id));
    if all.is_empty() {
        return Outcome::say(Say::new(INTENT, "none", Values::new())).into();
    }
    let found = meant(request, &all, context);
    match found.as_slice() {
        [] => Outcome::say(listed(Say::new(INTENT, "no_such", Values::new()), all)).into(),
        [form] => {
            let mut say = Say::new(INTENT, "one", values(form));
            say.shape = Shape::Link {
                title: "open",
                path: VIEW_PATH.to_owned(),
            };
            let named = request.bound("form").or(request.said("period")).is_some();
            if !named && all.len() > 1 {
                let others = all.iter().copied().filter(|one| one.id != form.id);
                say = listed(say.item("others", Values::new()), others);
            }
            Outcome::say(say)
                .change(Change::View(Shown::TaxForm {
                    form: form.id.clone(),
                    name: form.name.clone(),
                    year: form.year,
                }))
                .into()
        }
        several => {
            let options = several.iter().take(MOST).map(|form| {
                (
                    format!("{} {}", form.name, form.year),
                    request.clone().bind("form", form.id.as_str()),
                )
            });
            Outcome::say(Say::new(INTENT, "which", Values::new()))
                .choose(request, options.collect())
                .into()
        }
    }
}

/// Returns the forms that were asked for: of the type and the years that were said, else of the newest year.
fn meant<'a>(
    request: &Request,
    newest_first: &[&'a TaxForm],
    context: &Context<'_>,
) -> Vec<&'a TaxForm> {
    let all = newest_first.iter().copied();
    if let Some(id) = request.bound("form") {
        return all.filter(|form| form.id == id).collect();
    }
    let of_kind: Vec<&TaxForm> = match request.said("type") {
        Some(kind) => all.filter(|form| is_of_type(form, kind)).collect(),
        None => all.collect(),
    };
    let named = request
        .said("period")
        .and_then(|value| period::resolve_back(value, &context.place.zoned()));
    let (first, last) = match (named, of_kind.first()) {
        (Some(range), _) => (range.first.year(), range.last.year()),
        (None, Some(newest)) => (newest.year, newest.year),
        (None, None) => return Vec::new(),
    };
    let of_years = of_kind
        .into_iter()
        .filter(|form| first <= form.year && form.year <= last);
    of_years.collect()
}

/// Tells whether a form is of a said type: `1099_int` is the 1099-INT, and `1099` any of that family.
fn is_of_type(form: &TaxForm, kind: &str) -> bool {
    let kind = kind.to_ascii_uppercase().replace('_', "-");
    match form.name.strip_prefix(kind.as_str()) {
        Some(rest) => rest.is_empty() || rest.starts_with('-'),
        None => false,
    }
}

fn values(form: &TaxForm) -> Values {
    Values::new()
        .with("form", Value::quoted(&form.name), Origin::bank("form.type"))
        .with(
            "year",
            Value::word(form.year.to_string()),
            Origin::bank("form.taxYear"),
        )
}

fn listed<'a>(say: Say, forms: impl IntoIterator<Item = &'a TaxForm>) -> Say {
    forms
        .into_iter()
        .take(MOST)
        .fold(say, |say, form| say.item("item", values(form)))
}

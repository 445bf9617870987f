//! The Page's profile: greeting, Get Started, menu, ice breakers (platform section 5).

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::wire::Refusal;

/// What can be set.
const PROPERTIES: [&str; 7] = [
    "get_started",
    "greeting",
    "persistent_menu",
    "ice_breakers",
    "commands",
    "whitelisted_domains",
    "account_linking_url",
];

/// The profile as it was set.
#[derive(Debug, Default)]
pub(super) struct Profile(Map<String, Value>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Menu {
    #[serde(rename = "locale")]
    locale: String,
    #[serde(rename = "composer_input_disabled", default)]
    _composer: bool,
    #[serde(default)]
    call_to_actions: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    #[serde(rename = "type")]
    kind: String,
    title: String,
    payload: Option<String>,
    url: Option<String>,
    #[serde(rename = "webview_height_ratio")]
    _height: Option<String>,
}

#[derive(Deserialize)]
struct Greeting {
    locale: String,
    text: String,
}

#[derive(Deserialize)]
struct Breakers {
    call_to_actions: Vec<Breaker>,
}

#[derive(Deserialize)]
struct Breaker {
    question: String,
    payload: String,
}

impl Profile {
    /// Replaces the properties named.
    pub(super) fn set(&mut self, body: &[u8]) -> Result<(), Refusal> {
        let new: Map<String, Value> = serde_json::from_slice(body)
            .map_err(|error| Refusal::parameter(format!("(#100) {error}")))?;
        if new.is_empty() {
            return Err(wrong("no property"));
        }
        for (name, value) in &new {
            if !PROPERTIES.contains(&name.as_str()) {
                return Err(wrong("unknown property"));
            }
            self.check(name, value, &new)?;
        }
        self.0.extend(new);
        Ok(())
    }

    fn check(&self, name: &str, value: &Value, new: &Map<String, Value>) -> Result<(), Refusal> {
        match name {
            "get_started" => {
                let payload = value.get("payload").and_then(Value::as_str);
                in_limit("get_started.payload", payload.unwrap_or_default(), 1000)
            }
            "greeting" => {
                let greetings: Vec<Greeting> = parse("greeting", value)?;
                greetings.iter().try_for_each(|greeting| {
                    in_limit("greeting.locale", &greeting.locale, 10)?;
                    in_limit("greeting.text", &greeting.text, 160)
                })
            }
            "persistent_menu" => {
                if !new.contains_key("get_started") && !self.0.contains_key("get_started") {
                    return Err(wrong("persistent_menu needs get_started"));
                }
                menus(&parse::<Vec<Menu>>("persistent_menu", value)?)
            }
            "ice_breakers" => {
                let all: Vec<Breakers> = parse("ice_breakers", value)?;
                for breakers in &all {
                    if breakers.call_to_actions.len() > 4 {
                        return Err(wrong("ice_breakers: at most four"));
                    }
                    for breaker in &breakers.call_to_actions {
                        in_limit("ice_breakers.question", &breaker.question, 80)?;
                        in_limit("ice_breakers.payload", &breaker.payload, 1000)?;
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Removes properties.
    pub(super) fn delete(&mut self, body: &[u8]) -> Result<(), Refusal> {
        #[derive(Deserialize)]
        struct Fields {
            fields: Vec<String>,
        }
        let fields: Fields = serde_json::from_slice(body)
            .map_err(|error| Refusal::parameter(format!("(#100) {error}")))?;
        for field in &fields.fields {
            if !PROPERTIES.contains(&field.as_str()) {
                return Err(wrong("unknown property"));
            }
            self.0.remove(field);
        }
        Ok(())
    }

    /// Returns `{"data": [{…}]}` with what was asked for and is set.
    pub(super) fn get(&self, fields: Option<&str>) -> Value {
        let wanted: Option<Vec<&str>> = fields.map(|fields| fields.split(',').collect());
        let shown: Map<String, Value> = self
            .0
            .iter()
            .filter(|(name, _)| {
                wanted
                    .as_ref()
                    .is_none_or(|wanted| wanted.contains(&name.as_str()))
            })
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if shown.is_empty() {
            json!({"data": []})
        } else {
            json!({"data": [shown]})
        }
    }

    /// Returns everything that is set.
    pub(super) fn all(&self) -> Value {
        Value::Object(self.0.clone())
    }
}

fn menus(menus: &[Menu]) -> Result<(), Refusal> {
    if !menus.iter().any(|menu| menu.locale == "default") {
        return Err(wrong("persistent_menu needs the locale `default`"));
    }
    for menu in menus {
        if menu.call_to_actions.len() > 20 {
            return Err(wrong("persistent_menu: at most twenty items"));
        }
        for item in &menu.call_to_actions {
            in_limit("persistent_menu.title", &item.title, 30)?;
            match item.kind.as_str() {
                "postback" => {
                    let payload = item.payload.as_deref().unwrap_or_default();
                    in_limit("persistent_menu.payload", payload, 1000)?;
                }
                "web_url" => {
                    let url = item.url.as_deref().unwrap_or_default();
                    in_limit("persistent_menu.url", url, 2000)?;
                }
                _ => return Err(wrong("persistent_menu: only postback and web_url")),
            }
        }
    }
    Ok(())
}

fn parse<T: serde::de::DeserializeOwned>(name: &str, value: &Value) -> Result<T, Refusal> {
    T::deserialize(value).map_err(|error| wrong(&format!("{name}: {error}")))
}

fn in_limit(name: &str, value: &str, most: usize) -> Result<(), Refusal> {
    if value.trim().is_empty() || value.chars().count() > most {
        return Err(wrong(&format!("{name}: 1 to {most} characters")));
    }
    Ok(())
}

fn wrong(words: &str) -> Refusal {
    Refusal::parameter(format!("(#100) {words}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_menu_needs_get_started_and_a_default() {
        let mut profile = Profile::default();
        let menu = |locale: &str| {
            json!({"persistent_menu": [{"locale": locale, "call_to_actions": [
                {"type": "postback", "title": "Talk to a person", "payload": "HANDOFF"}]}]})
            .to_string()
        };
        assert!(profile.set(menu("default").as_bytes()).is_err());
        profile
            .set(br#"{"get_started": {"payload": "GET_STARTED"}}"#)
            .unwrap();
        assert!(profile.set(menu("en_US").as_bytes()).is_err());
        profile.set(menu("default").as_bytes()).unwrap();
        let data = profile.get(Some("persistent_menu"));
        assert!(data["data"][0]["persistent_menu"].is_array(), "{data}");
        assert!(data["data"][0].get("get_started").is_none());
        profile
            .delete(br#"{"fields": ["persistent_menu", "get_started"]}"#)
            .unwrap();
        assert_eq!(profile.get(None), json!({"data": []}));
    }

    #[test]
    fn refuses_what_graph_does_not_know() {
        let mut profile = Profile::default();
        for body in [
            "{}",
            "[]",
            r#"{"home_url": "https://a.example"}"#,
            r#"{"get_started": {"payload": ""}}"#,
            r#"{"ice_breakers": [{"call_to_actions": [
                {"question":"a","payload":"1"},{"question":"b","payload":"2"},{"question":"c","payload":"3"},
                {"question":"d","payload":"4"},{"question":"e","payload":"5"}]}]}"#,
        ] {
            assert_eq!(
                profile.set(body.as_bytes()).unwrap_err().code,
                100,
                "{body}"
            );
        }
    }
}

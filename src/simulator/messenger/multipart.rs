//! Reads `multipart/form-data`, the form in which attachments are uploaded. Only what the upload needs.

use bytes::Bytes;
use memchr::memmem;

/// More parts than this are nothing an upload has.
const MOST_PARTS: usize = 16;

/// One part of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Its name.
    pub(super) name: String,
    /// The type it says it has.
    pub(super) content_type: Option<String>,
    /// What it holds.
    pub(super) body: Bytes,
}

/// Returns the parts, or none where the body is not what its content type says.
pub(super) fn read(content_type: &str, body: &Bytes) -> Option<Vec<Part>> {
    let boundary = boundary(content_type)?;
    let delimiter = format!("--{boundary}");
    let mut parts = Vec::new();
    let mut at = memmem::find(body, delimiter.as_bytes())? + delimiter.len();
    loop {
        let rest = body.get(at..)?;
        if rest.starts_with(b"--") {
            return Some(parts);
        }
        let rest = rest.strip_prefix(b"\r\n")?;
        let start = body.len() - rest.len();
        let end = start + memmem::find(rest, format!("\r\n{delimiter}").as_bytes())?;
        parts.push(part(&body.slice(start..end))?);
        if parts.len() > MOST_PARTS {
            return None;
        }
        at = end + 2 + delimiter.len();
    }
}

fn part(bytes: &Bytes) -> Option<Part> {
    let split = memmem::find(bytes, b"\r\n\r\n")?;
    let head = std::str::from_utf8(bytes.get(..split)?).ok()?;
    let mut name = None;
    let mut content_type = None;
    for line in head.split("\r\n") {
        let (key, value) = line.split_once(':')?;
        if key.eq_ignore_ascii_case("content-disposition") {
            name = parameter(value, "name").map(str::to_owned);
        } else if key.eq_ignore_ascii_case("content-type") {
            content_type = Some(value.trim().to_owned());
        }
    }
    Some(Part {
        name: name?,
        content_type,
        body: bytes.slice(split + 4..),
    })
}

fn boundary(content_type: &str) -> Option<&str> {
    content_type
        .trim_start()
        .to_ascii_lowercase()
        .starts_with("multipart/form-data")
        .then(|| parameter(content_type, "boundary"))?
        .filter(|boundary| !boundary.is_empty() && boundary.len() <= 70)
}

/// Returns a parameter after a `;`, quoted or not.
fn parameter<'a>(value: &'a str, name: &str) -> Option<&'a str> {
    value.split(';').skip(1).find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim()
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TYPE: &str = "multipart/form-data; boundary=abc";

    #[test]
    fn reads_an_upload() {
        let body = Bytes::from_static(
            b"--abc\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\n{}\r\n\
              --abc\r\nContent-Disposition: form-data; name=\"filedata\"; filename=\"a.png\"\r\n\
              Content-Type: image/png\r\n\r\n\x89PNG\r\n\x00\r\n--abc--\r\n",
        );
        let parts = read(TYPE, &body).unwrap();
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].body, Bytes::from_static(b"{}"));
        assert_eq!(parts[1].name, "filedata");
        assert_eq!(parts[1].content_type.as_deref(), Some("image/png"));
        assert_eq!(parts[1].body, Bytes::from_static(b"\x89PNG\r\n\x00"));
    }

    #[test]
    fn a_body_without_its_end_is_none() {
        let body =
            Bytes::from_static(b"--abc\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n{}");
        assert_eq!(read(TYPE, &body), None);
        assert_eq!(read("application/json", &body), None);
        assert_eq!(read("multipart/form-data", &body), None);
    }

    proptest! {
        #[test]
        fn reading_never_panics(body in proptest::collection::vec(prop_oneof![
            Just(b"--abc".to_vec()), Just(b"\r\n".to_vec()), Just(b"--".to_vec()), Just(b": ".to_vec()),
            proptest::collection::vec(any::<u8>(), 0..5)], 0..30)) {
            drop(read(TYPE, &Bytes::from(body.concat())));
        }
    }
}

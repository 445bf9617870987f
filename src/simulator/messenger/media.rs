//! Attachments: what the Page uploads by `message_attachments`, and what the chat page's person attaches.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use serde::Deserialize;

use super::multipart;
use super::wire::Refusal;

/// The largest upload (platform 3.10).
pub(super) const LARGEST: usize = 25 * 1024 * 1024;

/// All media together; beyond it the oldest go.
const LARGEST_ALL: usize = 64 * 1024 * 1024;

/// A medium.
#[derive(Debug, Clone)]
pub(super) struct Medium {
    /// Its type; `application/octet-stream` where none was given.
    pub content_type: String,
    /// Its bytes; empty where only an address was given.
    pub bytes: Bytes,
}

/// All media, by id.
#[derive(Debug, Default)]
pub(super) struct Media(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    minted: u64,
    bytes: usize,
    by_id: HashMap<u64, Medium>,
}

#[derive(Deserialize)]
struct Upload {
    attachment: UploadAttachment,
}

#[derive(Deserialize)]
struct UploadAttachment {
    #[serde(rename = "type")]
    kind: String,
    payload: UploadPayload,
}

#[derive(Deserialize)]
struct UploadPayload {
    url: Option<String>,
}

impl Media {
    /// Keeps a medium and returns its id.
    pub(super) fn keep(&self, medium: Medium) -> String {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.minted += 1;
        kept.bytes += medium.bytes.len();
        let id = kept.minted;
        kept.by_id.insert(id, medium);
        while kept.bytes > LARGEST_ALL {
            let Some(oldest) = kept.by_id.keys().min().copied() else {
                break;
            };
            if let Some(gone) = kept.by_id.remove(&oldest) {
                kept.bytes -= gone.bytes.len();
            }
        }
        id.to_string()
    }

    pub(super) fn get(&self, id: &str) -> Option<Medium> {
        let id: u64 = id.parse().ok()?;
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.by_id.get(&id).cloned()
    }

    /// Takes an upload, as multipart or by address, and returns its id.
    pub(super) fn upload(&self, content_type: &str, body: &Bytes) -> Result<String, Refusal> {
        if body.len() > LARGEST {
            return Err(too_large());
        }
        let (message, file) = match multipart::read(content_type, body) {
            Some(parts) => {
                let find = |name: &str| parts.iter().find(|part| part.name == name);
                let message = find("message").map(|part| part.body.clone());
                (message, find("filedata").cloned())
            }
            None => (Some(body.clone()), None),
        };
        let message =
            message.ok_or_else(|| Refusal::parameter("(#100) param message is required"))?;
        let upload: Upload = serde_json::from_slice(&message)
            .map_err(|error| Refusal::parameter(format!("(#100) message: {error}")))?;
        if !["image", "video", "audio", "file"].contains(&upload.attachment.kind.as_str()) {
            return Err(Refusal::parameter("(#100) attachment.type is not allowed"));
        }
        match (file, upload.attachment.payload.url) {
            (Some(file), None) => {
                if file.body.is_empty() {
                    return Err(refused(2_018_047, "Upload attachment failure."));
                }
                let content_type = file
                    .content_type
                    .ok_or_else(|| refused(2_018_047, "the file has no type"))?;
                if !content_type.starts_with(&format!("{}/", upload.attachment.kind))
                    && upload.attachment.kind != "file"
                {
                    return Err(refused(2_018_047, "the file is of another type"));
                }
                Ok(self.keep(Medium {
                    content_type,
                    bytes: file.body,
                }))
            }
            (None, Some(_)) => Ok(self.keep(Medium {
                content_type: "application/octet-stream".to_owned(),
                bytes: Bytes::new(),
            })),
            _ => Err(Refusal::parameter(
                "(#100) attachment needs exactly one of filedata and url",
            )),
        }
    }
}

fn too_large() -> Refusal {
    refused(2_018_047, "the file is larger than 25 MB")
}

fn refused(subcode: i64, words: &str) -> Refusal {
    Refusal {
        code: 100,
        subcode: Some(subcode),
        message: format!("(#100) {words}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_needs_a_file_of_its_type() {
        let media = Media::default();
        let form = |kind: &str| {
            Bytes::from(format!(
                "--b\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\n\
                 {{\"attachment\":{{\"type\":\"{kind}\",\"payload\":{{\"is_reusable\":true}}}}}}\r\n\
                 --b\r\nContent-Disposition: form-data; name=\"filedata\"; filename=\"c.png\"\r\n\
                 Content-Type: image/png\r\n\r\nPNG\r\n--b--\r\n"
            ))
        };
        let kind = "multipart/form-data; boundary=b";
        let id = media.upload(kind, &form("image")).unwrap();
        assert_eq!(media.get(&id).unwrap().bytes, Bytes::from_static(b"PNG"));
        assert_eq!(
            media.upload(kind, &form("video")).unwrap_err().subcode,
            Some(2_018_047)
        );
        assert_eq!(media.upload(kind, &form("sticker")).unwrap_err().code, 100);
        assert!(media.get("7").is_none());
    }
}

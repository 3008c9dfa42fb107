//! Multipart forms, as `wx.uploadFile` sends them.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;

use crate::{Api, Reply};

/// The boundary of the parts.
pub const BOUNDARY: &str = "WeappBoundary7f3a";

/// A form of some fields and a file.
#[must_use]
pub fn form(fields: &[(&str, &str)], file_name: &str, file: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        let part =
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.into_bytes());
    }
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{file_name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    body.extend(head.into_bytes());
    body.extend(file);
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").into_bytes());
    body
}

/// A PNG of one colour.
#[must_use]
pub fn plain_png(width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let pixels = colour.repeat(width as usize * height as usize);
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    file
}

impl Api {
    /// Sends a `POST` with a form.
    pub async fn post_form(&self, path: &str, form: Vec<u8>) -> Reply {
        let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
        Self::send(self.request(Method::POST, path).header(CONTENT_TYPE, content_type).body(form)).await
    }

    pub async fn upload_avatar(&self, file: &[u8]) -> Reply {
        self.post_form("/api/v1/me/avatar", form(&[("from", "album")], "tmp_3f.jpg", file)).await
    }
}

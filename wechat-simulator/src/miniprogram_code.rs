//! `POST /wxa/getwxacodeunlimit`: the picture of a mini-program code.
//!
//! WeChat's own codes are read by WeChat alone. The simulator draws a QR code of the scene instead, which any reader
//! reads. It does not know which pages are published; a script gives the error for an unknown one.

use png::{BitDepth, ColorType, Encoder};
use qrcode::{Color, QrCode};
use serde_json::Value;

use crate::reply::Refusal;
use crate::state::State;
use crate::token_apis::{Call, Success};

/// Maximum length of a scene in characters.
const MAX_SCENE: usize = 32;
/// Characters of a scene besides letters and digits.
const SCENE_SIGNS: &str = "!#$&'()*+,/:;=?@-._~";
/// Smallest, usual and largest width in pixels.
const WIDTHS: [u64; 3] = [280, 430, 1_280];
/// Width of the margin in modules, as scanners need it.
const MARGIN: usize = 4;

/// Validates the parameters in WeChat's order and draws the code.
pub(crate) fn draw(state: &State, call: &Call<'_>) -> Result<Success, Refusal> {
    let refuse = |errcode, errmsg: &str| Err(Refusal::new(state, errcode, errmsg));
    let scene = call.text("scene");
    if scene.is_empty() || scene.chars().count() > MAX_SCENE {
        return refuse(40_169, "invalid length for scene, or the data is not json string");
    }
    if !scene.chars().all(|sign| sign.is_ascii_alphanumeric() || SCENE_SIGNS.contains(sign)) {
        return refuse(40_129, "invalid scene");
    }
    let page = call.text("page");
    if page.contains("scancode_time") {
        return refuse(85_096, "scancode_time is a system reserved field");
    }
    // Without a page, the code opens the home page.
    if page.starts_with('/') || page.contains(['?', ' ', '#']) {
        return refuse(41_030, "invalid page");
    }
    let env = call.body.get("env_version").map_or(Some("release"), Value::as_str);
    if !matches!(env, Some("release" | "trial" | "develop")) {
        return refuse(40_097, "invalid args");
    }
    let [least, usual, most] = WIDTHS;
    let width = call.body.get("width").map_or(Some(usual), Value::as_u64);
    match width.and_then(|width| usize::try_from(width.clamp(least, most)).ok()) {
        Some(width) => match picture(scene, width) {
            Some(png) => Ok(Success::Png(png)),
            None => refuse(-1, "system error"),
        },
        None => refuse(40_097, "invalid args"),
    }
}

/// A square PNG in shades of grey with the QR code of a text.
fn picture(text: &str, width: usize) -> Option<Vec<u8>> {
    let code = QrCode::new(text).ok()?;
    let modules = code.width() + 2 * MARGIN;
    let colors = code.to_colors();
    let dark = |x: usize, y: usize| -> bool {
        // Pixels are mapped to modules; those of the margin are outside of the code.
        let module =
            |pixel: usize| (pixel * modules / width).checked_sub(MARGIN).filter(|at| *at < code.width());
        let at = module(x).zip(module(y)).map(|(column, row)| row * code.width() + column);
        at.and_then(|at| colors.get(at)) == Some(&Color::Dark)
    };
    let pixels: Vec<u8> =
        (0..width * width).map(|at| if dark(at % width, at / width) { 0 } else { 255 }).collect();
    let side = u32::try_from(width).ok()?;
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, side, side);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::Eight);
    encoder.write_header().ok()?.write_image_data(&pixels).ok()?;
    Some(file)
}

//! Papers with a different grid: limits of lengths and widths, and ink, scale with the paper width.

use serde_json::{Value, json};
use yibi_tests::{Api, Backend, Server, Wechat};

on_both_backends! {
    a_finer_grid_takes_thicker_strokes_in_proportion,
    the_one_stroke_length_is_four_paper_widths,
    a_picture_does_not_depend_on_its_grid,
}

async fn alice(backend: Backend) -> (Wechat, Server, Api) {
    let wechat = Wechat::start();
    let server = Server::start_with(backend, &wechat, &[("LIMITS__ENABLED", "false")]);
    let alice = server.signed_in(&wechat, "alice").await;
    (wechat, server, alice)
}

fn line(tool: &str, width: u32, points: &Value) -> Value {
    json!({"type": "stroke", "tool": tool, "color": "#204060", "width": width, "at": 0, "points": points})
}

async fn a_finer_grid_takes_thicker_strokes_in_proportion(backend: Backend) {
    let (_wechat, _server, alice) = alice(backend).await;
    let dot = |width: u32| line("eraser", width, &json!([500, 500, 0]));
    for (paper, thickest) in [(1024, 512), (2048, 512), (2052, 513), (6144, 1536), (8192, 2048)] {
        let id = format!("g{paper}");
        let path = format!("/api/v1/drawings/{id}/actions");
        let drawing = json!({"width": paper, "height": 4096});
        let born = json!({"from_seq": 0, "drawing": drawing, "actions": [dot(1), dot(thickest + 1)]});
        let problem = alice.post(&path, &born).await.problem(422, "invalid_action");
        assert!(problem["detail"].as_str().unwrap().contains("actions[1]"), "{problem}");
        let born = json!({"from_seq": 0, "drawing": drawing, "actions": [dot(thickest)]});
        alice.post(&path, &born).await.ok();
        let problem = alice.append(&id, 1, json!([dot(1), dot(thickest + 1)])).await;
        let problem = problem.problem(422, "invalid_action");
        assert!(problem["detail"].as_str().unwrap().contains("actions[1]"), "{problem}");
        assert_eq!(alice.append(&id, 1, json!([dot(thickest)])).await.ok()["seq"], 2);
        let stored = alice.drawing(&id).await;
        assert_eq!(stored["actions"][1]["width"], thickest, "{paper}");
    }
}

async fn the_one_stroke_length_is_four_paper_widths(backend: Backend) {
    let (_wechat, _server, alice) = alice(backend).await;
    for (paper, longest) in [(64_i64, 256_i64), (1001, 4004), (2048, 8192), (6144, 24_576), (8192, 32_768)] {
        let create = async |id: &str, length: i64| {
            let points = json!([0, 0, 0, length / 2, 0, 9, -length / 2, 0, 9, 0, length % 2, 9]);
            let drawing = json!({"mode": "one_stroke", "width": paper, "height": 4096});
            let body = json!({"from_seq": 0, "drawing": drawing, "actions": [line("pen", 9, &points)]});
            alice.post(&format!("/api/v1/drawings/{id}/actions"), &body).await
        };
        let id = format!("one{paper}");
        let problem = create(&id, longest + 1).await.problem(422, "invalid_action");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("actions[0]") && detail.contains(&longest.to_string()), "{detail}");
        create(&id, longest).await.ok();
    }
}

async fn a_picture_does_not_depend_on_its_grid(backend: Backend) {
    let (_wechat, _server, alice) = alice(backend).await;
    let mut pictures = Vec::new();
    for grid in [1_i64, 2, 4] {
        let mut points = vec![300 * grid, 400 * grid, 0];
        for step in 0..20 {
            points.extend([(40 - step) * grid, (step * step % 37) * grid, 16]);
        }
        let actions = [
            line("ink", 60 * u32::try_from(grid).unwrap(), &json!(points)),
            line(
                "pen",
                20 * u32::try_from(grid).unwrap(),
                &json!([900 * grid, 900 * grid, 0, 90 * grid, 7 * grid, 16]),
            ),
        ];
        let drawing = json!({"width": 2048 * grid, "height": 2048 * grid});
        let body = json!({"from_seq": 0, "drawing": drawing, "actions": actions});
        alice.post(&format!("/api/v1/drawings/d{grid}/actions"), &body).await.ok();
        let path = format!("/api/v1/drawings/d{grid}/image.png?size=512");
        pictures.push(alice.get(&path).await.body.clone());
    }
    assert!(pictures.iter().all(|picture| *picture == pictures[0]));
}

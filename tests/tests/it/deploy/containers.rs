//! Static checks of the image and the composition, which need no container engine.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::Value;
use yibi_tests::TempDir;

use super::{output, read, repository};

/// A YAML file as JSON; duplicate keys and unknown aliases are errors.
fn yaml(path: &str) -> Value {
    let script = "const {load} = require('js-yaml'); \
                  console.log(JSON.stringify(load(require('fs').readFileSync(process.argv[1], 'utf8'))))";
    let mut node = Command::new("node");
    let node = node.current_dir(repository("tests/deploy")).args(["-e", script]).arg(repository(path));
    serde_json::from_str(&output(node)).unwrap()
}

#[test]
fn the_composition_refers_to_existing_files_and_services() {
    let compose = yaml("deploy/containers/compose.yaml");
    let services = compose["services"].as_object().unwrap();
    let settings: toml::Table = read("server/settings.default.toml").parse().unwrap();
    let upstream = read("deploy/containers/yibi-upstream.conf");
    let mut servers = 0;
    for (name, service) in services {
        for volume in service["volumes"].as_array().into_iter().flatten() {
            let source = volume.as_str().unwrap().split(':').next().unwrap();
            if source.starts_with('.') {
                assert!(repository("deploy/containers").join(source).is_file(), "{source}");
            } else if !source.starts_with('/') {
                assert!(compose["volumes"].as_object().unwrap().contains_key(source), "{source}");
            }
        }
        for needed in service["depends_on"].as_object().into_iter().flat_map(serde_json::Map::keys) {
            // The image defines the health check of the servers.
            let checked = !services[needed]["healthcheck"].is_null() || needed.starts_with("yibi-");
            assert!(checked, "{needed}");
        }
        assert!(name == "nginx" || service["ports"].is_null(), "{name} is reached from outside");
        for secret in service["secrets"].as_array().into_iter().flatten() {
            assert!(
                compose["secrets"].as_object().unwrap().contains_key(secret.as_str().unwrap()),
                "{secret}"
            );
        }
        if !name.starts_with("yibi-") {
            continue;
        }
        let environment = service["environment"].as_object().unwrap();
        servers += 1;
        for variable in environment.keys() {
            let (section, key) = variable.strip_prefix("YIBI_").unwrap().split_once("__").unwrap();
            let key = key.strip_suffix("_FILE").unwrap_or(key).to_lowercase();
            assert!(settings[&section.to_lowercase()].get(&key).is_some(), "{variable} is no setting");
        }
        let address = service["networks"]["inside"]["ipv4_address"].as_str().unwrap();
        assert!(upstream.contains(&format!("server {address}:5757 ")), "nginx does not know {name}");
        assert_eq!(
            environment["YIBI_HTTP__TRUSTED_PROXIES"],
            services["nginx"]["networks"]["inside"]["ipv4_address"]
        );
        let grace = service["stop_grace_period"].as_str().unwrap().strip_suffix('s').unwrap();
        let drain =
            ["drain_delay", "shutdown_timeout"].map(|key| settings["http"][key].as_integer().unwrap());
        assert!(grace.parse::<i64>().unwrap() > drain.iter().sum());
    }
    assert_eq!(servers, upstream.matches("    server ").count());
    let redis = services["redis"]["command"].to_string();
    assert!(redis.contains("--appendonly yes") && redis.contains("noeviction"), "{redis}");
}

#[test]
fn images_are_pinned_to_a_version() {
    let compose = yaml("deploy/containers/compose.yaml");
    let services = compose["services"].as_object().unwrap();
    let images = services.values().map(|service| service["image"].as_str().unwrap().to_owned());
    let file = read("deploy/containers/Dockerfile");
    let built = file.lines().find_map(|line| line.strip_prefix("FROM rust:")).unwrap();
    let built = format!("rust:{}", built.split('-').next().unwrap());
    for image in images.filter(|image| image != "yibi").chain([built]) {
        let (_, version) = image.split_once(':').unwrap();
        let exact =
            version.split('.').count() == 3 && version.split('.').all(|part| part.parse::<u32>().is_ok());
        assert!(exact, "{image}");
    }
}

#[test]
fn databases_in_containers_want_a_password() {
    let compose = yaml("deploy/containers/compose.yaml");
    let directory = TempDir::new();
    let script = directory.path().join("make-secrets");
    std::fs::copy(repository("deploy/containers/make-secrets"), &script).unwrap();
    output(Command::new(&script).arg("an app secret"));
    let secret = |name: &str| std::fs::read_to_string(directory.path().join("secrets").join(name)).unwrap();
    for (name, secret_of) in compose["secrets"].as_object().unwrap() {
        assert_eq!(secret_of["file"], format!("./secrets/{name}"));
        assert!(!secret(name).trim().is_empty(), "{name}");
    }
    let mode = std::fs::metadata(directory.path().join("secrets")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "for nobody else");

    let password = secret("redis_conf").trim().strip_prefix("requirepass ").unwrap().to_owned();
    assert_eq!(secret("redis_url").trim(), format!("redis://:{password}@redis:6379/0"));
    let mongodb = secret("mongodb_password");
    assert!(secret("mongodb_uri").starts_with(&format!("mongodb://yibi:{}@mongodb:27017/", mongodb.trim())));
    assert!(secret("mongodb_uri").contains("replicaSet=rs0&authSource=yibi"));
    let services = &compose["services"];
    assert!(services["redis"]["command"].to_string().contains("</run/secrets/redis_conf"));
    assert!(services["mongodb"]["entrypoint"].to_string().contains("--keyFile"));
    let wanted =
        [password.as_str(), mongodb.trim(), secret("admin_token").trim(), "an app secret"].map(str::to_owned);
    let mut different = wanted.to_vec();
    different.dedup();
    assert_eq!(different.len(), 4);

    // A second run must not change the passwords, which the databases keep.
    let again = Command::new(&script).arg("another").output().unwrap();
    assert_eq!(again.status.code(), Some(73));
    assert_eq!(secret("app_secret").trim(), "an app secret");
    assert_eq!(Command::new(&script).arg("").output().unwrap().status.code(), Some(64));
}

#[test]
fn the_image_runs_unprivileged_and_has_a_health_check() {
    let file = read("deploy/containers/Dockerfile").replace("\\\n", " ");
    let lines: Vec<&str> =
        file.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()).collect();
    let known = [
        "FROM",
        "WORKDIR",
        "COPY",
        "RUN",
        "USER",
        "ENV",
        "EXPOSE",
        "VOLUME",
        "STOPSIGNAL",
        "HEALTHCHECK",
        "ENTRYPOINT",
        "CMD",
    ];
    assert!(lines.iter().all(|line| known.contains(&line.split(' ').next().unwrap())), "{lines:#?}");
    let last = lines.iter().rposition(|line| line.starts_with("FROM")).unwrap();
    let image = &lines[last..];
    assert!(image[0].contains("distroless/static") && image[0].ends_with(":nonroot"));
    let value = |name: &str| image.iter().find_map(|line| line.strip_prefix(name)).unwrap().trim();
    assert_eq!(value("USER"), "nonroot");
    assert!(value("HEALTHCHECK").ends_with(r#"CMD ["/usr/bin/yibi-server", "health"]"#));
    // The image has no shell.
    for name in ["ENTRYPOINT", "CMD"] {
        assert!(serde_json::from_str::<Vec<String>>(value(name)).is_ok(), "{name}");
    }
    // The image builds with the compiler version of the project or a newer one.
    let asked: toml::Table = read("Cargo.toml").parse().unwrap();
    let minor = |version: &str| version.split('.').nth(1).unwrap().parse::<u32>().unwrap();
    let image = lines[0].strip_prefix("FROM rust:").unwrap().split('-').next().unwrap();
    assert!(minor(image) >= minor(asked["workspace"]["package"]["rust-version"].as_str().unwrap()));
}

#[test]
fn files_for_prometheus_are_yaml() {
    assert_eq!(yaml("deploy/prometheus/scrape.yaml")[0]["job_name"], "yibi");
    let alertmanager = yaml("deploy/prometheus/alertmanager.yaml");
    assert_eq!(alertmanager["route"]["receiver"], alertmanager["receivers"][0]["name"]);
}

// SPDX-License-Identifier: MPL-2.0
//! Manifests that fit, and each way not to.

use super::*;

fn text(change: impl Fn(&mut serde_json::Value)) -> String {
    let mut value = serde_json::json!({
        "schema": 2, "name": "n", "version": "1", "licence": "MPL-2.0",
        "family": "jpeg", "scale": 1,
        "range": [-1, 1], "size_multiple": 8, "halo": 16, "iterations": 3, "levels": 1000,
        "beta": [1e-4, 0.02], "sigma_y": [0.002, 0.5],
        "inputs": {
            "xt": ["B", 3, "H", "W"], "z0": ["B", 3, "H", "W"], "y": ["B", 3, "H", "W"],
            "noise": ["B", 3, 3, "H", "W"], "t": [1], "sigma_y": [1],
            "quant_luma": [8, 8], "quant_chroma": [8, 8]
        },
        "output": {"x0": ["B", 3, "H", "W"]}, "training": {}, "scores": {},
        "graph_sha256": "", "weights": {"step.safetensors": {"bytes": 3, "sha256": "00"}}
    });
    change(&mut value);
    value.to_string()
}

/// The verdict on a manifest changed by `change`, whose graph is right.
fn verdict(change: impl Fn(&mut serde_json::Value)) -> Result<(), String> {
    let block = [Some(8), Some(8)];
    let needed = GraphSpec::new("jpeg", 1)
        .input("quant_luma", &block)
        .input("quant_chroma", &block);
    let mut inputs = sampler_inputs(3).to_vec();
    inputs.extend(needed.inputs.clone());
    let outputs = [TensorSpec::new("x0", &IMAGES)];
    let manifest = Manifest::parse(&text(change))?;
    manifest.check(&needed)?;
    manifest.check_graph(&needed, &inputs, &outputs)
}

#[test]
fn a_manifest_that_fits_is_accepted() {
    verdict(|_| {}).expect("nothing is wrong with it");
    verdict(|m| m["aggregation"] = "mean".into()).expect("a field that may be there");
    verdict(|m| m["single_step"] = true.into()).expect("another");
}

#[test]
fn each_field_that_does_not_fit_is_named() {
    let file = |name: &str| serde_json::json!({name: {"bytes": 3, "sha256": "00"}});
    let wrongs: [(&str, serde_json::Value); 20] = [
        ("schema", 1.into()),
        ("family", "blur".into()),
        ("scale", 2.into()),
        ("range", serde_json::json!([0, 1])),
        ("size_multiple", 0.into()),
        ("halo", 5000.into()),
        ("halo", u64::MAX.into()),
        ("weights", file("../other/step.safetensors")),
        ("weights", file("/etc/passwd")),
        ("weights", file("..")),
        ("weights", file("")),
        ("weights", file("a/")),
        ("iterations", 0.into()),
        ("levels", 500.into()),
        ("beta", serde_json::json!([1e-4, 0.03])),
        ("sigma_y", serde_json::json!([0.5, 0.1])),
        ("colour", "blue".into()),
        ("name", 3.into()),
        ("aggregation", "first".into()),
        ("single_step", 1.into()),
    ];
    for (field, value) in wrongs {
        let reason = verdict(|m| m[field] = value.clone())
            .expect_err(&format!("{field} = {value} must be refused"));
        let clue = match field {
            "name" => "string",
            "aggregation" => "`last` or `mean`",
            "single_step" => "boolean",
            _ => field,
        };
        assert!(reason.contains(clue), "{field}: {reason}");
    }
}

#[test]
fn each_missing_field_is_named() {
    let whole: serde_json::Value = serde_json::from_str(&text(|_| {})).expect("the text is JSON");
    for field in whole.as_object().expect("an object").keys() {
        let reason = verdict(|m| {
            m.as_object_mut().expect("an object").remove(field);
        })
        .expect_err(field);
        assert!(reason.contains(field.as_str()), "{field}: {reason}");
    }
}

#[test]
fn inputs_must_agree_with_the_graph() {
    let reason = verdict(|m| m["inputs"]["xt"][0] = 1.into()).expect_err("a fixed batch");
    assert!(reason.contains("`xt` is [1, 3, H, W]"), "{reason}");
    let reason = verdict(|m| {
        m["inputs"]["style"] = serde_json::json!([1]);
    })
    .expect_err("an input too many");
    assert!(reason.contains("`style`"), "{reason}");
    let reason = verdict(|m| {
        m["inputs"].as_object_mut().expect("an object").remove("t");
    })
    .expect_err("an input too few");
    assert!(reason.contains("`t`"), "{reason}");
}

/// The verdict on a step that leaves `t` and `quant_luma` to what prepares it, and takes `levels`
/// of that; `change` changes the manifest, `outputs` are the shapes of `levels` there.
fn prepared(
    change: impl Fn(&mut serde_json::Value),
    told: &[(&str, &[Option<usize>])],
    outputs: &[Option<usize>],
) -> Result<(), String> {
    let block = [Some(8), Some(8)];
    let needed = GraphSpec::new("jpeg", 1)
        .input("quant_luma", &block)
        .input("quant_chroma", &block);
    let mut inputs = sampler_inputs(3).to_vec();
    inputs.extend(needed.inputs.clone());
    inputs.retain(|i| !["t", "quant_luma"].contains(&&*i.name));
    inputs.push(TensorSpec::new("levels", &[Some(1), Some(7)]));
    let manifest = Manifest::parse(&text(|m| {
        let listed = m["inputs"].as_object_mut().expect("an object");
        listed.remove("t");
        listed.remove("quant_luma");
        m["inputs"]["levels"] = serde_json::json!([1, 7]);
        m["prepare"] = serde_json::json!({
            "bytes": 3, "sha256": "00", "inputs": {"t": [1], "quant_luma": [8, 8]},
            "outputs": {"levels": [1, 7]}
        });
        change(m);
    }))?;
    manifest.check(&needed)?;
    let answer = [TensorSpec::new("x0", &IMAGES)];
    manifest.check_graph(&needed, &inputs, &answer)?;
    let told: Vec<_> = told.iter().map(|(n, d)| TensorSpec::new(n, d)).collect();
    let levels = [TensorSpec::new("levels", outputs)];
    manifest.check_prepare(&needed, &inputs, &told, &levels)
}

#[test]
fn what_prepares_a_step_must_fit_it() {
    let told: [(&str, &[Option<usize>]); 2] =
        [("t", &[Some(1)]), ("quant_luma", &[Some(8), Some(8)])];
    let whole = [Some(1), Some(7)];
    prepared(|_| {}, &told, &whole).expect("nothing is wrong with it");
    for (reason, clue) in [
        (
            prepared(|_| {}, &told, &[Some(1), Some(6)]),
            "`levels` is [1, 6] where [1, 7] is needed",
        ),
        (
            prepared(|_| {}, &told, &[Some(1), None]),
            "`levels` is [1, any] where [1, 7] is needed",
        ),
        (
            prepared(|_| {}, &told[..1], &whole),
            "lists an input `quant_luma` that the graph does not have",
        ),
        (
            prepared(|_| {}, &[told[0], ("xt", &IMAGES)], &whole),
            "an input `xt` that this plugin does not know",
        ),
        (
            prepared(|_| {}, &[("t", &[Some(2)]), told[1]], &whole),
            "`t` is [2] where [1] is needed",
        ),
        (
            prepared(
                |m| m["prepare"]["outputs"]["levels"][1] = 6.into(),
                &told,
                &whole,
            ),
            "`levels` is [1, 7] where [1, 6] is needed",
        ),
        (
            prepared(
                |m| m["prepare"]["outputs"]["more"] = serde_json::json!([1]),
                &told,
                &whole,
            ),
            "has no input `more`",
        ),
        (
            prepared(
                |m| m["prepare"]["inputs"] = serde_json::json!({"t": [1]}),
                &told,
                &whole,
            ),
            "has no input `quant_luma`",
        ),
        (
            prepared(|m| m["prepare"]["style"] = 1.into(), &told, &whole),
            "unknown field `style`",
        ),
    ] {
        let reason = reason.expect_err(clue);
        assert!(reason.contains(clue), "{clue}: {reason}");
    }
}

// SPDX-License-Identifier: MPL-2.0
//! What was found, as one object for programs.

use std::path::Path;

use serde_json::{Value, json};

use super::Seen;
use super::advice::way;
use super::findings::{is_blurred, was_jpeg};
use super::said::total;
use super::speed::Speed;
use super::spread::rounded;

/// One object for programs.
pub fn object(seen: &Seen, input: &Path) -> Value {
    let summary = &seen.summary;
    let fps = seen.source.fps;
    let advice = seen.advice.as_ref();
    let names: Vec<_> = seen.findings.iter().map(|finding| finding.name()).collect();
    let bars = &summary.bars;
    json!({
        "event": "inspect",
        "in": input.to_string_lossy(),
        "width": summary.size.0,
        "height": summary.size.1,
        "frames": seen.source.frames,
        "fps": (fps.numer() > 0).then(|| rounded(f64::from(fps.numer()) / f64::from(fps.denom()))),
        "coded": seen.coded.words,
        "looked-at": summary.numbers,
        "noise": {
            "sigma": summary.noise.json(),
            "luma": summary.luma.json(),
            "chroma": summary.chroma.json(),
            "correlation": summary.correlation.json(),
        },
        "jpeg": jpeg_json(seen),
        "blocks": {
            "strength": summary.grid.json(),
            "x": summary.grid_place.0,
            "y": summary.grid_place.1,
        },
        "fields": {"told": summary.has_fields, "teeth": summary.combed.json()},
        "bars": {
            "top": bars.top, "bottom": bars.bottom, "left": bars.left, "right": bars.right,
        },
        "clipped": {"black": summary.black.json(), "white": summary.white.json()},
        "blur": blur_json(seen),
        "findings": names,
        "task": advice.and_then(|advice| advice.task),
        "before": advice.and_then(|advice| advice.before.clone()),
        "restore": advice.and_then(|advice| advice.restore.clone()),
        "pipeline": advice.and_then(|advice| advice.pipeline.clone()),
        "speed": seen.speeds.iter().map(|speed| speed_json(seen, speed)).collect::<Vec<_>>(),
        "unmeasured": seen.unmeasured,
    })
}

fn jpeg_json(seen: &Seen) -> Value {
    let (summary, header) = (&seen.summary, seen.coded.header);
    json!({
        "found": was_jpeg(summary, &seen.coded),
        "quality": summary.quality.json(),
        "chroma-quality": summary.chroma_quality.json(),
        "fit": summary.fit.json(),
        "last-quality": summary.last_quality,
        "subsampling": way(summary.subsampling),
        "header-quality": header.map(|header| header.luma),
        "header-chroma-quality": header.map(|header| header.chroma),
    })
}

fn blur_json(seen: &Seen) -> Value {
    let Some(blur) = &seen.blur else {
        return Value::Null;
    };
    let described = blur.described(Path::new(""));
    let mut value = json!({
        "found": is_blurred(blur),
        "kind": described.kind,
        "width": blur.width.json(),
        "confidence": blur.confidence.json(),
        "residual": rounded(blur.found.residual),
        "cost": blur.cost.json(),
    });
    if let Value::Object(value) = &mut value {
        value.extend(described.numbers);
    }
    value
}

fn speed_json(seen: &Seen, speed: &Speed) -> Value {
    json!({
        "provider": speed.provider,
        "seconds-per-frame": rounded(speed.frame),
        "seconds": total(seen, speed).map(rounded),
        "measured-width": speed.size.0,
        "measured-height": speed.size.1,
    })
}

// SPDX-License-Identifier: MPL-2.0
//! `docs/messages.md`, from the constants by which the element sets its fields.

use gstud2m::ud2mrestore::messages::fields::Field;
use gstud2m::ud2mrestore::messages::{FULL_QUALITY, LOAD_MODEL, meta, stats};

use crate::{assert_current, wrapped};

#[test]
fn messages_are_documented() {
    assert_current("docs/messages.md", &document());
}

fn table(fields: &[Field]) -> String {
    let mut out = "| field | type | unit | meaning |\n| --- | --- | --- | --- |\n".to_owned();
    for field in fields {
        let unit = if field.unit.is_empty() {
            "–"
        } else {
            field.unit
        };
        let (name, kind) = (field.name, (field.type_)().name());
        out += &format!("| `{name}` | `{kind}` | {unit} | {} |\n", field.meaning);
    }
    out
}

fn document() -> String {
    let (stats_name, meta_name) = (stats::NAME, meta::NAME);
    let mut out = "# Messages\n\nWhat applications are told of frames.\n".to_owned();
    out += "\n## Statistics\n\n";
    out += &wrapped(
        "",
        "",
        &format!(
            "The property `stats` is a `GstStructure` of the name `{stats_name}`. The same \
             structure comes as an element message every `stats-interval` milliseconds of the wall \
             clock, and at the end of the stream. Means are over the restored frames; from \
             `residual` on, fields tell of the last one."
        ),
    );
    out += "\n";
    out += &table(stats::FIELDS);
    out += "\n## The meta of a buffer\n\n";
    out += &wrapped(
        "",
        "",
        &format!(
            "Every buffer that leaves carries a custom meta, `{meta_name}`, whose structure says \
             how its frame was made. It stays with copies, and with frames that other elements \
             scale or convert. Of two restorers the last one writes it. For a frame that was not \
             restored, numbers are 0."
        ),
    );
    out += "\n";
    out += &table(meta::FIELDS);
    out += "\n## Messages on the bus\n\n";
    for line in [
        format!("`ELEMENT`, `{stats_name}`: the statistics, as above."),
        format!(
            "`QOS`: a late frame. Jitter is in nanoseconds. Quality is the share of the steps that \
             are taken, in millionths ({FULL_QUALITY} for all, 0 for a frame that is dropped or \
             left unrestored)."
        ),
        format!(
            "`PROGRESS`, `{LOAD_MODEL}`: a model begins to load, is loaded, or was not loaded. \
             Loading takes seconds."
        ),
        "`LATENCY`: a frame takes longer than before. GStreamer asks for the latency again."
            .to_owned(),
        "`WARNING`: another provider than the best one runs the network (`LIBRARY`), memory ran \
         out and tiles are smaller from here on (`RESOURCE`), or the model has no valid answer and \
         frames leave unrestored (`STREAM`). Settings and files are told once from a start to the \
         next (`RESOURCE`): a property without effect, a mask or kernel that is hardly meant as it \
         is, a change that waits for the next start, and settings that cannot be used while frames \
         flow. Then the last good ones stay in force, and a file that was not there yet is used \
         once it is."
            .to_owned(),
        "`ERROR`: one sentence that says what is wrong and what to do. `RESOURCE` is about \
         settings, files, models and memory, `LIBRARY` about ONNX Runtime and providers, `STREAM` \
         about frames, `CORE` about caps."
            .to_owned(),
    ] {
        out += &wrapped("- ", "  ", &line);
    }
    out
}

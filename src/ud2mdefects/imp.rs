// SPDX-License-Identifier: MPL-2.0
//! The element itself: what GObject and GStreamer know of it, and its locks.

/**
 * SECTION:element-ud2mdefects
 * @see_also: ud2mrestore, alphacombine, deinterlace
 *
 * Finds the defects of films and makes them transparent, so that #ud2mrestore fills them in. Dust,
 * dirt and dropouts are what one frame shows and neither neighbour does, moved to where the scene
 * is. Scratches are thin vertical lines that do not move with the scene.
 *
 * A frame leaves when the next one has come; the latency query tells it. Nothing is found across a
 * cut by what belongs to another scene. Frames have alpha on both pads: videoconvert before the
 * element adds it.
 *
 * ## Restore a film
 *
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=3 pattern=ball ! video/x-raw,width=160,height=120 \
 *   ! videoconvert ! ud2mdefects ! ud2mrestore task=inpaint mask-source=alpha steps=1 \
 *   ! videoconvert ! pngenc ! multifilesink location=/tmp/film-%d.png
 * ]| Fills in what is found. Frames without defects leave as they came.
 *
 * ## Look at the masks
 *
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=3 ! video/x-raw,width=160,height=120 ! videoconvert \
 *   ! ud2mdefects output=mask ! videoconvert ! pngenc \
 *   ! multifilesink location=/tmp/film-mask-%d.png
 * ]| Shows what would be filled in, as black on white.
 *
 * Since: 0.2.0
 */
use std::sync::LazyLock;

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use parking_lot::Mutex;

use super::frame;
use super::settings::{SPECS, Settings};
use super::transform::State;

pub static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new(
        "ud2mdefects",
        gst::DebugColorFlags::empty(),
        Some("Finds the defects of films"),
    )
});

/// What any thread may ask for.
#[derive(Default)]
pub struct Told {
    /// Share of the last frame that is marked.
    pub share: f64,
    /// From a frame to the next.
    pub latency: gst::ClockTime,
    /// Caps that were refused, whose reason has been posted.
    pub refused: Option<gst::Caps>,
}

/// Its locks are taken in the order of the fields, if several are.
#[derive(Default)]
pub struct Ud2mDefects {
    /// The streaming thread's, for a whole frame: properties and queries never take it.
    pub(super) state: Mutex<Option<State>>,
    /// Any thread's, for instants.
    pub(super) settings: Mutex<Settings>,
    /// Any thread's, for instants.
    pub(super) told: Mutex<Told>,
}

#[glib::object_subclass]
impl ObjectSubclass for Ud2mDefects {
    const NAME: &'static str = "GstUd2mDefects";
    type Type = super::Ud2mDefects;
    type ParentType = gst_base::BaseTransform;
}

impl ObjectImpl for Ud2mDefects {
    fn properties() -> &'static [glib::ParamSpec] {
        &SPECS
    }

    fn set_property(&self, _id: usize, value: &glib::Value, pspec: &glib::ParamSpec) {
        self.settings.lock().set(pspec.name(), value);
        gst::info!(CAT, imp = self, "{} is now {value:?}", pspec.name());
    }

    fn property(&self, _id: usize, pspec: &glib::ParamSpec) -> glib::Value {
        match pspec.name() {
            "marked-share" => self.told.lock().share.to_value(),
            name => self.settings.lock().get(name),
        }
    }
}

impl GstObjectImpl for Ud2mDefects {}

impl ElementImpl for Ud2mDefects {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "UD2M film defects",
                "Filter/Effect/Video",
                "Makes dust, dropouts and scratches of films transparent, to be filled in",
                "The gst-plugin-ud2m authors",
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            [
                ("sink", gst::PadDirection::Sink),
                ("src", gst::PadDirection::Src),
            ]
            .into_iter()
            .filter_map(|(name, direction)| {
                let presence = gst::PadPresence::Always;
                gst::PadTemplate::new(name, direction, presence, &frame::template()).ok()
            })
            .collect()
        });
        &TEMPLATES
    }
}

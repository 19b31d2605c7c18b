// SPDX-License-Identifier: MPL-2.0
//! The properties of the element, and their values.

use std::sync::LazyLock;

use gst::glib;
use gst::prelude::*;

use crate::defects;

/// What leaves the element.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstUd2mDefectsOutput")]
#[repr(i32)]
pub enum Output {
    #[default]
    #[enum_value(name = "The frame, transparent where it has defects", nick = "frame")]
    Frame,
    #[enum_value(
        name = "A mask: white where the frame is sound, black where it has defects",
        nick = "mask"
    )]
    Mask,
}

/// The values of all properties that can be set.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Settings {
    pub find: defects::Settings,
    pub output: Output,
}

/// All properties of the element. `marked-share` is read only, and the element answers for it.
pub static SPECS: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
    let find = defects::Settings::default();
    vec![
        glib::ParamSpecDouble::builder("sensitivity")
            .nick("Sensitivity")
            .blurb(
                "From 0, which marks only what is plain, to 1, which marks what hardly stands out",
            )
            .minimum(0.0)
            .maximum(1.0)
            .default_value(find.sensitivity.into())
            .controllable()
            .mutable_playing()
            .build(),
        glib::ParamSpecBoolean::builder("dust")
            .nick("Dust")
            .blurb("Whether dust, dirt and dropouts are marked, which one frame shows alone")
            .default_value(find.dust)
            .mutable_playing()
            .build(),
        glib::ParamSpecBoolean::builder("scratches")
            .nick("Scratches")
            .blurb("Whether thin vertical lines are marked that do not move with the scene")
            .default_value(find.scratches)
            .mutable_playing()
            .build(),
        glib::ParamSpecUInt::builder("grow")
            .nick("Grow")
            .blurb("Pixels by which marks grow in all directions, over soft edges")
            .maximum(16)
            .default_value(find.grow as u32)
            .mutable_playing()
            .build(),
        glib::ParamSpecBoolean::builder("replace")
            .nick("Replace")
            .blurb(
                "Whether defects are replaced by what the frames before and after show, where \
                 these show it; the rest is made transparent",
            )
            .default_value(find.replace)
            .mutable_playing()
            .build(),
        glib::ParamSpecEnum::builder_with_default("output", Output::default())
            .nick("Output")
            .blurb("What leaves the element: the frame or its mask")
            .mutable_playing()
            .build(),
        glib::ParamSpecDouble::builder("marked-share")
            .nick("Marked share")
            .blurb("Share of the last frame that left, 0 to 1, that is marked")
            .minimum(0.0)
            .maximum(1.0)
            .read_only()
            .build(),
    ]
});

impl Settings {
    /// Sets the property `name`. GObject has checked the value's type and range.
    pub fn set(&mut self, name: &str, value: &glib::Value) {
        match name {
            "sensitivity" => self.find.sensitivity = checked::<f64>(value) as f32,
            "dust" => self.find.dust = checked(value),
            "scratches" => self.find.scratches = checked(value),
            "grow" => self.find.grow = checked::<u32>(value) as usize,
            "replace" => self.find.replace = checked(value),
            "output" => self.output = checked(value),
            _ => unimplemented!("property {name}"),
        }
    }

    /// The value of the property `name`.
    pub fn get(&self, name: &str) -> glib::Value {
        match name {
            "sensitivity" => f64::from(self.find.sensitivity).to_value(),
            "dust" => self.find.dust.to_value(),
            "scratches" => self.find.scratches.to_value(),
            "grow" => (self.find.grow as u32).to_value(),
            "replace" => self.find.replace.to_value(),
            "output" => self.output.to_value(),
            _ => unimplemented!("property {name}"),
        }
    }
}

fn checked<'a, T: glib::value::FromValue<'a>>(value: &'a glib::Value) -> T {
    // GObject converts a value to the property's type, or refuses it, before this is called.
    value
        .get()
        .unwrap_or_else(|_| unreachable!("a value of another type"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_property_has_the_announced_default_and_keeps_what_is_set() {
        gst::init().expect("GStreamer starts");
        let mut settings = Settings::default();
        for spec in SPECS.iter().filter(|s| s.name() != "marked-share") {
            let value = settings.get(spec.name());
            let (announced, held) = (format!("{:?}", spec.default_value()), format!("{value:?}"));
            assert_eq!(announced, held, "{}", spec.name());
            settings.set(spec.name(), &value);
        }
        assert_eq!(settings, Settings::default());
    }
}

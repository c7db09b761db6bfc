//! One word per member: the macro that turns a section's list of modules into its config type.

use serde_json::{Value, json};

/// Lets the choice at `place` of a schema take `custom`, as a checkpoint names what was written in Rust by
/// its name and options: its `Config` then says what to do. It is not among the choices that messages list.
pub(crate) fn admit_custom(schema: &mut Value, place: &str) {
    let options = json!({
        "type": "object",
        "properties": { "name": { "type": "string" }, "options": true },
        "required": ["name"],
    });
    if let Some(choices) = schema.pointer_mut(place).and_then(Value::as_array_mut) {
        choices.push(json!({ "type": "object", "properties": { "custom": options }, "hidden": true }));
    }
}

/// Declares a section's choices.
///
/// Each word is at once the module, the enum variant, the key in the file and the heading in the
/// reference, so `[optimizer.adam]` is read by `src/optimizer/adam.rs`. The module must hold a
/// `Config` that implements the section's trait.
///
/// The enum is tagged externally on purpose: internal tagging buffers the value and loses the line
/// of an error, and would let unknown keys through.
///
/// A word after `;` is a choice that Rust code alone can make: its `Config` has a name of its own.
macro_rules! registry {
    ($(#[$meta:meta])* $Name:ident: $Trait:ident { $($member:ident),+ $(; $in_rust:ident)? $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[expect(non_camel_case_types, reason = "the variant is the key in the file and the module's name")]
        pub enum $Name {
            $(
                #[doc = concat!("See [`", stringify!($member), "`](mod@", stringify!($member), ").")]
                #[schemars(description = "")]
                $member($member::Config),
            )+
            $(
                #[doc = concat!("See [`", stringify!($in_rust), "`](mod@", stringify!($in_rust), ").")]
                #[schemars(skip)]
                $in_rust($in_rust::Config),
            )?
        }

        impl $Name {
            /// The keys, in the order of the reference.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($member)),+];

            /// The key of this choice.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$member(_) => stringify!($member),)+
                    $(Self::$in_rust(config) => config.name(),)?
                }
            }

            /// The chosen member behind its section's trait.
            #[must_use]
            pub fn member(&self) -> &dyn $Trait {
                match self {
                    $(Self::$member(config) => config,)+
                    $(Self::$in_rust(config) => config,)?
                }
            }
        }
    };
}
pub(crate) use registry;

// What a person sees of a mail's text, as lines: without comments, hidden elements and text that
// was quoted from another mail. Reads only.
#pragma once

#include <string>
#include <string_view>

namespace cabroker::transport {

/// The text of an HTML part: blocks and rows end lines. Left out are comments, scripts, styles,
/// everything hidden by attribute, inline style or a style sheet of the mail (also where it is
/// hidden in some media only), text in the colour of its ground, and quotations. Markup that
/// cannot be read, or above 2 MiB: empty.
[[nodiscard]] std::string visible_text(std::string_view html);

/// The text of a plain part without quoted lines (`>`) and without all that follows a line that
/// introduces an older mail.
[[nodiscard]] std::string own_words(std::string_view plain);

}  // namespace cabroker::transport

// A value in a query, read as one that a source reports: `80`, `30 m3/h`, `true`, `open`.
#pragma once

#include <string_view>
#include <variant>

#include "schema/model/model.h"
#include "server/http/message.h"

namespace pollux::server {

/// `text` is in the attribute's own unit unless it names one. `quality`: `good`, `uncertain` or `bad`, empty
/// for good; a bad value needs no text. The reply is the refusal: 422.
std::variant<schema::Value, Reply> parse_given_value(const schema::Model& model,
                                                     const schema::Attribute& attribute,
                                                     std::string_view text, std::string_view quality);

}  // namespace pollux::server

// Decodes the body of POST /v1/requests and /v1/route-preview; every problem at once.
#pragma once

#include <boost/json/fwd.hpp>
#include <optional>
#include <string>

#include "daemon/api/order_fields.hpp"
#include "domain/request.hpp"
#include "json/reader.hpp"

namespace cabroker::api {

/// Which order is meant: one of the inventory by one of its names, or one described inline.
struct OrderChoice {
    enum class By { id, supplier_order_id, platform_order_id, common_name, description };
    By by = By::id;
    std::string name;
    OrderDraft description;
};

struct NewRequest {
    domain::Kind kind = domain::Kind::status;
    OrderChoice order;
    /// The CSR in it is as given, not checked yet.
    domain::Params params;
    std::optional<domain::ExternalRef> external_ref;
    domain::Labels labels;
    std::optional<std::string> note;
    bool dry_run = false;
    bool allow_duplicate = false;
    /// Only in a preview: decide as if it were then.
    std::optional<domain::Time> at;

    /// The CSR of a reissue, or nullptr.
    [[nodiscard]] std::string* csr();
};

/// Fills a new `request` in, which is too large to be handed around. `preview`: params may be left
/// out, `at` is known. Look at `problems` before using it.
void decode_request(const boost::json::value& document, bool preview,
                    const config::BrandCatalogue& brands, json::Problems& problems,
                    NewRequest& request);

/// The member `order`; fills a new `choice` in.
void decode_order_choice(const boost::json::value& member, const config::BrandCatalogue& brands,
                         json::Problems& problems, OrderChoice& choice);

/// `{system, id}`; nullopt when absent or wrong.
[[nodiscard]] std::optional<domain::ExternalRef> decode_external_ref(json::ObjectReader& reader,
                                                                     json::Problems& problems);

inline constexpr std::size_t kMaxNote = 4096;
inline constexpr std::size_t kMaxReason = 1024;

}  // namespace cabroker::api

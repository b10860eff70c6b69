#include <boost/json.hpp>

#include "cli/story.hpp"
#include "cli/view.hpp"

namespace cabroker::cli {

const View& request_view() {
    static const View view{
        {{"ID", "/id"},
         {"KIND", "/kind"},
         {"COMMON NAME", "/order/common_name"},
         {"BRAND", "/order/brand"},
         {"STATE", "/state", Cell::state},
         {"NEXT", "/next_actor"},
         {"NEEDS", "/needs/0/name"},
         {"OUTCOME", "/outcome/code"},
         {"AGE", "/created_at", Cell::time, Where::table_only},
         {"REF", "/external_ref/id"},
         {"REF SYSTEM", "/external_ref/system", Cell::text, Where::wide_only},
         {"ORDER", "/order/id", Cell::text, Where::wide_only},
         {"SUPPLIER ORDER ID", "/order/supplier_order_id", Cell::text, Where::wide_only},
         {"ADAPTER", "/adapter", Cell::text, Where::wide_only},
         {"STEP", "/step", Cell::text, Where::wide_only},
         {"BY", "/created_by/name", Cell::text, Where::wide_only},
         {"LABELS", "/labels", Cell::pairs, Where::wide_only},
         {"CREATED AT", "/created_at", Cell::time, Where::wide_only},
         {"UPDATED AT", "/updated_at", Cell::time, Where::wide_only},
         {"SETTLED AT", "/settled_at", Cell::time, Where::wide_only}},
        "/id",
        request_story};
    return view;
}

const View& order_view() {
    static const View view{{{"ID", "/id"},
                            {"COMMON NAME", "/common_name"},
                            {"BRAND", "/brand"},
                            {"SUPPLIER ORDER ID", "/supplier_order_id"},
                            {"PLATFORM ORDER ID", "/platform_order_id"},
                            {"STATUS", "/status", Cell::state},
                            {"EXPIRES", "/expires_at", Cell::time, Where::table_only},
                            {"PRODUCT", "/product", Cell::text, Where::wide_only},
                            {"SUPPLIER", "/supplier", Cell::text, Where::wide_only},
                            {"STATUS RAW", "/status_raw", Cell::text, Where::wide_only},
                            {"STATUS AT", "/status_at", Cell::time, Where::wide_only},
                            {"DNS NAMES", "/dns_names", Cell::list, Where::wide_only},
                            {"ADMIN EMAIL", "/admin_email", Cell::text, Where::wide_only},
                            {"LOGIN EMAIL", "/login_email", Cell::text, Where::wide_only},
                            {"ACCOUNT", "/account", Cell::text, Where::wide_only},
                            {"ISSUED AT", "/issued_at", Cell::time, Where::wide_only},
                            {"EXPIRES AT", "/expires_at", Cell::time, Where::wide_only},
                            {"LABELS", "/labels", Cell::pairs, Where::wide_only}},
                           "/id",
                           nullptr};
    return view;
}

const View& adapter_view() {
    static const View view{{{"NAME", "/name"},
                            {"TYPE", "/type"},
                            {"STATE", "/state", Cell::state},
                            {"CHANNEL", "/channel"},
                            {"PAUSED", "/paused"},
                            {"IN FLIGHT", "/in_flight"},
                            {"DETAIL", "/detail", Cell::cut_text}},
                           "/name",
                           nullptr};
    return view;
}

const View& message_view() {
    static const View view{{{"ID", "/id"},
                            {"AT", "/at", Cell::time},
                            {"DIR", "/direction"},
                            {"STATUS", "/status", Cell::state},
                            {"CLASS", "/class"},
                            {"FROM", "/from"},
                            {"TO", "/to", Cell::list},
                            {"SUBJECT", "/subject", Cell::cut_text},
                            {"SIZE", "/size", Cell::text, Where::wide_only},
                            {"MESSAGE ID", "/message_id", Cell::text, Where::wide_only},
                            {"SMTP REPLY", "/smtp_reply", Cell::text, Where::wide_only}},
                           "/id",
                           nullptr};
    return view;
}

const View& artifact_view() {
    static const View view{{{"ID", "/id"},
                            {"NAME", "/name"},
                            {"FORMAT", "/format"},
                            {"SIZE", "/size"},
                            {"CREATED", "/created_at", Cell::time},
                            {"CONTENT TYPE", "/content_type", Cell::text, Where::wide_only},
                            {"SHA256", "/sha256", Cell::text, Where::wide_only}},
                           "/id",
                           nullptr};
    return view;
}

const View& timeline_view() {
    static const View view{{{"AT", "/at", Cell::time},
                            {"TYPE", "/type"},
                            {"BY", "/actor/name"},
                            {"STATE", "/state", Cell::state},
                            {"TEXT", "/text"},
                            {"SEQ", "/seq", Cell::text, Where::wide_only},
                            {"ACTOR", "/actor/kind", Cell::text, Where::wide_only},
                            {"DETAILS", "/details", Cell::pairs, Where::wide_only}},
                           "/seq",
                           nullptr};
    return view;
}

const View& event_view() {
    static const View view{{{"SEQ", "/seq"},
                            {"AT", "/at", Cell::time},
                            {"TYPE", "/type"},
                            {"REQUEST", "/request_id"},
                            {"ORDER", "/order_id"},
                            {"STATE", "/data/state", Cell::state},
                            {"ID", "/id", Cell::text, Where::wide_only},
                            {"DATA", "/data", Cell::pairs, Where::wide_only}},
                           "/id",
                           nullptr};
    return view;
}

const View& route_view() {
    static const View view{{{"NAME", "/name"},
                            {"BRANDS", "/match/brand", Cell::list},
                            {"KINDS", "/match/kind", Cell::list},
                            {"ADAPTER", "/adapter"},
                            {"CHANNEL", "/channel"},
                            {"VALID FROM", "/valid_from"},
                            {"VALID UNTIL", "/valid_until"}},
                           "/name",
                           nullptr};
    return view;
}

const View& preview_view() {
    static const View view{{{"DECISION", "/decision", Cell::state},
                            {"ADAPTER", "/adapter"},
                            {"CHANNEL", "/channel"},
                            {"OUTCOME", "/outcome/code"},
                            {"NEEDS", "/needs", Cell::list}},
                           "/decision",
                           preview_story};
    return view;
}

const View& csr_view() {
    static const View view{{{"OK", "/ok"},
                            {"COMMON NAME", "/common_name"},
                            {"DNS NAMES", "/dns_names", Cell::list},
                            {"KEY", "/key/type"},
                            {"BITS", "/key/bits"},
                            {"CURVE", "/key/curve"},
                            {"SPKI SHA256", "/key/spki_sha256"},
                            {"SIGNATURE", "/signature_algorithm"}},
                           "/common_name",
                           csr_story};
    return view;
}

const View& import_view() {
    static const View view{{{"DRY RUN", "/dry_run"},
                            {"ROWS", "/rows"},
                            {"CREATED", "/created"},
                            {"UPDATED", "/updated"},
                            {"UNCHANGED", "/unchanged"},
                            {"REJECTED", "/rejected"}},
                           "/rows",
                           import_story};
    return view;
}

const View& plain_view() {
    static const View view{};
    return view;
}

}  // namespace cabroker::cli

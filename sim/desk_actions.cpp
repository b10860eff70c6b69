// What a login can do to an order at the Certificate Desk, each in two steps or with a check box.
#include <algorithm>
#include <array>

#include "sim/desk_portal.hpp"

namespace cabroker::sim {
namespace {

constexpr std::size_t kLongestText = 1000;
constexpr const char* kReissue = "Neuausstellung";
constexpr const char* kRevoke = "Widerruf";
constexpr const char* kCancel = "Rücknahme";
constexpr const char* kConfirm = "Bitte bestätigen Sie Ihre Angaben.";

bool about_the_form(Refusal refusal) { return refusal >= Refusal::reason_missing; }

bool known_reason(const std::string& reason) {
    constexpr std::array<std::string_view, 6> kReasons = {
        "",        "keine_angabe",       "schluessel_kompromittiert", "angaben_geaendert",
        "ersetzt", "betrieb_eingestellt"};
    return std::find(kReasons.begin(), kReasons.end(), reason) != kReasons.end();
}

std::string remark_of(const Fields& form, const char* name) {
    return as_utf8(trimmed(field(form, name)).substr(0, kLongestText));
}

}  // namespace

HttpReply DeskPortal::form(Visit& visit, std::string_view name, const std::string& heading,
                           const std::string& error) {
    PageData data;
    data.text("number", visit.order->facts.supplier_order_id);
    data.text("name", visit.order->facts.common_name).text("handle", handle_of(*visit.order));
    data.text("remark", remark_of(visit.form, name == "revoke" ? "begruendung" : "bemerkung"));
    for (const Certificate& certificate : visit.order->certificates) {
        Fields row;
        row["certificate_serial"] = desk_serial(certificate.serial);
        data.row("certificates", std::move(row));
    }
    Frame frame;
    frame.title = heading;
    frame.heading = heading;
    frame.error = error;
    return page(visit, name, std::move(data), std::move(frame));
}

HttpReply DeskPortal::confirm_form(Visit& visit, const std::string& number, const Draft& draft,
                                   const std::string& error) {
    PageData data;
    data.text("number", visit.order->facts.supplier_order_id);
    data.text("name", visit.order->facts.common_name).text("handle", handle_of(*visit.order));
    data.text("draft", number).text("step", draft.revoke ? "widerruf" : "neu");
    data.text("remark", draft.revoke ? draft.reason : draft.form.reason);
    if (!draft.revoke) data.text("method", desk_method(draft.form.method));
    if (draft.revoke) {
        data.text("extent",
                  draft.serial.empty() ? "Auftrag" : "Zertifikat " + desk_serial(draft.serial));
    }
    Frame frame;
    frame.title = draft.revoke ? "Widerruf bestätigen" : "Angaben prüfen";
    frame.heading = frame.title;
    frame.error = error;
    return page(visit, "confirm", std::move(data), std::move(frame));
}

/// The form again, or a page of its own for what the order's state forbids.
HttpReply DeskPortal::refusal(Visit& visit, Refusal refusal, std::string_view form_name,
                              const std::string& heading) {
    const std::string text = desk_refusal(refusal, visit.order->status);
    if (about_the_form(refusal)) return form(visit, form_name, heading, text);
    return banner(visit, refusal == Refusal::revoke_disabled ? 403 : 409, text);
}

HttpReply DeskPortal::done(Visit& visit, const std::string& text) {
    visit.session->done = text;
    return redirect(302, "/zs/vorgang/" + handle_of(*visit.order));
}

HttpReply DeskPortal::reissue_page(Visit& visit) {
    if (const auto why = world_.may_reissue(*visit.order)) {
        return refusal(visit, *why, "reissue", kReissue);
    }
    return form(visit, "reissue", kReissue, "");
}

HttpReply DeskPortal::reissue_submit(Visit& visit) {
    Draft draft;
    draft.order_id = visit.order->facts.supplier_order_id;
    draft.form.csr = field(visit.form, "csrdatei");
    draft.form.method = desk_method_of(field(visit.form, "verfahren"));
    draft.form.reason = remark_of(visit.form, "bemerkung");
    draft.form.via = "desk_portal";
    if (const auto why = world_.check_reissue(*visit.order, draft.form)) {
        ++visit.order->books.refusals;
        return refusal(visit, *why, "reissue", kReissue);
    }
    const std::string number = sessions_.keep(*visit.session, draft);
    return confirm_form(visit, number, draft, "");
}

HttpReply DeskPortal::reissue_confirm(Visit& visit) {
    const std::string& number = field(visit.form, "entwurf");
    Draft* draft = sessions_.draft(*visit.session, number, visit.order->facts.supplier_order_id);
    if (draft == nullptr || draft->revoke) {
        return banner(visit, 409, "Dieser Entwurf gilt nicht mehr.");
    }
    if (field(visit.form, "bestaetigt") != "ja") {
        return confirm_form(visit, number, *draft, kConfirm);
    }
    const ReissueForm asked = draft->form;
    visit.session->drafts.erase(number);
    if (const auto why = world_.submit_reissue(*visit.order, asked)) {
        return refusal(visit, *why, "reissue", kReissue);
    }
    return done(visit, "Die Neuausstellung ist beantragt.");
}

HttpReply DeskPortal::revoke_page(Visit& visit) {
    if (const auto why = world_.may_revoke(*visit.order)) {
        return refusal(visit, *why, "revoke", kRevoke);
    }
    return form(visit, "revoke", kRevoke, "");
}

HttpReply DeskPortal::revoke_submit(Visit& visit) {
    Order& order = *visit.order;
    if (const auto why = world_.may_revoke(order)) return refusal(visit, *why, "revoke", kRevoke);
    const std::string& extent = field(visit.form, "umfang");
    Draft draft;
    draft.revoke = true;
    draft.order_id = order.facts.supplier_order_id;
    draft.reason = remark_of(visit.form, "begruendung");
    if (extent != "auftrag" && extent != "zertifikat") {
        return form(visit, "revoke", kRevoke, "Bitte wählen Sie den Umfang.");
    }
    if (extent == "zertifikat") {
        draft.serial = serial_of_desk(field(visit.form, "zertifikat"));
        const Certificate* certificate = order.find_certificate(draft.serial);
        if (certificate == nullptr) {
            return form(visit, "revoke", kRevoke, "Bitte wählen Sie ein Zertifikat.");
        }
        if (const auto why = world_.may_revoke(order, certificate)) {
            return refusal(visit, *why, "revoke", kRevoke);
        }
    }
    if (draft.reason.empty() || !known_reason(field(visit.form, "grund"))) {
        return refusal(visit, Refusal::reason_missing, "revoke", kRevoke);
    }
    const std::string number = sessions_.keep(*visit.session, draft);
    return confirm_form(visit, number, draft, "");
}

HttpReply DeskPortal::revoke_confirm(Visit& visit) {
    Order& order = *visit.order;
    const std::string& number = field(visit.form, "entwurf");
    Draft* found = sessions_.draft(*visit.session, number, order.facts.supplier_order_id);
    if (found == nullptr || !found->revoke) {
        return banner(visit, 409, "Dieser Entwurf gilt nicht mehr.");
    }
    if (field(visit.form, "bestaetigt") != "ja") {
        return confirm_form(visit, number, *found, kConfirm);
    }
    const Draft draft = *found;
    visit.session->drafts.erase(number);
    const auto why = draft.serial.empty()
                         ? world_.revoke(order, draft.reason, "desk_portal")
                         : world_.revoke_certificate(order, order.find_certificate(draft.serial),
                                                     draft.reason, "desk_portal");
    if (why) return refusal(visit, *why, "revoke", kRevoke);
    return done(visit, draft.serial.empty() ? "Der Auftrag ist widerrufen."
                                            : "Das Zertifikat ist widerrufen.");
}

HttpReply DeskPortal::cancel_page(Visit& visit) {
    if (visit.order->pending_reissue() == nullptr) {
        return refusal(visit, Refusal::nothing_pending, "cancel", kCancel);
    }
    return form(visit, "cancel", kCancel, "");
}

HttpReply DeskPortal::cancel_submit(Visit& visit) {
    if (field(visit.form, "bestaetigt") != "ja") return form(visit, "cancel", kCancel, kConfirm);
    const auto why =
        world_.cancel_reissue(*visit.order, remark_of(visit.form, "bemerkung"), "desk_portal");
    if (why) return refusal(visit, *why, "cancel", kCancel);
    return done(visit, "Die Neuausstellung ist zurückgenommen.");
}

}  // namespace cabroker::sim

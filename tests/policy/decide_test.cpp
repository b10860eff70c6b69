#include "policy/decide.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/policy/settings_for_tests.hpp"

namespace cabroker::policy {
namespace {

using domain::Brand;
using domain::Kind;
using domain::OrderStatus;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const char* const kNow = "2026-11-22T08:00:00Z";

domain::Params params_of(Kind kind) {
    switch (kind) {
        case Kind::status:
            return domain::StatusParams{};
        case Kind::reissue: {
            domain::ReissueParams reissue;
            reissue.csr = "-----BEGIN CERTIFICATE REQUEST-----";
            return reissue;
        }
        case Kind::revoke: {
            domain::RevokeParams revoke;
            revoke.reason = "moved";
            return revoke;
        }
        case Kind::cancel:
            return domain::CancelParams{};
        case Kind::download:
            return domain::DownloadParams{};
        case Kind::transfer:
            return domain::TransferParams{};
    }
    return domain::StatusParams{};
}

class DecideTest : public ::testing::Test {
  protected:
    DecideTest() : settings_(settings_with(std::string(kPortal) + kTickets + kHuman)) {}

    [[nodiscard]] Decision of(const domain::Order& order, const domain::Params& params,
                              const pki::CsrFacts* csr = nullptr) const {
        const DecisionInput input{order, params, csr, at(kNow), *settings_, std::nullopt};
        return decide(input);
    }
    [[nodiscard]] std::string code(const domain::Order& order, const domain::Params& params,
                                   const pki::CsrFacts* csr = nullptr) const {
        const Decision decision = of(order, params, csr);
        return decision.verdict == Decision::Verdict::accept ? "accept" : decision.outcome->code;
    }
    static std::vector<std::string> codes(const std::vector<Warning>& warnings) {
        std::vector<std::string> list;
        for (const Warning& warning : warnings) list.push_back(warning.code);
        return list;
    }

    std::shared_ptr<const config::Settings> settings_;
};

TEST_F(DecideTest, EveryMoveByStatusHasItsAnswer) {
    struct Row {
        OrderStatus status;
        // status, reissue, revoke, cancel, download, transfer
        std::vector<std::string> codes;
    };
    const std::string ok = "accept";
    const std::vector<Row> rows{
        {OrderStatus::pending,
         {ok, "order_pending", "order_pending", ok, "order_pending", "order_pending"}},
        {OrderStatus::processing,
         {ok, "order_pending", "order_pending", ok, "order_pending", "order_pending"}},
        {OrderStatus::needs_csr,
         {ok, "order_needs_csr", "order_needs_csr", ok, "order_needs_csr", "order_needs_csr"}},
        {OrderStatus::needs_approval,
         {ok, "order_needs_approval", "order_needs_approval", ok, "order_needs_approval",
          "order_needs_approval"}},
        {OrderStatus::issued, {ok, ok, ok, "order_issued", ok, ok}},
        {OrderStatus::reissue_pending,
         {ok, "reissue_already_pending", "reissue_already_pending", ok, ok, ok}},
        {OrderStatus::rejected,
         {ok, "order_rejected", "order_rejected", "order_rejected", "order_rejected",
          "order_rejected"}},
        {OrderStatus::canceled,
         {ok, "order_canceled", "order_canceled", "order_canceled", "order_canceled",
          "order_canceled"}},
        {OrderStatus::revoked, {ok, "order_revoked", "order_revoked", "order_revoked", ok, ok}},
        {OrderStatus::expired, {ok, "order_expired", "order_expired", "order_expired", ok, ok}},
        {OrderStatus::unknown, {ok, ok, ok, ok, ok, ok}},
    };
    ASSERT_EQ(rows.size(), domain::words<OrderStatus>().size());
    for (const Brand brand : {Brand::digicert, Brand::geotrust, Brand::thawte, Brand::rapidssl}) {
        for (const Row& row : rows) {
            std::size_t column = 0;
            for (const auto& kind : domain::words<Kind>()) {
                const Decision decision = of(an_order(brand, row.status), params_of(kind.value));
                EXPECT_EQ(code(an_order(brand, row.status), params_of(kind.value)),
                          row.codes[column++])
                    << domain::name_of(brand) << " " << domain::name_of(row.status) << " "
                    << kind.name;
                if (decision.outcome) {
                    EXPECT_FALSE(decision.outcome->detail.empty());
                    EXPECT_FALSE(decision.outcome->hint.empty());
                }
            }
        }
    }
}

TEST_F(DecideTest, MailBrandsAreReissuedAndHaveNoOtherChannel) {
    for (const Brand brand : {Brand::sectigo, Brand::positivessl, Brand::trustwave}) {
        EXPECT_EQ(code(an_order(brand), params_of(Kind::reissue)), "accept");
        EXPECT_EQ(of(an_order(brand), params_of(Kind::reissue)).channel, domain::Channel::mail);
        for (const Kind kind : {Kind::status, Kind::revoke, Kind::download})
            EXPECT_EQ(code(an_order(brand), params_of(kind)), "not_supported_by_channel")
                << domain::name_of(kind);
        EXPECT_EQ(code(an_order(brand, OrderStatus::pending), params_of(Kind::reissue)),
                  "order_pending");
    }
}

TEST_F(DecideTest, OldStatusesThatPassByThemselvesAreDoubted) {
    domain::Order order = an_order(Brand::digicert, OrderStatus::pending);
    order.status_at = at("2026-11-22T07:00:00Z");
    EXPECT_EQ(code(order, params_of(Kind::reissue)), "order_pending");

    order.status_at = at("2026-11-20T07:00:00Z");
    EXPECT_EQ(code(order, params_of(Kind::reissue)), "accept");
    EXPECT_THAT(codes(of(order, params_of(Kind::reissue)).warnings),
                ElementsAre("status_may_be_old"));

    order.status = OrderStatus::revoked;
    EXPECT_EQ(code(order, params_of(Kind::reissue)), "order_revoked") << "revoked stays revoked";
}

TEST_F(DecideTest, CancelOfAPendingOrderGoesToAPersonOrNamesTheControlPanel) {
    const domain::Order order = an_order(Brand::rapidssl, OrderStatus::pending);
    const Decision with_person = of(order, params_of(Kind::cancel));
    EXPECT_EQ(with_person.adapter, "panel");
    EXPECT_THAT(with_person.needs, ElementsAre("channel_confirmation"));

    settings_ = settings_with(kPortal);
    const Decision without = of(order, params_of(Kind::cancel));
    EXPECT_EQ(without.verdict, Decision::Verdict::reject);
    EXPECT_EQ(without.outcome->code, "not_supported_by_channel");
    EXPECT_THAT(without.outcome->hint, HasSubstr("Reseller Control Panel"));
    EXPECT_EQ(without.adapter, std::nullopt);
}

TEST_F(DecideTest, PendingReissueIsCanceledInThePortal) {
    const Decision decision =
        of(an_order(Brand::rapidssl, OrderStatus::reissue_pending), params_of(Kind::cancel));

    EXPECT_EQ(decision.verdict, Decision::Verdict::accept);
    EXPECT_EQ(decision.adapter, "portal");
}

TEST_F(DecideTest, LegacyReissueWarnsAsksOrEnds) {
    const domain::Order order = an_order(Brand::rapidssl);
    const Decision warned = of(order, params_of(Kind::reissue));
    EXPECT_EQ(warned.verdict, Decision::Verdict::accept);
    EXPECT_THAT(codes(warned.warnings), ElementsAre("brand_discontinued"));
    EXPECT_THAT(warned.warnings[0].detail, HasSubstr("2020-09-30"));
    EXPECT_THAT(of(an_order(Brand::digicert), params_of(Kind::reissue)).warnings, IsEmpty());

    settings_ = settings_with(kPortal, "policy: {legacy_reissue: approve}\n");
    const Decision asked = of(order, params_of(Kind::reissue));
    EXPECT_EQ(asked.verdict, Decision::Verdict::needs_approval);
    EXPECT_EQ(asked.outcome->code, "brand_discontinued");
    EXPECT_EQ(asked.adapter, "portal");

    settings_ = settings_with(kPortal, "policy: {legacy_reissue: block}\n");
    EXPECT_EQ(code(order, params_of(Kind::reissue)), "brand_discontinued");
    for (const Kind kind : {Kind::status, Kind::revoke, Kind::download})
        EXPECT_EQ(code(order, params_of(kind)), "accept") << "always passes";
}

TEST_F(DecideTest, BlockedOrUnfitRequestsAreNotSavedByAnApprover) {
    settings_ = settings_with(kPortal, "policy: {legacy_reissue: approve}\n");
    const pki::CsrFacts csr{"other.example.org", {}};

    EXPECT_EQ(code(an_order(Brand::rapidssl), params_of(Kind::reissue), &csr), "csr_name_mismatch");
    EXPECT_EQ(of(an_order(Brand::rapidssl), params_of(Kind::reissue), &csr).verdict,
              Decision::Verdict::reject);
}

TEST_F(DecideTest, CsrMustFitTheOrder) {
    const pki::CsrFacts fits{"www.example.com", {"www.example.com"}};
    const pki::CsrFacts other{"www.example.org", {}};

    EXPECT_EQ(code(an_order(Brand::digicert), params_of(Kind::reissue), &fits), "accept");
    EXPECT_EQ(code(an_order(Brand::digicert), params_of(Kind::reissue), &other),
              "csr_name_mismatch");
    EXPECT_EQ(code(an_order(Brand::sectigo), params_of(Kind::reissue), &other),
              "csr_name_mismatch");
}

TEST_F(DecideTest, MissingFactsAreAllNamedBeforeAnythingIsSent) {
    domain::Order portal = an_order(Brand::digicert);
    portal.admin_email.reset();
    portal.common_name.reset();
    portal.supplier_order_id.reset();
    const Decision refused = of(portal, params_of(Kind::status));
    EXPECT_EQ(refused.outcome->code, "missing_facts");
    EXPECT_THAT(refused.outcome->detail,
                HasSubstr("login_email or admin_email, supplier_order_id or common_name"));
    portal.login_email = "tech@example.com";
    portal.common_name = "www.example.com";
    EXPECT_EQ(code(portal, params_of(Kind::status)), "accept");

    domain::Order mail = an_order(Brand::sectigo);
    mail.supplier_order_id.reset();
    mail.common_name = "";
    EXPECT_THAT(of(mail, params_of(Kind::reissue)).outcome->detail,
                HasSubstr("common_name, supplier_order_id"));
    EXPECT_THAT(of(an_order(Brand::sectigo), domain::ReissueParams{}).needs, ElementsAre("csr"))
        << "a preview without params";
    EXPECT_THAT(of(an_order(Brand::digicert), domain::ReissueParams{}).needs,
                ElementsAre("csr", "access_code"));
}

TEST_F(DecideTest, PortalAsksForTheAccessCodeAndMailForNothing) {
    EXPECT_THAT(of(an_order(Brand::digicert), params_of(Kind::status)).needs,
                ElementsAre("access_code"));
    EXPECT_THAT(of(an_order(Brand::sectigo), params_of(Kind::reissue)).needs, IsEmpty());
    EXPECT_THAT(of(an_order(Brand::sectigo), params_of(Kind::status)).needs, IsEmpty())
        << "refused";
}

TEST_F(DecideTest, PortalRevokesOnlyWholeOrders) {
    domain::RevokeParams revoke;
    revoke.scope = domain::RevokeScope::certificate;
    revoke.serial = "0a";

    EXPECT_EQ(code(an_order(Brand::digicert), revoke), "not_supported_by_channel");
}

TEST_F(DecideTest, RevokeTellsWhatEndsAndWhatBecomesOfTheMoney) {
    domain::Order order = an_order(Brand::digicert);
    EXPECT_THAT(codes(of(order, params_of(Kind::revoke)).warnings),
                ElementsAre("revokes_whole_order", "refund_ask_support"));
    order.issued_at = at("2026-11-01");
    EXPECT_THAT(codes(of(order, params_of(Kind::revoke)).warnings),
                ElementsAre("revokes_whole_order", "refund_expected"));
    order.issued_at = at("2026-01-01");
    EXPECT_THAT(codes(of(order, params_of(Kind::revoke)).warnings),
                ElementsAre("revokes_whole_order", "refund_not_eligible"));
}

TEST_F(DecideTest, ValidationMethodMustBeOffered) {
    const config::ConfigDir dir;
    domain::ReissueParams reissue;
    reissue.csr = "x";
    reissue.validation_method = domain::ValidationMethod::http_token;
    EXPECT_EQ(code(an_order(Brand::digicert), reissue), "accept");

    config::Settings fewer = *settings_;
    std::get<config::GuestPortalSettings>(fewer.adapters.at("portal").details)
        .profile.words.validation_methods.erase(domain::ValidationMethod::http_token);
    settings_ = std::make_shared<config::Settings>(std::move(fewer));
    EXPECT_EQ(code(an_order(Brand::digicert), reissue), "validation_method_not_offered");
}

TEST_F(DecideTest, UnroutedBecauseNothingIsConfiguredSaysWhatIsMissing) {
    settings_ = settings_with("");
    const Decision decision = of(an_order(Brand::digicert), params_of(Kind::reissue));

    EXPECT_EQ(decision.outcome->code, "not_supported_by_channel");
    EXPECT_THAT(decision.outcome->detail,
                HasSubstr("needs the adapter guest_portal, which is not configured"));
    EXPECT_FALSE(decision.routing.rules.empty());
}

TEST_F(DecideTest, AGivenAdapterReplacesTheRules) {
    const domain::Order order = an_order(Brand::sectigo);
    const domain::Params params = params_of(Kind::revoke);
    const DecisionInput input{order, params, nullptr, at(kNow), *settings_, "tickets"};

    const Decision decision = decide(input);

    EXPECT_EQ(decision.verdict, Decision::Verdict::accept);
    EXPECT_EQ(decision.adapter, "tickets");
    EXPECT_EQ(decision.channel, domain::Channel::mail);
    const domain::Params download = params_of(Kind::download);
    const DecisionInput unfit{order, download, nullptr, at(kNow), *settings_, "tickets"};
    EXPECT_EQ(decide(unfit).outcome->code, "not_supported_by_channel");
    const DecisionInput absent{order, params, nullptr, at(kNow), *settings_, "nobody"};
    EXPECT_EQ(decide(absent).outcome->code, "not_supported_by_channel");
}

}  // namespace
}  // namespace cabroker::policy

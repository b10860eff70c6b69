#include "sim/world.hpp"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "sim/ca_parts.hpp"
#include "sim/text.hpp"
#include "tests/sim/world_fixture.hpp"

namespace cabroker::sim {
namespace {

/// A CSR with a fresh P-256 key, made here so that the test needs no other program.
std::string csr_for(const std::string& name) {
    const Key key = make_key();
    const Request request(X509_REQ_new());
    X509_NAME* subject = X509_REQ_get_subject_name(request.get());
    X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.data()),
                               static_cast<int>(name.size()), -1, 0);
    X509_REQ_set_pubkey(request.get(), key.get());
    X509_REQ_sign(request.get(), key.get(), EVP_sha256());
    const Bio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509_REQ(bio.get(), request.get());
    return text_of(bio.get());
}

ReissueForm form_for(const std::string& name) {
    return ReissueForm{csr_for(name), "dns-txt-token", "moved"};
}

using Store = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;

/// OpenSSL's own verdict on leaf, intermediate and root.
int verdict_on(const ChainPem& pem) {
    const Cert leaf = cert_of(pem.leaf);
    const Cert intermediate = cert_of(pem.intermediate);
    const Cert root = cert_of(pem.root);
    const Store store(X509_STORE_new());
    X509_STORE_add_cert(store.get(), root.get());
    STACK_OF(X509)* untrusted = sk_X509_new_null();
    sk_X509_push(untrusted, intermediate.get());
    const StoreContext context(X509_STORE_CTX_new());
    X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), untrusted);
    X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_SSL_SERVER);
    const int good = X509_verify_cert(context.get());
    const int error = X509_STORE_CTX_get_error(context.get());
    sk_X509_free(untrusted);
    return good == 1 ? X509_V_OK : error;
}

class WorldTest : public WorldFixture {};

TEST_F(WorldTest, ReissueIsIssuedForTheKeyOfTheCsrWhenItsTimeComes) {
    Order& order = an_order("1", "www.example.com");
    const ReissueForm form = form_for("www.example.com");

    ASSERT_EQ(world_.submit_reissue(order, form), std::nullopt);
    world_.settle();
    EXPECT_EQ(order.status, "reissue_pending");
    clock_.advance(std::chrono::seconds(3));
    world_.settle();

    EXPECT_EQ(order.status, "issued");
    ASSERT_EQ(order.certificates.size(), 2U);
    EXPECT_EQ(order.certificates.back().spki_sha256, read_csr(form.csr).spki_sha256);
    EXPECT_EQ(order.certificates.back().not_after - order.certificates.back().not_before,
              std::chrono::hours(24 * 199) - std::chrono::seconds(1));
    EXPECT_EQ(verdict_on(*world_.chain_of(order)), X509_V_OK);
    EXPECT_EQ(order.books.reissues, 1U);
    EXPECT_EQ(order.books.reissues_issued, 1U);
}

TEST_F(WorldTest, ChainFromAnotherCaIsNotVerified) {
    Order& order = an_order("1", "www.example.com");
    TemporaryFolder elsewhere;
    const auto other = CertificateAuthority::open(elsewhere.path(), clock_.now(), random_).value();
    ChainPem chain = *world_.chain_of(order);

    chain.root = other.root_pem();

    EXPECT_NE(verdict_on(chain), X509_V_OK);
}

TEST_F(WorldTest, SecondReissueWhileOneIsPendingIsRefused) {
    Order& order = an_order("1", "www.example.com");
    ASSERT_EQ(world_.submit_reissue(order, form_for("www.example.com")), std::nullopt);

    const auto second = world_.submit_reissue(order, form_for("www.example.com"));

    EXPECT_EQ(second, Refusal::already_pending);
    EXPECT_EQ(order.books.reissues, 1U);
    EXPECT_EQ(order.books.refusals, 1U);
}

TEST_F(WorldTest, CanceledReissueIsNeverIssued) {
    Order& order = an_order("1", "www.example.com");
    ASSERT_EQ(world_.submit_reissue(order, form_for("www.example.com")), std::nullopt);

    ASSERT_EQ(world_.cancel_reissue(order, "no"), std::nullopt);
    clock_.advance(std::chrono::hours(1));
    world_.settle();

    EXPECT_EQ(order.status, "issued");
    EXPECT_EQ(order.certificates.size(), 1U);
    EXPECT_EQ(world_.cancel_reissue(order, "again"), Refusal::nothing_pending);
}

TEST_F(WorldTest, OnlyIssuedOrdersAreReissuedOrRevoked) {
    int number = 0;
    for (const char* status : {"pending", "rejected", "processing", "revoked", "canceled",
                               "needs_csr", "needs_approval", "expired", "waiting_pickup"}) {
        Order& order = an_order(std::to_string(++number), "www.example.com", status);

        EXPECT_EQ(world_.submit_reissue(order, form_for("www.example.com")),
                  Refusal::not_reissuable)
            << status;
        EXPECT_EQ(world_.revoke(order, "why"), Refusal::not_revocable) << status;
        EXPECT_EQ(order.status, status);
    }
}

TEST_F(WorldTest, RevokeEndsEveryCertificateOfTheOrder) {
    Order& order = an_order("1", "www.example.com");
    ASSERT_TRUE(world_.reissue_by_support(order, csr_for("www.example.com")).has_value());

    ASSERT_EQ(world_.revoke(order, "key lost"), std::nullopt);

    ASSERT_EQ(order.certificates.size(), 2U);
    for (const Certificate& certificate : order.certificates) EXPECT_TRUE(certificate.revoked_at);
    EXPECT_EQ(world_.revoke(order, "again"), Refusal::not_revocable);
    EXPECT_EQ(order.books.revokes, 1U);
}

TEST_F(WorldTest, WildcardOrderRefusesTheHttpToken) {
    Order& order = an_order("1", "*.example.com");
    ReissueForm form = form_for("*.example.com");
    form.method = "http-token";

    EXPECT_EQ(world_.submit_reissue(order, form), Refusal::method_not_for_wildcard);
}

TEST_F(WorldTest, OrderIdIsTakenOnce) {
    an_order("1", "www.example.com");
    NewOrder again;
    again.supplier_order_id = "1";

    EXPECT_TRUE(world_.add(std::move(again)).has_error());
}

TEST(OrdersCsvTest, QuotedCellsAndRelativeDatesAreRead) {
    const domain::Time now{std::chrono::hours(1'000'000)};

    const auto orders = parse_orders(
        "supplier_order_id,common_name,brand,sans,issued_at,product\r\n"
        "77,WWW.Example.com,RapidSSL,\"a.example.com;b.example.com\",-20d,\"Rapid, "
        "\"\"SSL\"\"\"\r\n",
        now);

    ASSERT_TRUE(orders.has_value()) << orders.error().detail;
    ASSERT_EQ(orders->size(), 1U);
    const NewOrder& order = orders->front();
    EXPECT_EQ(order.common_name, "www.example.com");
    EXPECT_EQ(order.sans, (std::vector<std::string>{"a.example.com", "b.example.com"}));
    EXPECT_EQ(order.issued_at, now - std::chrono::hours(480));
    EXPECT_EQ(order.product, "Rapid, \"SSL\"");
}

TEST(OrdersCsvTest, OrderWithoutKnownBrandIsRefused) {
    EXPECT_TRUE(
        parse_orders("supplier_order_id,common_name,brand\n1,a.example.com,acme\n", domain::Time{})
            .has_error());
}

TEST(FaultsTest, FaultCountsDownWaitsAndFitsPrefixes) {
    Faults faults;
    Fault fault;
    fault.where = "portal.*";
    fault.what = "delay";
    fault.times = 2;
    fault.after = 1;
    faults.add(fault);

    EXPECT_FALSE(faults.take("smtp.end").any());
    EXPECT_FALSE(faults.take("portal.order.page").any());
    EXPECT_TRUE(faults.take("portal.order.page").any());
    EXPECT_TRUE(faults.take("portal.download").any());
    EXPECT_FALSE(faults.take("portal.order.page").any());
}

TEST(FaultsTest, OnlyLateFaultsCommitUnlessToldOtherwise) {
    Fault fault;
    fault.what = "drop_before";
    EXPECT_FALSE(fault.commits());
    fault.commit = true;
    EXPECT_TRUE(fault.commits());
    fault.commit.reset();
    fault.what = "drop_after_commit";
    EXPECT_TRUE(fault.commits());
}

}  // namespace
}  // namespace cabroker::sim
